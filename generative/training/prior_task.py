"""The training of `photo-prior`: an unconditional DDPM of patches of photographs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from generative.networks.unet2d import SMALL, as_function, unet2d
from generative.samplers import Denoiser, sample_ddim
from generative.schedules import linear, pairs, trailing
from generative.training.crop_task import CropTask
from generative.training.grid import write_grid
from generative.training.objectives import min_snr_weight

LEVELS = (50, 100, 200, 300, 400, 600, 800)
"""At which a validation looks."""
SAMPLING_STEPS = 20


class PriorTask(CropTask):
    """See `recon.learning.task.TrainingTask`.

    Args:
        photos: Folder of photographs, or None: drawn pictures.
        settings: Of the U-Net, see `generative.networks.unet2d`.
        validation_pictures: So many.
    """

    name = "photo-prior"

    def __init__(self, photos: Path | None, *, settings: Mapping[str, Any] = SMALL, validation_pictures: int = 16) -> None:
        super().__init__(photos, int(settings["sample_size"]), validation_pictures)
        self._settings, self._schedule = dict(settings), linear()

    def network(self) -> nn.Module:
        """A fresh one."""
        return unet2d(self._settings)

    def architecture(self) -> dict[str, Any]:
        """For the card."""
        return self._settings

    def data(self) -> dict[str, Any]:
        """For the card."""
        return {**super().data(), "schedule": "linear, 1000 levels", "predicts": "eps"}

    def example(self, rng: np.random.Generator) -> dict[str, Any]:
        """A clean picture, a level, and noise."""
        clean = self.crops.draw(rng)
        t, noise = int(rng.integers(1, self._schedule.T + 1)), rng.standard_normal(clean.shape, np.float32)
        return {"clean": clean, "t": t, "noise": torch.from_numpy(noise)}

    def loss(self, network: nn.Module, batch: Any, step: int) -> tuple[Tensor, dict[str, float | Tensor]]:
        """`‖ε - ε_θ(x_t, t)‖²`, weighted by min-SNR."""
        alpha_bar = self._schedule.alpha_bar.to(batch["clean"])[batch["t"]]
        a, sigma = (v.sqrt()[:, None, None, None] for v in (alpha_bar, 1 - alpha_bar))
        found = as_function(network)(a * batch["clean"] + sigma * batch["noise"], (batch["t"] - 1).to(a))
        errors = (found.float() - batch["noise"]).square().flatten(1).mean(1)
        return (min_snr_weight(alpha_bar) * errors).mean(), {"noise": errors.mean().detach()}

    @torch.no_grad()
    def validate(self, network: nn.Module, folder: Path, step: int) -> dict[str, float]:
        """Mean PSNR of x̂0 over fixed levels of noise; a grid of samples."""
        device, generator = next(network.parameters()).device, torch.Generator().manual_seed(0)
        crops, denoise = self.held_back(), Denoiser(as_function(network), clamp=1.0)
        clean = torch.stack([crops.draw(np.random.default_rng([9, i])) for i in range(self._count)])
        ratios = []
        for t in LEVELS:
            level = self._schedule.level(t)
            x = level.signal * clean + level.noise * torch.randn(clean.shape, generator=generator)
            x0 = denoise(x.to(device), level).x0.cpu()
            ratios.append(10 * torch.log10(4 / (x0 - clean).square().flatten(1).mean(1)).mean())
        steps = self._schedule.steps(pairs(trailing(self._schedule.T, SAMPLING_STEPS)))
        noise = torch.randn(min(self._count, 8), *clean.shape[1:], generator=generator).to(device)
        write_grid([sample_ddim(denoise, noise, steps)], folder / f"samples_{step:07d}.png")
        return {"psnr": float(torch.stack(ratios).mean())}
