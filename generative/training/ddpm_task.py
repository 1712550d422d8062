"""The training of `pictures-ddpm`: a class-conditional DDPM of 32x32 pictures.

`photolith train pictures-ddpm`, or bare: `python -m generative.training.ddpm_task`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from generative.networks.unet2d import as_function, unet2d, unet_settings
from generative.samplers import Denoiser, guided, sample_ddim
from generative.schedules import pairs, trailing
from generative.training.class_pictures import SIDE
from generative.training.class_task import ClassTask
from generative.training.grid import write_grid
from generative.training.noise_task import DEFAULTS, DESCRIPTION, SCHEDULE, denoising_psnr, noise_loss, noisy_example
from recon.learning import command

DROPPED = 0.1
"""Part of the examples whose class is not told, for guidance without a classifier (Ho and Salimans 2022)."""
COUNT = 128
"""Pictures that a validation looks at."""
SAMPLING_STEPS, GUIDANCE_SCALES = 20, (1.0, 3.0)


class PicturesDdpmTask(ClassTask):
    """See `recon.learning.task.TrainingTask`. The label after the last class means "none".

    Args:
        folder: Pictures in folders by class, or None: drawn ones.
        width: Of the U-Net.
    """

    name = "pictures-ddpm"

    def __init__(self, folder: Path | None, *, width: int = 16) -> None:
        super().__init__(folder)
        self._settings = unet_settings(SIDE, width, classes=len(self.classes) + 1)

    def network(self) -> nn.Module:
        """A fresh one."""
        return unet2d(self._settings)

    def architecture(self) -> dict[str, Any]:
        """For the card."""
        return self._settings

    def data(self) -> dict[str, Any]:
        """For the card."""
        return {**super().data(), **DESCRIPTION, "classes": list(self.classes), "class_dropped": DROPPED}

    def example(self, rng: np.random.Generator) -> dict[str, Any]:
        """A picture with its class or none, a level, and noise."""
        clean, label = self._train.draw(rng)
        return {**noisy_example(clean, rng), "class": len(self.classes) if rng.random() < DROPPED else label}

    def loss(self, network: nn.Module, batch: Any, step: int) -> tuple[Tensor, dict[str, float | Tensor]]:
        """That of ε."""
        return noise_loss(as_function(network, batch["class"]), batch)

    @torch.no_grad()
    def validate(self, network: nn.Module, folder: Path, step: int) -> dict[str, float]:
        """Mean PSNR of x̂0 over fixed levels of noise; a grid of samples, without and with guidance."""
        device, generator = next(network.parameters()).device, torch.Generator().manual_seed(0)
        clean, labels = (part.to(device) for part in self.held_back(COUNT))
        classes = torch.arange(len(self.classes), device=device)
        conditional, unconditional = (
            Denoiser(as_function(network, told), clamp=1.0) for told in (classes, torch.full_like(classes, len(classes)))
        )
        steps = SCHEDULE.steps(pairs(trailing(SCHEDULE.T, SAMPLING_STEPS)))
        noise = torch.randn(len(classes), *clean.shape[1:], generator=generator).to(device)
        rows = [sample_ddim(guided(conditional, unconditional, scale), noise, steps) for scale in GUIDANCE_SCALES]
        write_grid(rows, folder / f"samples_{step:07d}.png")
        return {"psnr": denoising_psnr(Denoiser(as_function(network, labels), clamp=1.0), clean, generator)}


def _task(options: argparse.Namespace) -> PicturesDdpmTask:
    return PicturesDdpmTask(options.data, width=8 if options.tiny and options.data is None else options.width)


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--width", type=int, help="channels at full size, a multiple of 8", default=16)


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; the exit code."""
    defaults, tiny = {**DEFAULTS, "batch": 32}, {"steps": 2, "batch": 2}
    return command.main(PicturesDdpmTask.name, _task, argv, defaults=defaults, tiny=tiny, add_options=_add_options)


if __name__ == "__main__":
    sys.exit(main())
