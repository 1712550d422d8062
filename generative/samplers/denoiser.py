"""One wrapper for networks of every parameterisation, and guidance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from generative.samplers.protocols import Denoise, Level, Prediction


@dataclass(frozen=True)
class Denoiser:
    """A network as the pair (x0, ε) that samplers work with.

    Args:
        network: `network(x [B, ...], time [B]) -> [B, ...]`, trained on `x_t = a x_0 + σ ε` with `a² + σ² = 1`.
        predicts: What comes out: the noise ε, the clean signal x0, or the velocity `v = a ε - σ x_0` (Salimans and Ho 2022).
        clamp: Largest absolute value of x0, for networks that overshoot at high noise; ε stays as it is.
    """

    network: Callable[[Tensor, Tensor], Tensor]
    predicts: Literal["eps", "x0", "v"] = "eps"
    clamp: float | None = None

    def __call__(self, x: Tensor, t: Level) -> Prediction:
        """The prediction for `x` `[B, ...]` at level `t`."""
        a, sigma = t.signal, t.noise
        out = self.network(x, torch.full((len(x),), t.time, dtype=x.dtype, device=x.device))
        if self.predicts == "eps":
            x0, eps = (x - sigma * out) / a, out
        elif self.predicts == "x0":
            x0, eps = out, (x - a * out) / sigma
        else:
            x0, eps = a * x - sigma * out, sigma * x + a * out
        return Prediction(x0 if self.clamp is None else x0.clamp(-self.clamp, self.clamp), eps)


def guided(conditional: Denoise, unconditional: Denoise, guidance_scale: float) -> Denoise:
    """Classifier-free guidance: `ε = ε_∅ + w (ε_c - ε_∅)`, and x0 likewise (Ho and Salimans 2022, equation 6 with w = 1 + their w).

    w = 0 ignores the condition, 1 is the conditional network itself, more than 1 follows the condition beyond what is likely.
    """

    def denoise(x: Tensor, t: Level) -> Prediction:
        with_condition, without = conditional(x, t), unconditional(x, t)
        x0, eps = (u + guidance_scale * (c - u) for c, u in zip(with_condition, without, strict=True))
        return Prediction(x0, eps)

    return denoise
