"""The training of the voxel network: `photolith train direct-voxels`, or bare: `python -m recon.direct.voxel_task`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from recon.direct.crop import FILLED
from recon.direct.examples import framed, framed_alone, occupied, shown
from recon.direct.shape_task import ShapeTask, train
from recon.direct.shots import Shots
from recon.direct.views import Views
from recon.direct.voxel_network import VoxelArchitecture, VoxelNetwork
from recon.learning.task import exact

_COUNTS = (1, 2, 4)
"""Photographs that it is validated with; one comes without its camera."""


class VoxelTask(ShapeTask):
    """See `recon.learning.task.TrainingTask`.

    Args:
        folder: With shards of `photolith train direct-data`, or None: drawn shapes.
        architecture: Of the network.
    """

    name = "direct-voxels"

    def __init__(self, folder: Path | None, architecture: VoxelArchitecture = VoxelArchitecture()) -> None:
        super().__init__(folder, architecture, "occupied")
        self._architecture = architecture

    def network(self) -> nn.Module:
        """A fresh one."""
        return VoxelNetwork(self._architecture)

    def loss(self, network: nn.Module, batch: Any, step: int) -> tuple[Tensor, dict[str, float | Tensor]]:
        """Cross entropy of the cells, and 1 - IoU as far as it can be derived (Rahman and Wang 2016)."""
        logits, truth = network(Views(*batch["views"])), batch["occupied"]
        with exact(logits.device):
            logits = logits.float()
            entropy = binary_cross_entropy_with_logits(logits, truth)
            share = torch.sigmoid(logits)
            common, both = (share * truth).sum((1, 2, 3)), (share + truth - share * truth).sum((1, 2, 3))
            missed = 1 - (common / both.clamp(min=1)).mean()
        return 5 * entropy + missed, {"entropy": entropy.detach(), "1 - iou": missed.detach()}

    def validate(self, network: nn.Module, folder: Path, step: int) -> dict[str, float]:
        """Mean IoU on shapes that are never trained on, for each number of photographs."""
        shapes = self.held_back()
        found = {count: [iou(network, shots, count) for shots in shapes] for count in _COUNTS}
        means = {f"iou with {count}": float(np.mean(values)) for count, values in found.items()}
        return {"score": float(np.mean(list(means.values()))), **means}


def iou(network: nn.Module, shots: Shots, count: int) -> float:
    """IoU of what the network makes of the first `count` photographs of a shape; of one alone without its camera."""
    if count == 1:
        framing, crop = framed_alone(shots, 0, FILLED)
    else:
        framing, crop = framed(shots, range(count), FILLED), None
    found = network(shown(shots, framing, crop))[0] > 0
    truth = occupied(shots, framing.world_from_cube)
    return float((found & truth).sum()) / max(1.0, float((found | truth).sum()))


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; the exit code."""
    return train(VoxelTask.name, VoxelTask, argv, batch=4, rate=2e-3)


if __name__ == "__main__":
    sys.exit(main())
