"""The training of `photo-rddm`: blind restoration of photographs by RDDM."""

from __future__ import annotations

import math
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from generative.networks.residual_unet import ResidualUNet, ResidualUNetArchitecture
from generative.samplers import ResidualDenoiser, sample_rddm
from generative.schedules import pairs, trailing
from generative.training.degraded import KINDS, degraded
from generative.training.grid import write_grid
from generative.training.objectives import auto_loss
from generative.training.pictures import TERMS, Crops
from recon.learning.task import collate

STEPS = 3
"""Of the sampler in validations."""


class RddmTask:
    """See `recon.learning.task.TrainingTask`.

    Args:
        photos: Folder of photographs, or None: drawn pictures.
        size: Side of a crop; a multiple of the network's stride.
        architecture: Of the network.
        validation_pictures: So many of each kind of degradation.
    """

    name = "photo-rddm"

    def __init__(
        self,
        photos: Path | None,
        *,
        size: int = 96,
        architecture: ResidualUNetArchitecture = ResidualUNetArchitecture(),
        validation_pictures: int = 8,
    ) -> None:
        if size % architecture.stride:
            raise ValueError(f"crops of {size} pixels are no multiple of {architecture.stride}")
        self._photos, self._size, self._architecture, self._count = photos, size, architecture, validation_pictures
        self._schedule = architecture.schedule

    @cached_property
    def _crops(self) -> Crops:
        return Crops(self._photos, "train", self._size)

    def network(self) -> nn.Module:
        """A fresh one."""
        return ResidualUNet(self._architecture)

    def architecture(self) -> dict[str, Any]:
        """For the card."""
        return {**asdict(self._architecture), "widths": list(self._architecture.widths)}

    def data(self) -> dict[str, Any]:
        """For the card."""
        pictures = {"drawn pictures": 1} if self._photos is None else {"photographs": len(self._crops), "terms": TERMS}
        return {**pictures, "crop_px": self._size, "degradations": list(KINDS), "range": "[-1, 1]"}

    def example(self, rng: np.random.Generator) -> dict[str, Any]:
        """Clean and degraded picture, a level, and noise."""
        clean = self._crops.draw(rng)
        return {
            "clean": clean,
            "degraded": degraded(clean, rng),
            "t": int(rng.integers(1, self._schedule.T + 1)),
            "noise": torch.from_numpy(rng.standard_normal(clean.shape, np.float32)),
        }

    def collate(self, examples: list[Any]) -> Any:
        """A batch."""
        return collate(examples)

    def loss(self, network: nn.Module, batch: Any, step: int) -> tuple[Tensor, dict[str, float | Tensor]]:
        """`L_auto` of `I_t = I_0 + ᾱ_t I_res + β̄_t ε`."""
        assert isinstance(network, ResidualUNet)
        clean, eps = batch["clean"], batch["noise"]
        alpha_bar, beta_bar = (v.to(clean)[batch["t"], None, None, None] for v in (self._schedule.alpha_bar, self._schedule.beta_bar))
        residual = batch["degraded"] - clean
        times = torch.cat([alpha_bar, beta_bar], 1)[:, :, 0, 0] * self._schedule.T
        found = network(clean + alpha_bar * residual + beta_bar * eps, batch["degraded"], times)
        residual_error, noise_error = ((a.float() - b).square().mean() for a, b in zip(found, (residual, eps), strict=True))
        logged = {"residual": residual_error.detach(), "noise": noise_error.detach(), "balance": network.balance.detach()}
        return auto_loss(residual_error, noise_error, network.balance), logged

    @torch.no_grad()
    def validate(self, network: nn.Module, folder: Path, step: int) -> dict[str, float]:
        """Mean PSNR over all kinds of degradation, of each kind, and what was gained over the degraded picture."""
        assert isinstance(network, ResidualUNet)
        device, generator = next(network.parameters()).device, torch.Generator().manual_seed(0)
        steps = self._schedule.steps(pairs(trailing(self._schedule.T, STEPS)))
        crops, figures, gained, rows = Crops(self._photos, "validation", self._size), {}, [], []
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


def psnr(a: Tensor, b: Tensor) -> float:
    """Mean over a batch, in dB, of pictures in [-1, 1]."""
    errors = (a.clamp(-1, 1) - b).square().flatten(1).mean(1).clamp(min=1e-12)
    return float((10 * torch.log10(4 / errors)).mean()) if math.isfinite(float(errors.sum())) else 0.0
