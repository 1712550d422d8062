"""The training of the point network: `photolith train direct-points`, or bare: `python -m recon.direct.point_task`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from math import log10
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from recon.direct.crop import FILLED
from recon.direct.examples import framed_alone, shown, surface_in_cube
from recon.direct.point_network import PointArchitecture, PointNetwork
from recon.direct.shape_task import ShapeTask, train
from recon.direct.shots import Shots
from recon.direct.views import Views
from recon.learning.task import exact
from recon.metrics.clouds import chamfer
from recon.points.neighbors import gather, knn

_HELD_BACK = 0.5
"""How often cameras of several photographs are shown but for that of the first one."""


class PointTask(ShapeTask):
    """See `recon.learning.task.TrainingTask`.

    Args:
        folder: With shards of `photolith train direct-data`, or None: drawn shapes.
        architecture: Of the network.
    """

    name = "direct-points"

    def __init__(self, folder: Path | None, architecture: PointArchitecture = PointArchitecture()) -> None:
        super().__init__(folder, architecture, "surface")
        self._architecture = architecture

    def network(self) -> nn.Module:
        """A fresh one."""
        return PointNetwork(self._architecture)

    def example(self, rng: np.random.Generator) -> dict[str, Any]:
        """See `recon.direct.examples.example`; of several photographs, cameras are held back at times."""
        made = super().example(rng)
        views = made["views"]
        if rng.random() < _HELD_BACK:
            made["views"] = views._replace(known=views.known * (torch.arange(views.known.shape[1]) == 0))
        return made

    def loss(self, network: nn.Module, batch: Any, step: int) -> tuple[Tensor, dict[str, float | Tensor]]:
        """Chamfer distance of the three clouds, not squared: a few far points do not outweigh all others."""
        clouds = network(Views(*batch["views"]))
        with exact(batch["surface"].device):
            parts = [distance(cloud.float(), batch["surface"]) for cloud in clouds]
        rough, refined, finished = parts
        return 0.3 * rough + 0.3 * refined + finished, {"rough": rough.detach(), "finished": finished.detach()}

    def validate(self, network: nn.Module, folder: Path, step: int) -> dict[str, float]:
        """Chamfer distance (squared, the cube's half side = 1) on shapes that are never trained on, from one photograph without camera."""
        mean = float(np.mean([chamfer_alone(network, shots) for shots in self.held_back()]))
        return {"score": -10 * log10(mean), "chamfer with 1": mean}


def distance(points: Tensor, truth: Tensor) -> Tensor:
    """Mean nearest distance both ways, `[B, N, 3]` and `[B, M, 3]`."""
    return (_nearest(points, truth) + _nearest(truth, points)).mean()


def _nearest(points: Tensor, others: Tensor) -> Tensor:
    """Mean distance of points to the nearest of others, `[B]`."""
    index = knn(others.detach(), points.detach(), 1).indices[..., 0]
    return (gather(others, index) - points).square().sum(-1).clamp(min=1e-10).sqrt().mean(1)


def chamfer_alone(network: nn.Module, shots: Shots) -> float:
    """Chamfer distance of what the network makes of the first photograph of a shape, without its camera."""
    framing, crop = framed_alone(shots, 0, FILLED)
    found = network(shown(shots, framing, crop))[-1][0].cpu().numpy()
    return chamfer(found, surface_in_cube(shots, framing.world_from_cube))


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; the exit code."""
    return train(PointTask.name, PointTask, argv, batch=8, rate=1e-3)


if __name__ == "__main__":
    sys.exit(main())
