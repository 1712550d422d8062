"""DDIM and its inversion (Song, Meng and Ermon 2021)."""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor

from generative.samplers.gaussian import noise
from generative.samplers.protocols import Denoise, Level, OnStep, Prediction, Steps, ignore


@torch.no_grad()
def sample_ddim(
    denoise: Denoise,
    x_T: Tensor,
    steps: Steps,
    *,
    eta: float = 0.0,
    sigma_hat: bool = False,
    generator: Generator | None = None,
    on_step: OnStep = ignore,
) -> Tensor:
    """`x_s = sqrt(ā_s) x̂0 + sqrt(1-ā_s-σ²) ε + σ z` from every t to the next s (equation 12 there).

    Args:
        denoise: The denoiser.
        x_T: Standard normal noise `[B, ...]`.
        steps: Pairs (t, s) of levels, the last s clean.
        eta: 0 is deterministic, 1 has DDPM's posterior variance.
        sigma_hat: Adds noise of DDPM's larger variance `σ̂² = 1 - ā_t/ā_s` to the mean of η = 1, none in the last step (section 5 there).
        generator: Draws z; not needed for η = 0.
        on_step: Told of every step.

    Returns:
        x_0 `[B, ...]`.
    """
    x = x_T
    for i, (t, s) in enumerate(steps, 1):
        prediction = denoise(x, t)
        sigma = ddim_sigma(t, s, 1.0 if sigma_hat else eta)
        added = math.sqrt(1 - t.alpha_bar / s.alpha_bar) if sigma_hat and s.alpha_bar < 1 else sigma
        x = ddim_mean(prediction, s, sigma) + noise(added, x, generator)
        on_step(i, len(steps), prediction.x0)
    return x


@torch.no_grad()
def invert_ddim(denoise: Denoise, x_0: Tensor, steps: Steps, *, on_step: OnStep = ignore) -> Tensor:
    """The noise x_T from which deterministic DDIM makes `x_0`: the same update, gone upwards.

    It takes ε at the level it leaves for the ε of the level it goes to, so the round trip is exact only as the number of steps grows.

    Args:
        denoise: The denoiser.
        x_0: Clean signals `[B, ...]`.
        steps: The pairs (t, s) that `sample_ddim` would take; they are gone from last to first.
        on_step: Told of every step.

    Returns:
        x_T `[B, ...]`.
    """
    x = x_0
    for i, (t, s) in enumerate(reversed(steps), 1):
        if s.alpha_bar == 1:  # clean: nothing to estimate, and no network was trained there
            prediction = Prediction(x, denoise(x, t).eps)
        else:
            prediction = denoise(x, s)
        x = ddim_mean(prediction, t, 0.0)
        on_step(i, len(steps), prediction.x0)
    return x


def ddim_sigma(t: Level, s: Level, eta: float) -> float:
    """`σ = η sqrt((1-ā_s)/(1-ā_t) (1-ā_t/ā_s))` (equation 16 there)."""
    return eta * math.sqrt((1 - s.alpha_bar) / (1 - t.alpha_bar) * (1 - t.alpha_bar / s.alpha_bar))


def ddim_mean(prediction: Prediction, s: Level, sigma: float) -> Tensor:
    """`sqrt(ā_s) x̂0 + sqrt(1-ā_s-σ²) ε`."""
    return s.signal * prediction.x0 + math.sqrt(max(1 - s.alpha_bar - sigma**2, 0.0)) * prediction.eps
