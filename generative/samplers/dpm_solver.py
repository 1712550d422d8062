"""DPM-Solver++(2M): second order in few steps (Lu et al. 2023, algorithm 2)."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from generative.samplers.protocols import Denoise, Level, OnStep, Steps, ignore


@torch.no_grad()
def sample_dpm_solver(denoise: Denoise, x_T: Tensor, steps: Steps, *, on_step: OnStep = ignore) -> Tensor:
    """`x_s = σ_s/σ_t x_t + sqrt(ā_s) (1 - e^-h) D`, exact for an x̂0 that is linear in `λ = log(sqrt(ā)/σ)`; `h = λ_s - λ_t`.

    D continues x̂0 of the last two levels to the middle of the step: `(1 + 1/2r) x̂0_t - 1/2r x̂0_before`, `r = h_before / h`. The first step
    has no predecessor, and the last has h = ∞: both take `D = x̂0_t`, which is DDIM.

    Args:
        denoise: The denoiser.
        x_T: Standard normal noise `[B, ...]`.
        steps: Pairs (t, s) of levels, falling, the last s clean.
        on_step: Told of every step.

    Returns:
        x_0 `[B, ...]`.
    """
    x, x0_before, h_before = x_T, None, math.nan
    for i, (t, s) in enumerate(steps, 1):
        x0, _ = denoise(x, t)
        h = half_log_snr(s) - half_log_snr(t)
        extrapolated = x0 if x0_before is None or math.isinf(h) else x0 + h / (2 * h_before) * (x0 - x0_before)
        x = s.noise / t.noise * x - s.signal * math.expm1(-h) * extrapolated
        x0_before, h_before = x0, h
        on_step(i, len(steps), x0)
    return x


def half_log_snr(level: Level) -> float:
    """`λ = log(sqrt(ā) / sqrt(1-ā))`; ∞ at the clean level, -∞ where there is no signal."""
    if level.alpha_bar in (0, 1):
        return math.copysign(math.inf, level.alpha_bar - level.noise)
    return math.log(level.signal / level.noise)
