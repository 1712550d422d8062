"""The training of `photo-rddm`: blind restoration of photographs by RDDM.

`photolith train photo-rddm`, or bare: `python -m generative.training.rddm_task`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from generative.networks.residual_unet import ResidualUNet
from generative.samplers import ResidualDenoiser, sample_rddm
from generative.schedules import pairs, trailing
from generative.training.crop_task import ResidualCropTask, psnr, train_residual
from generative.training.degraded import KINDS, SHARES, degraded
from generative.training.grid import write_grid
from generative.training.objectives import auto_loss

STEPS = 3
"""Of the sampler in validations."""
LAST = 0.75
"""Part of the examples at level T, where a restoration of one step happens and all others begin."""


class RddmTask(ResidualCropTask):
    """See `recon.learning.task.TrainingTask`."""

    name = "photo-rddm"

    def data(self) -> dict[str, Any]:
        """For the card."""
        return {**super().data(), "degradations": SHARES}

    def example(self, rng: np.random.Generator) -> dict[str, Any]:
        """Clean and degraded picture, a level, and noise."""
        clean = self.crops.draw(rng)
        return {
            "clean": clean,
            "degraded": degraded(clean, rng),
            "t": self._architecture.levels if rng.random() < LAST else int(rng.integers(1, self._architecture.levels + 1)),
            "noise": torch.from_numpy(rng.standard_normal(clean.shape, np.float32)),
        }

    def loss(self, network: nn.Module, batch: Any, step: int) -> tuple[Tensor, dict[str, float | Tensor]]:
        """`L_auto` of `I_t = I_0 + ᾱ_t I_res + β̄_t ε`, on each picture's root mean square errors.

        With squares, holes outweigh noise by a hundred to one.
        """
        assert isinstance(network, ResidualUNet)
        clean, eps = batch["clean"], batch["noise"]
        schedule = self._architecture.schedule
        alpha_bar, beta_bar = (v.to(clean)[batch["t"], None, None, None] for v in (schedule.alpha_bar, schedule.beta_bar))
        residual = batch["degraded"] - clean
        times = torch.cat([alpha_bar, beta_bar], 1)[:, :, 0, 0] * schedule.T
        found = network(clean + alpha_bar * residual + beta_bar * eps, batch["degraded"], times)
        residual_error, noise_error = (_root_mean_square(a.float() - b) for a, b in zip(found, (residual, eps), strict=True))
        logged: dict[str, float | Tensor] = {
            "residual": residual_error.detach(),
            "noise": noise_error.detach(),
            "balance": network.balance.detach(),
        }
        return auto_loss(residual_error, noise_error, network.balance), logged

    @torch.no_grad()
    def validate(self, network: nn.Module, folder: Path, step: int) -> dict[str, float]:
        """Mean PSNR over all kinds of degradation, of each kind, and what was gained over the degraded picture."""
        assert isinstance(network, ResidualUNet)
        device, generator = next(network.parameters()).device, torch.Generator().manual_seed(0)
        steps = self._architecture.schedule.steps(pairs(trailing(self._architecture.levels, STEPS)))
        crops, figures, gained, rows = self.held_back(), {}, [], []
        for i, (kind, degrade) in enumerate(KINDS.items()):
            rngs = [np.random.default_rng([9, i, j]) for j in range(self._count)]
            clean = torch.stack([crops.draw(rng) for rng in rngs])
            given = torch.stack([degrade(x, rng) for x, rng in zip(clean, rngs, strict=True)])
            noise = torch.randn(clean.shape, generator=generator)
            denoise = ResidualDenoiser(network, network.method)
            restored = sample_rddm(denoise, noise.to(device), steps, degraded=given.to(device)).cpu()
            figures[f"psnr_{kind}"] = psnr(restored, clean)
            gained.append(figures[f"psnr_{kind}"] - psnr(given, clean))
            rows += [given[:6], restored[:6], clean[:6]]
        write_grid(rows, folder / f"restored_{step:07d}.png")
        mean = sum(figures.values()) / len(figures)
        return {"psnr": mean, "gained_db": sum(gained) / len(gained), **figures}


def _root_mean_square(errors: Tensor) -> Tensor:
    """Of each picture, `[B, C, H, W]`, and their mean; with a gradient at 0."""
    return (errors.square().flatten(1).mean(1) + 1e-6).sqrt().mean()


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; the exit code."""
    return train_residual(RddmTask.name, RddmTask, argv, steps=40000, rate=5e-4)


if __name__ == "__main__":
    sys.exit(main())
