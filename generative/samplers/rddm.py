"""RDDM: the residual and the noise are diffused at once (Liu et al. 2024, Residual Denoising Diffusion Models)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Generator, Tensor

from generative.samplers.gaussian import noise
from generative.samplers.protocols import OnStep, ResidualDenoise, ResidualLevel, ResidualSteps, ignore


@torch.no_grad()
def sample_rddm(
    denoise: ResidualDenoise,
    noise_T: Tensor,
    steps: ResidualSteps,
    *,
    degraded: Tensor,
    eta: float = 0.0,
    sigmas: Sequence[float] | None = None,
    generator: Generator | None = None,
    on_step: OnStep = ignore,
) -> Tensor:
    """`I_s = I_t - (ᾱ_t-ᾱ_s) I_res - (β̄_t - sqrt(β̄_s²-σ²)) ε + σ z` from every t to the next s (equation 13 there).

    It begins with `I_T = I_in + β̄_T z` (ᾱ_T = 1). The steps may follow any path in the plane of (ᾱ, β̄): a schedule other than that of
    the training, or noise and residual one after the other (`ResidualSchedule.steps_apart`).

    Args:
        denoise: The residual denoiser.
        noise_T: Standard normal noise z `[B, ...]`.
        steps: Pairs (t, s) of residual levels, the last s clean.
        degraded: I_in `[B, ...]`; zeros to generate.
        eta: 0 is deterministic, 1 the posterior variance.
        sigmas: One σ a step in place of those that belong to `eta`, e.g. DDIM's.
        generator: Draws z of the steps; not needed where σ = 0.
        on_step: Told of every step.

    Returns:
        I_0 `[B, ...]`.
    """
    x = degraded + steps[0][0].beta_bar * noise_T
    for i, (t, s) in enumerate(steps, 1):
        residual, eps = denoise(x, degraded, t)
        sigma = rddm_sigma(t, s, eta) if sigmas is None else sigmas[i - 1]
        x0 = x - t.alpha_bar * residual - t.beta_bar * eps
        kept = math.sqrt(max(s.beta_bar**2 - sigma**2, 0.0))
        x = x - (t.alpha_bar - s.alpha_bar) * residual - (t.beta_bar - kept) * eps + noise(sigma, x, generator)
        on_step(i, len(steps), x0)
    return x


def rddm_sigma(t: ResidualLevel, s: ResidualLevel, eta: float) -> float:
    """`σ² = η (β̄_t² - β̄_s²) β̄_s²/β̄_t²`, for skipped steps too."""
    if t.beta_bar == 0:
        return 0.0
    return math.sqrt(eta * (t.beta_bar**2 - s.beta_bar**2)) * s.beta_bar / t.beta_bar
