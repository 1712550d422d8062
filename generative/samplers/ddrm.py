"""DDRM: restoration of a noisy measurement in the basis of A's SVD (Kawar, Elad, Ermon and Song 2022, equations 7 and 8)."""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor

from generative.samplers.gaussian import gaussian
from generative.samplers.protocols import SVD, Denoise, OnStep, Steps, ignore


@torch.no_grad()
def sample_ddrm(
    denoise: Denoise,
    x_T: Tensor,
    steps: Steps,
    *,
    operator: SVD,
    y: Tensor,
    sigma_y: float,
    generator: Generator,
    eta: float = 0.85,
    eta_b: float = 1.0,
    on_step: OnStep = ignore,
) -> Tensor:
    """Works in the variance-exploding scale, `x_VE = x / sqrt(ā)`, on spectra `x̄ = Vᵀx`, with `ȳ = Σ⁺Uᵀy` of spread `τ = σ_y/d`.

    It starts with `ȳ + sqrt(σ_T² - τ²) z`, or `σ_T z` where nothing was measured (d = 0, or τ > σ_T). A step from the level t to s,
    of noise σ_t and σ_s, with x̄θ and ε̄θ the denoiser's estimates:

    - not measured: `x̄θ + sqrt(1-η²) σ_s ε̄θ + η σ_s z`
    - `σ_s < τ`: `x̄θ + sqrt(1-η²) σ_s (ȳ - x̄θ)/τ + η σ_s z`
    - `σ_s ≥ τ`: `(1-η_b) x̄θ + η_b ȳ + sqrt(σ_s² - η_b² τ²) z`

    The paper writes (x̄_t - x̄θ)/σ_t for ε̄θ. It is the same unless x̂0 was clamped: then what was cut off would count as noise, and come
    back in every step.

    Args:
        denoise: The (variance-preserving) denoiser.
        x_T: Standard normal noise `[B, ...]`.
        steps: Pairs (t, s) of levels, falling, the last s clean; the first t with ā > 0.
        operator: The measurement A, with its SVD.
        y: What was measured, `A x + n`, `[B, ...]`.
        sigma_y: Standard deviation of n.
        generator: Draws the noise of each step.
        eta: Part of the noise that is drawn anew where y does not decide.
        eta_b: How far the measurement is followed where the level is noisier than it.
        on_step: Told of every step.

    Returns:
        x_0 `[B, ...]`.
    """
    sigma_T = steps[0][0].sigma
    if not math.isfinite(sigma_T):
        raise ValueError("DDRM cannot begin at a level without signal (ā = 0)")
    d = operator.singular_values.to(x_T)
    tau = torch.where(d > 0, sigma_y / torch.where(d > 0, d, 1), torch.inf)
    measured = tau <= sigma_T
    tau = torch.where(measured, tau, 0)
    y_bar = operator.Vt(operator.A_pinv(y))

    z = operator.Vt(x_T)
    x_bar = torch.where(measured, y_bar + (sigma_T**2 - tau**2).sqrt() * z, sigma_T * z)
    for i, (t, s) in enumerate(steps, 1):
        x0, eps = denoise(t.signal * operator.V(x_bar), t)
        x0_bar = operator.Vt(x0)
        z = gaussian(x0_bar, generator)
        kept, drawn = math.sqrt(1 - eta**2) * s.sigma, eta * s.sigma * z

        unmeasured = x0_bar + kept * operator.Vt(eps) + drawn
        below = x0_bar + kept * (y_bar - x0_bar) / tau.clamp(min=torch.finfo(tau.dtype).tiny) + drawn
        above = (1 - eta_b) * x0_bar + eta_b * y_bar + (s.sigma**2 - (eta_b * tau) ** 2).clamp(min=0).sqrt() * z
        x_bar = torch.where(measured, torch.where(s.sigma < tau, below, above), unmeasured)
        on_step(i, len(steps), x0)
    return operator.V(x_bar)
