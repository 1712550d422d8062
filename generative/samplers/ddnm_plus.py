"""DDNM+: restoration of a noisy measurement (Wang, Yu and Zhang 2023, section 3.3 and appendix I), component by component of A's SVD."""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor

from generative.samplers.ddnm import sample_ddnm, travel_back
from generative.samplers.gaussian import gaussian
from generative.samplers.protocols import SVD, Denoise, Level, OnStep, Steps, ignore


@torch.no_grad()
def sample_ddnm_plus(
    denoise: Denoise,
    x_T: Tensor,
    steps: Steps,
    *,
    operator: SVD,
    y: Tensor,
    sigma_y: float,
    generator: Generator,
    eta: float = 0.85,
    on_step: OnStep = ignore,
) -> Tensor:
    """Corrects x̂0 towards `A⁺y` by λ and adds just as much noise as, with that of y, makes up the level's own.

    For a step to the level s with `a = sqrt(ā_s)`, `σ = sqrt(1-ā_s)`, and a component with singular value d:

    - d > 0 and `σ ≥ a σ_y/d`: λ = 1, noise of variance `σ² - a² σ_y²/d²`
    - d > 0 and `σ < a σ_y/d`: `λ = d σ sqrt(1-η²) / (a σ_y)`, noise of variance `η² σ²`
    - d = 0: x̂0 as it is, `sqrt(1-η²) σ ε + η σ z`

    Args:
        denoise: The denoiser.
        x_T: Standard normal noise `[B, ...]`.
        steps: Pairs (t, s) of levels, the last s clean. A pair with s noisier than t (time travel) is taken by the forward process.
        operator: The measurement A, with its SVD.
        y: What was measured, `A x + n`, `[B, ...]`.
        sigma_y: Standard deviation of n. With 0 this is DDNM, `marginal` as here.
        generator: Draws the noise of each step.
        eta: Part of the level's noise that is drawn anew.
        on_step: Told of every step.

    Returns:
        x_0 `[B, ...]`.
    """
    if sigma_y == 0:
        return sample_ddnm(denoise, x_T, steps, operator=operator, y=y, generator=generator, eta=eta, marginal=True, on_step=on_step)
    d = operator.singular_values.to(x_T)
    seen = d > 0
    spread = torch.where(seen, sigma_y / torch.where(seen, d, 1), torch.inf)  # σ_y/d: noise of a component of A⁺y
    measured = operator.Vt(operator.A_pinv(y))
    x, x0 = x_T, operator.V(measured)
    for i, (t, s) in enumerate(steps, 1):
        if s.alpha_bar < t.alpha_bar:
            x = travel_back(x, t, s, generator)
        else:
            x0, eps = denoise(x, t)
            x0_bar = operator.Vt(x0)
            weight, variance = _correction(s, spread, eta)
            x0_bar = x0_bar + weight * (measured - x0_bar)
            predicted = torch.where(seen, 0, math.sqrt(1 - eta**2) * s.noise * operator.Vt(eps))
            x = operator.V(s.signal * x0_bar + predicted + variance.sqrt() * gaussian(x0_bar, generator))
            x0 = operator.V(x0_bar)
        on_step(i, len(steps), x0)
    return x


def _correction(s: Level, spread: Tensor, eta: float) -> tuple[Tensor, Tensor]:
    """λ and the variance of the noise to add, for every component; a `spread` of ∞ (d = 0) gives λ = 0."""
    inherited = s.signal * spread  # noise that full correction would bring along
    full = s.noise >= inherited
    weight = torch.where(full, 1, s.noise * math.sqrt(1 - eta**2) / inherited)
    variance = torch.where(full, (s.noise**2 - inherited**2).clamp(min=0), (eta * s.noise) ** 2)
    return weight, variance
