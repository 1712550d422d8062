"""What trainings of diffusion networks share: the loss of ε on linear noise, and the figure of a validation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from generative.samplers import Denoise
from generative.schedules import linear
from generative.training.crop_task import psnr
from generative.training.objectives import min_snr_weight

SCHEDULE = linear()
DESCRIPTION = {"schedule": "linear, 1000 levels", "predicts": "eps"}
"""For the card."""
DEFAULTS = {"steps": 200000, "batch": 8, "rate": 1e-3, "checkpoint_every": 500}
"""Of a training."""
LEVELS = (50, 100, 200, 300, 400, 600, 800)
"""At which a validation looks."""


def noisy_example(clean: Tensor, rng: np.random.Generator) -> dict[str, Any]:
    """A clean signal (a picture `[3, H, W]`, a cloud `[N, 3]`), a level, and noise."""
    noise = torch.from_numpy(rng.standard_normal(clean.shape, np.float32))
    return {"clean": clean, "t": int(rng.integers(1, SCHEDULE.T + 1)), "noise": noise}


def noise_loss(network: Callable[[Tensor, Tensor], Tensor], batch: Any) -> tuple[Tensor, dict[str, float | Tensor]]:
    """`‖ε - ε_θ(x_t, t)‖²` of a batch of examples, weighted by min-SNR; and without weights, for the log."""
    alpha_bar = SCHEDULE.alpha_bar.to(batch["clean"])[batch["t"]]
    a, sigma = (v.sqrt().view(-1, *[1] * (batch["clean"].ndim - 1)) for v in (alpha_bar, 1 - alpha_bar))
    found = network(a * batch["clean"] + sigma * batch["noise"], (batch["t"] - 1).to(a))
    errors = (found.float() - batch["noise"]).square().flatten(1).mean(1)
    return (min_snr_weight(alpha_bar) * errors).mean(), {"noise": errors.mean().detach()}


def denoising_psnr(denoise: Denoise, clean: Tensor, generator: torch.Generator) -> float:
    """Mean PSNR of x̂0 over fixed levels of noise, dB.

    Args:
        denoise: The denoiser.
        clean: Pictures `[B, 3, H, W]` or clouds `[B, N, 3]` in [-1, 1].
        generator: Draws the noise, on the processor.
    """
    figures = []
    for level in map(SCHEDULE.level, LEVELS):
        noise = torch.randn(clean.shape, generator=generator).to(clean)
        figures.append(psnr(denoise(level.signal * clean + level.noise * noise, level).x0, clean))
    return sum(figures) / len(figures)
