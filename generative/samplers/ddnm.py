"""DDNM: exact restoration of a measurement without noise (Wang, Yu and Zhang 2023, algorithm 1; time travel: algorithm 4)."""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor

from generative.samplers.ddim import ddim_mean, ddim_sigma
from generative.samplers.gaussian import gaussian, noise
from generative.samplers.protocols import Denoise, Level, OnStep, Operator, Prediction, Steps, ignore


@torch.no_grad()
def sample_ddnm(
    denoise: Denoise,
    x_T: Tensor,
    steps: Steps,
    *,
    operator: Operator,
    y: Tensor,
    generator: Generator,
    eta: float = 0.85,
    marginal: bool = False,
    on_step: OnStep = ignore,
) -> Tensor:
    """DDIM, with the range-space part of every x̂0 replaced by what was measured: `x̂0 ← A⁺y + (I - A⁺A) x̂0`.

    ε stays the network's. The result satisfies `A x = y` for every y in the range of A; it is not clamped, that would break it.

    Args:
        denoise: The denoiser.
        x_T: Standard normal noise `[B, ...]`.
        steps: Pairs (t, s) of levels, the last s clean. A pair with s noisier than t (time travel) is taken by the forward process.
        operator: The measurement A.
        y: What was measured, `[B, ...]`.
        generator: Draws the noise of each step.
        eta: As in DDIM; or, if `marginal`, the part of the level's whole noise that is drawn anew, as in DDRM and DDNM+.
        marginal: The former keeps nearer to the law of the posterior. This one, that of the authors' program, forgets errors of a network
            faster: with few steps of a trained one samples come nearer to the truth.
        on_step: Told of every step.

    Returns:
        x_0 `[B, ...]`.
    """
    x, measured = x_T, operator.A_pinv(y)
    x0 = measured
    for i, (t, s) in enumerate(steps, 1):
        if s.alpha_bar < t.alpha_bar:
            x = travel_back(x, t, s, generator)
        else:
            x0, eps = denoise(x, t)
            x0 = measured + x0 - operator.A_pinv(operator.A(x0))
            sigma = eta * s.noise if marginal else ddim_sigma(t, s, eta)
            x = ddim_mean(Prediction(x0, eps), s, sigma) + noise(sigma, x, generator)
        on_step(i, len(steps), x0)
    return x


def travel_back(x: Tensor, t: Level, s: Level, generator: Generator) -> Tensor:
    """The forward process from t to the noisier s: `sqrt(ā_s/ā_t) x + sqrt(1 - ā_s/ā_t) z`."""
    ratio = s.alpha_bar / t.alpha_bar
    return math.sqrt(ratio) * x + math.sqrt(1 - ratio) * gaussian(x, generator)
