"""SDEdit: noise is put on a guide (a painted, pasted or damaged signal) and taken off again (Meng et al. 2022).

The time t0 of the first level decides: the higher, the more realistic and the less faithful (`samplers.dial` finds it by bisection).
"""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor

from generative.samplers.ddim import ddim_mean, ddim_sigma
from generative.samplers.gaussian import gaussian, noise
from generative.samplers.protocols import Denoise, OnStep, Steps, ignore


@torch.no_grad()
def sample_sdedit_vp(
    denoise: Denoise,
    guide: Tensor,
    steps: Steps,
    *,
    generator: Generator,
    eta: float = 1.0,
    keep: Tensor | None = None,
    repeats: int = 1,
    on_step: OnStep = ignore,
) -> Tensor:
    """`x(t0) = sqrt(ā) guide + sqrt(1-ā) z`, then DDPM's (η = 1) or DDIM's reverse process (algorithms 2, 4 and 5 there, appendix C).

    Args:
        denoise: The denoiser.
        guide: The signal to make realistic, `[B, ...]`.
        steps: Pairs (t, s) of levels from t0 down to clean; none = t0 of 0: the guide comes back.
        generator: Draws all noise.
        eta: Noise of the reverse steps, as in DDIM.
        keep: Mask, broadcast against the guide: 1 where the guide has to stay. After every step the noised guide is put back there.
        repeats: How often the whole is done, each time from the last result.
        on_step: Told of every step.

    Returns:
        The edited signal `[B, ...]`.
    """
    x = guide
    for repeat in range(repeats if steps else 0):
        start = steps[0][0]
        x = start.signal * x + start.noise * gaussian(x, generator)
        for i, (t, s) in enumerate(steps, 1):
            prediction = denoise(x, t)
            sigma = ddim_sigma(t, s, eta)
            x = ddim_mean(prediction, s, sigma) + noise(sigma, x, generator)
            if keep is not None:
                x = torch.where(keep > 0, s.signal * guide + noise(s.noise, x, generator), x)
            on_step(repeat * len(steps) + i, repeats * len(steps), prediction.x0)
    return x


@torch.no_grad()
def sample_sdedit_ve(
    denoise: Denoise,
    guide: Tensor,
    steps: Steps,
    *,
    generator: Generator,
    keep: Tensor | None = None,
    repeats: int = 1,
    on_step: OnStep = ignore,
) -> Tensor:
    """`x(t0) = guide + σ(t0) z`, then Euler-Maruyama on the reverse variance-exploding SDE (algorithms 1 and 3 there):

    `x ← x + (σ_t²-σ_s²) score(x, t) + sqrt(σ_t²-σ_s²) z` with `score = -ε/σ_t`.

    The denoiser is a variance-preserving one: it is asked about `x / sqrt(1+σ²)`. Arguments as in `sample_sdedit_vp`; the levels come from
    `schedules.ve_steps`.
    """
    x = guide
    for repeat in range(repeats if steps else 0):
        x = x + steps[0][0].sigma * gaussian(x, generator)
        for i, (t, s) in enumerate(steps, 1):
            prediction = denoise(t.signal * x, t)
            removed = t.sigma**2 - s.sigma**2
            x = x - removed / t.sigma * prediction.eps + noise(math.sqrt(removed), x, generator)
            if keep is not None:
                x = torch.where(keep > 0, guide + noise(s.sigma, x, generator), x)
            on_step(repeat * len(steps) + i, repeats * len(steps), prediction.x0)
    return x
