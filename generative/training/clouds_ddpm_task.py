"""The training of `clouds-ddpm`: a class-conditional DDPM of clouds.

`photolith train clouds-ddpm`, or bare: `python -m generative.training.clouds_ddpm_task`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from generative.networks.cloud_denoiser import CloudDenoiser, CloudDenoiserArchitecture
from generative.samplers import Denoiser, sample_ddim
from generative.schedules import pairs, trailing
from generative.training.cloud_task import COUNT, POINTS, CloudTask
from generative.training.grid import write_grid
from generative.training.noise_task import DEFAULTS, DESCRIPTION, SCHEDULE, denoising_psnr, noise_loss, noisy_example
from generative.training.scatter import drawn
from recon.learning import command

DROPPED = 0.1
"""Part of the examples whose class is not told, for guidance without a classifier (Ho and Salimans 2022)."""
SAMPLING_STEPS = 20


class CloudsDdpmTask(CloudTask):
    """See `recon.learning.task.TrainingTask`. The label after the last class means "none".

    Args:
        folder: Voxel grids by class, or None: simple shapes.
        points: Of a cloud.
        width: Of the network.
    """

    name = "clouds-ddpm"

    def __init__(self, folder: Path | None, *, points: int = 512, width: int = 96) -> None:
        super().__init__(folder)
        self._architecture = CloudDenoiserArchitecture(self.classes, points, width)

    def network(self) -> nn.Module:
        """A fresh one."""
        return CloudDenoiser(self._architecture)

    def architecture(self) -> dict[str, Any]:
        """For the card."""
        return {**asdict(self._architecture), "classes": list(self.classes)}

    def data(self) -> dict[str, Any]:
        """For the card."""
        return {**super().data(), **DESCRIPTION, "class_dropped": DROPPED}

    def example(self, rng: np.random.Generator) -> dict[str, Any]:
        """A cloud with its class or none, a level, and noise."""
        cloud, label = self._train.draw(self._architecture.points, rng)
        return {**noisy_example(torch.from_numpy(cloud), rng), "class": len(self.classes) if rng.random() < DROPPED else label}

    def loss(self, network: nn.Module, batch: Any, step: int) -> tuple[Tensor, dict[str, float | Tensor]]:
        """That of ε."""
        return noise_loss(partial(network, y=batch["class"]), batch)

    @torch.no_grad()
    def validate(self, network: nn.Module, folder: Path, step: int) -> dict[str, float]:
        """Mean PSNR of x̂0 over fixed levels of noise; figures and a grid of samples."""
        device, generator = next(network.parameters()).device, torch.Generator().manual_seed(0)
        clean, labels = (part.to(device) for part in self.held_back(COUNT, POINTS))
        score = denoising_psnr(Denoiser(partial(network, y=labels), clamp=1.0), clean, generator)
        classes = torch.arange(COUNT, device=device) % len(self.classes)
        noise = torch.randn(COUNT, POINTS, 3, generator=generator).to(device)
        steps = SCHEDULE.steps(pairs(trailing(SCHEDULE.T, SAMPLING_STEPS)))
        made = sample_ddim(Denoiser(partial(network, y=classes), clamp=1.0), noise, steps)
        write_grid([drawn(made[i : i + 8]) for i in range(0, 32, 8)], folder / f"samples_{step:07d}.png")
        return {"psnr": score, **self.figures(made)}


def _task(options: argparse.Namespace) -> CloudsDdpmTask:
    small = {"points": 64, "width": 16} if options.tiny and options.data is None else {"points": options.points, "width": options.width}
    return CloudsDdpmTask(options.data, **small)


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--points", type=int, default=512, help="points of a cloud")
    parser.add_argument("--width", type=int, default=96, help="channels at every point")


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; the exit code."""
    defaults, tiny = {**DEFAULTS, "batch": 32}, {"steps": 2, "batch": 2}
    return command.main(CloudsDdpmTask.name, _task, argv, defaults=defaults, tiny=tiny, add_options=_add_options)


if __name__ == "__main__":
    sys.exit(main())
