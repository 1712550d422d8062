"""The training of `photo-prior`: an unconditional DDPM of patches of photographs.

`photolith train photo-prior`, or bare: `python -m generative.training.prior_task`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from generative.networks.unet2d import as_function, folded_settings, patch_side, unet2d
from generative.samplers import Denoiser, sample_ddim
from generative.schedules import pairs, trailing
from generative.training.crop_task import CropTask
from generative.training.grid import write_grid
from generative.training.noise_task import DEFAULTS, DESCRIPTION, SCHEDULE, denoising_psnr, noise_loss, noisy_example
from recon.learning import command

SAMPLING_STEPS = 20


class PriorTask(CropTask):
    """See `recon.learning.task.TrainingTask`.

    Args:
        photos: Folder of photographs, or None: drawn pictures.
        settings: Of the U-Net, see `generative.networks.unet2d`.
        validation_pictures: So many.
    """

    name = "photo-prior"

    def __init__(self, photos: Path | None, settings: Mapping[str, Any], *, validation_pictures: int = 32) -> None:
        super().__init__(photos, patch_side(settings), validation_pictures)
        self._settings = dict(settings)

    def network(self) -> nn.Module:
        """A fresh one."""
        return unet2d(self._settings)

    def architecture(self) -> dict[str, Any]:
        """For the card."""
        return self._settings

    def data(self) -> dict[str, Any]:
        """For the card."""
        return {**super().data(), **DESCRIPTION}

    def example(self, rng: np.random.Generator) -> dict[str, Any]:
        """A clean picture, a level, and noise."""
        return noisy_example(self.crops.draw(rng), rng)

    def loss(self, network: nn.Module, batch: Any, step: int) -> tuple[Tensor, dict[str, float | Tensor]]:
        """That of ε."""
        return noise_loss(as_function(network), batch)

    @torch.no_grad()
    def validate(self, network: nn.Module, folder: Path, step: int) -> dict[str, float]:
        """Mean PSNR of x̂0 over fixed levels of noise; a grid of samples."""
        device, generator = next(network.parameters()).device, torch.Generator().manual_seed(0)
        crops, denoise = self.held_back(), Denoiser(as_function(network), clamp=1.0)
        clean = torch.stack([crops.draw(np.random.default_rng([9, i])) for i in range(self._count)]).to(device)
        noise = torch.randn(min(self._count, 8), *clean.shape[1:], generator=generator).to(device)
        samples = sample_ddim(denoise, noise, SCHEDULE.steps(pairs(trailing(SCHEDULE.T, SAMPLING_STEPS))))
        write_grid([samples], folder / f"samples_{step:07d}.png")
        return {"psnr": denoising_psnr(denoise, clean, generator)}


def _task(options: argparse.Namespace) -> PriorTask:
    cv2.setNumThreads(0)
    if options.tiny and options.data is None:
        return PriorTask(None, folded_settings(16, 8), validation_pictures=2)
    return PriorTask(options.data, folded_settings(options.size, options.width))


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--size", type=int, help="side of a patch, a multiple of 8", default=64)
    parser.add_argument("--width", type=int, help="channels of pixels folded two by two, a multiple of 8", default=64)


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; the exit code."""
    tiny = {"steps": 2, "batch": 1}
    return command.main(PriorTask.name, _task, argv, defaults=DEFAULTS, tiny=tiny, add_options=_add_options)


if __name__ == "__main__":
    sys.exit(main())
