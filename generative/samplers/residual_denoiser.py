"""RDDM's networks as the pair (residual, ε): predicted both, or one from the other (Liu et al. 2024, section 3.2)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from generative.samplers.protocols import Denoise, ResidualDenoise, ResidualLevel, ResidualPrediction


@dataclass(frozen=True)
class ResidualDenoiser:
    """A network with two heads (or two networks) as a residual denoiser.

    With `I_t = I_in + (ᾱ_t - 1) I_res + β̄_t ε` one head gives the other. SM-Res keeps the residual head and is better for restoration in
    few steps; SM-N keeps the noise head, except at ᾱ_t = 1, where the noise says nothing of the residual; SM-Res-N takes both.

    Args:
        network: `network(I_t [B, ...], I_in [B, ...], times [B, 2]) -> (residual, eps)`, `[B, ...]` each.
        method: Which heads are believed.
    """

    network: Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]
    method: Literal["res", "noise", "res+noise"] = "res"

    def __call__(self, x: Tensor, degraded: Tensor, t: ResidualLevel) -> ResidualPrediction:
        """The prediction for `x` = I_t and `degraded` = I_in, `[B, ...]` each, at level `t`."""
        times = torch.tensor(t.times, dtype=x.dtype, device=x.device).expand(len(x), 2)
        residual, eps = self.network(x, degraded, times)
        if self.method == "res":
            return ResidualPrediction(residual, noise_of_residual(x, degraded, residual, t))
        if self.method == "noise" and t.alpha_bar < 1:
            return ResidualPrediction((degraded + t.beta_bar * eps - x) / (1 - t.alpha_bar), eps)
        return ResidualPrediction(residual, eps)


def noise_of_residual(x: Tensor, degraded: Tensor, residual: Tensor, t: ResidualLevel) -> Tensor:
    """`ε = (I_t - I_in - (ᾱ_t - 1) I_res) / β̄_t`; 0 at a level without noise."""
    if t.beta_bar == 0:
        return torch.zeros_like(x)
    return (x - degraded - (t.alpha_bar - 1) * residual) / t.beta_bar


@dataclass(frozen=True)
class _AsLevel:
    """A residual level of `schedules.as_residual_schedule` as the level it came from: `sqrt(ā) = 1 - ᾱ`."""

    time: float
    signal: float
    noise: float

    @property
    def alpha_bar(self) -> float:
        return self.signal**2

    @property
    def sigma(self) -> float:
        return self.noise / self.signal


def generation_as_restoration(denoise: Denoise) -> ResidualDenoise:
    """A DDIM denoiser as a residual one: with I_in = 0 the residual is -x0 (section 3.3 there).

    For levels of `schedules.as_residual_schedule` only; there RDDM's sampler and DDIM's are the same.
    """

    def predict(x: Tensor, degraded: Tensor, t: ResidualLevel) -> ResidualPrediction:
        x0, eps = denoise(x, _AsLevel(t.times[0], 1 - t.alpha_bar, t.beta_bar))
        return ResidualPrediction(degraded - x0, eps)

    return predict
