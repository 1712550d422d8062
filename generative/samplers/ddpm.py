"""DDPM: ancestral sampling (Ho, Jain and Abbeel 2020, algorithm 2), between any two levels t > s."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Generator, Tensor

from generative.samplers.gaussian import noise
from generative.samplers.protocols import Denoise, OnStep, Steps, ignore


@torch.no_grad()
def sample_ddpm(
    denoise: Denoise,
    x_T: Tensor,
    steps: Steps,
    *,
    generator: Generator,
    variance: Literal["posterior", "large"] = "posterior",
    on_step: OnStep = ignore,
) -> Tensor:
    """Draws x_s from `q(x_s | x_t, x̂0)`, step by step (equations 6 and 7 there, with `α = ā_t / ā_s`).

    Args:
        denoise: The denoiser.
        x_T: Standard normal noise `[B, ...]`.
        steps: Pairs (t, s) of levels, the last s clean.
        generator: Draws the noise of each step.
        variance: 'posterior' is `β̃ = (1-ā_s)/(1-ā_t) β`, right for data that are a point; 'large' is `β = 1 - ā_t/ā_s`, right for data
            that are white noise. No noise is added in the last step.
        on_step: Told of every step.

    Returns:
        x_0 `[B, ...]`.
    """
    x = x_T
    for i, (t, s) in enumerate(steps, 1):
        x0, _ = denoise(x, t)
        alpha = t.alpha_bar / s.alpha_bar
        beta = 1 - alpha
        mean = s.signal * beta / (1 - t.alpha_bar) * x0 + math.sqrt(alpha) * (1 - s.alpha_bar) / (1 - t.alpha_bar) * x
        if variance == "posterior":
            std = math.sqrt((1 - s.alpha_bar) / (1 - t.alpha_bar) * beta)
        else:
            std = math.sqrt(beta) if s.alpha_bar < 1 else 0.0
        x = mean + noise(std, x, generator)
        on_step(i, len(steps), x0)
    return x
