"""The training of `photo-cold`: one restorer for blur, holes and coarse pixels of any severity, without any noise.

`photolith train photo-cold`, or bare: `python -m generative.training.cold_task`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from generative.degradations import Blur, Fade, Pixelate
from generative.networks.residual_unet import ResidualUNet
from generative.samplers import sample_cold_tacos
from generative.samplers.cold import Degrade
from generative.schedules import severities
from generative.training.crop_task import ResidualCropTask, psnr, train_residual
from generative.training.degraded import missing
from generative.training.grid import write_grid

STEPS = 4
"""Of the sampler in validations."""


def _faded(rng: np.random.Generator, height: int, width: int) -> Fade:
    return Fade(torch.from_numpy(missing(rng, height, width)).float())


KINDS: dict[str, Callable[[np.random.Generator, int, int], Degrade]] = {
    "blur": lambda rng, height, width: Blur(),
    "fade": _faded,
    "pixelate": lambda rng, height, width: Pixelate(),
}
"""Degradations at full strength, each for a picture of height and width."""


class ColdTask(ResidualCropTask):
    """See `recon.learning.task.TrainingTask`."""

    name = "photo-cold"

    def data(self) -> dict[str, Any]:
        """For the card."""
        return {**super().data(), "degradations": list(KINDS)}

    def example(self, rng: np.random.Generator) -> dict[str, Any]:
        """Clean and degraded picture, and how strongly."""
        clean = self.crops.draw(rng)
        degrade = KINDS[str(rng.choice(list(KINDS)))](rng, *clean.shape[-2:])
        s = float(rng.uniform(0.02, 1))
        return {"clean": clean, "degraded": degrade(clean[None], s)[0], "s": np.float32(s)}

    def loss(self, network: nn.Module, batch: Any, step: int) -> tuple[Tensor, dict[str, float | Tensor]]:
        """`‖R(D(x0, s), s) - x0‖₁` (Bansal et al. 2022, section 3.1)."""
        assert isinstance(network, ResidualUNet)
        error = (network.restored(batch["degraded"], batch["s"]).float() - batch["clean"]).abs().mean()
        return error, {}

    @torch.no_grad()
    def validate(self, network: nn.Module, folder: Path, step: int) -> dict[str, float]:
        """Mean PSNR over the kinds of degradation, at full strength, in one step and by TACoS."""
        assert isinstance(network, ResidualUNet)
        device = next(network.parameters()).device
        crops, figures, rows = self.held_back(), {}, []
        for i, (kind, make) in enumerate(KINDS.items()):
            rng = np.random.default_rng([11, i])
            clean = torch.stack([crops.draw(rng) for _ in range(self._count)])
            degrade = make(rng, *clean.shape[-2:])
            given = degrade(clean, 1.0)
            for steps in (1, STEPS):
                restored = sample_cold_tacos(network.restored, given.to(device), severities(steps), degrade=degrade).cpu()
                figures[f"psnr_{kind}_{steps}"] = psnr(restored, clean)
            rows += [given[:6], restored[:6], clean[:6]]
        write_grid(rows, folder / f"restored_{step:07d}.png")
        return {"psnr": sum(figures.values()) / len(figures), **figures}


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; the exit code."""
    return train_residual(ColdTask.name, ColdTask, argv, steps=20000, rate=3e-4)


if __name__ == "__main__":
    sys.exit(main())
