"""The training of `clouds-gan`: a class-conditional GAN of clouds.

`photolith train clouds-gan`, or bare: `python -m generative.training.clouds_gan_task`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from generative.networks.cloud_gan import CloudGan, CloudGanArchitecture, on_sphere
from generative.training import adversarial_task
from generative.training.adversarial import Game
from generative.training.adversarial_task import AdversarialTask
from generative.training.cloud_task import COUNT, POINTS, CloudTask
from generative.training.grid import write_grid
from generative.training.scatter import drawn
from recon.learning import command

DEFAULTS = {**adversarial_task.DEFAULTS, "batch": 32, "rate": 8e-4, "ema": 0.99, "validate_every": 1000}
"""Of a training."""


class CloudsGanTask(CloudTask, AdversarialTask):
    """See `recon.learning.task.TrainingTask`.

    Args:
        folder: Voxel grids by class, or None: simple shapes.
        game: What is minimised.
        critic_steps: Steps of the critic before one of the generator.
        penalty: Weight of R1, 0 = none.
        points: Of a cloud.
        width: Of the networks.
        spectral: Whether the critic is spectrally normalised.
    """

    name = "clouds-gan"

    def __init__(
        self,
        folder: Path | None,
        *,
        game: Game = "non-saturating",
        critic_steps: int = 1,
        penalty: float = 0.01,
        points: int = 512,
        width: int = 128,
        spectral: bool = False,
    ) -> None:
        CloudTask.__init__(self, folder)
        AdversarialTask.__init__(self, game, critic_steps, penalty)
        self._architecture = CloudGanArchitecture(self.classes, points, width=width, spectral=spectral)

    def network(self) -> nn.Module:
        """A fresh pair."""
        return CloudGan(self._architecture)

    def architecture(self) -> dict[str, Any]:
        """For the card."""
        return {**asdict(self._architecture), "classes": list(self.classes)}

    def data(self) -> dict[str, Any]:
        """For the card."""
        return {**super().data(), **self.rules()}

    def example(self, rng: np.random.Generator) -> dict[str, Any]:
        """A cloud and its class; noise, a class and seeds for a made one."""
        a = self._architecture
        cloud, label = self._train.draw(a.points, rng)
        seeds = on_sphere(torch.from_numpy(rng.standard_normal((a.points, 3), np.float32)))
        made = {"z": rng.standard_normal(a.latent, np.float32), "made": int(rng.integers(len(a.classes))), "seeds": seeds}
        return {"real": torch.from_numpy(cloud), "class": label, **made}

    def make(self, network: Any, batch: Any) -> Tensor:
        """Clouds of the noise, classes and seeds of a batch."""
        made: Tensor = network.generator(batch["z"], batch["made"], batch["seeds"])
        return made

    @torch.no_grad()
    def validate(self, network: nn.Module, folder: Path, step: int) -> dict[str, float]:
        """Precision, recall, coverage and minimum matching distance by Chamfer distance, against held-back clouds; a grid of samples."""
        assert isinstance(network, CloudGan)
        made, _ = network.generator.draw(COUNT, torch.Generator().manual_seed(0), POINTS)
        write_grid([drawn(made[i : i + 8]) for i in range(0, 32, 8)], folder / f"samples_{step:07d}.png")
        return self.figures(made)


def _task(options: argparse.Namespace) -> CloudsGanTask:
    small = {"points": 64, "width": 16} if options.tiny and options.data is None else {"points": options.points, "width": options.width}
    game = {"game": options.game, "critic_steps": options.critic_steps, "penalty": options.r1, "spectral": options.spectral_norm}
    return CloudsGanTask(options.data, **game, **small)


def _add_options(parser: argparse.ArgumentParser) -> None:
    adversarial_task.add_options(parser, game="non-saturating", critic_steps=1, penalty=0.01)
    parser.add_argument("--spectral-norm", action="store_true", help="normalise the critic's layers by their largest singular value")
    parser.add_argument("--points", type=int, default=512, help="points of a cloud")
    parser.add_argument("--width", type=int, default=128, help="channels at every point")


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; the exit code."""
    tiny = {"steps": 6, "batch": 4}
    return command.main(CloudsGanTask.name, _task, argv, defaults=DEFAULTS, tiny=tiny, add_options=_add_options)


if __name__ == "__main__":
    sys.exit(main())
