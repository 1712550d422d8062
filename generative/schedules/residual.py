"""RDDM's two schedules: `I_t = I_0 + ᾱ_t I_res + β̄_t ε` with `I_res = I_in - I_0` (Liu et al. 2024, equation 7).

ᾱ says how much of the degradation is back, β̄ how much noise; they are independent of each other. Not to be mixed up with ā of
`generative.schedules.noise`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from generative.schedules.noise import NoiseSchedule


class ResidualLevel(NamedTuple):
    """A point of the plane in which RDDM moves."""

    alpha_bar: float
    """ᾱ: part of the residual, 0 = clean, 1 = degraded."""
    beta_bar: float
    """β̄: standard deviation of the noise."""
    times: tuple[float, float]
    """What the network is told: for its residual head, for its noise head."""


@dataclass(frozen=True)
class ResidualSchedule:
    """ᾱ and β̄ of the levels 0 (clean) to T.

    Args:
        alpha_bar: `[T+1]` float64, rising from 0 to 1.
        beta_bar: `[T+1]` float64, rising from 0.
        path_independent: Whether the network is told (ᾱ_t T, β̄_t T) instead of t - 1. Only then may the schedule be another one than
            in training, and noise and residual be removed one after the other (section 4.2 of the paper).
    """

    alpha_bar: Tensor
    beta_bar: Tensor
    path_independent: bool = False

    def __post_init__(self) -> None:
        if self.alpha_bar.shape != self.beta_bar.shape or self.alpha_bar.ndim != 1 or len(self.alpha_bar) < 2:
            raise ValueError("ᾱ and β̄ are vectors of the same length, of at least two levels")
        for values in (self.alpha_bar, self.beta_bar):
            if values.dtype != torch.float64 or values[0] != 0 or bool((values[1:] < values[:-1]).any()):
                raise ValueError("ᾱ and β̄ are float64 and rise from 0")

    @property
    def T(self) -> int:
        """The most degraded and noisiest level."""
        return len(self.alpha_bar) - 1

    def level(self, t: int, t_noise: int | None = None) -> ResidualLevel:
        """ᾱ of level `t` with β̄ of level `t_noise` (the same one when left out)."""
        u = t if t_noise is None else t_noise
        a, b = float(self.alpha_bar[t]), float(self.beta_bar[u])
        times = (a * self.T, b * self.T) if self.path_independent else (float(max(t - 1, 0)), float(max(u - 1, 0)))
        return ResidualLevel(a, b, times)

    def steps(self, pairs: Iterable[tuple[int, int]]) -> tuple[tuple[ResidualLevel, ResidualLevel], ...]:
        """Pairs (t, t_prev) as pairs of levels: residual and noise are removed together."""
        return tuple((self.level(t), self.level(s)) for t, s in pairs)

    def steps_apart(
        self, pairs: Iterable[tuple[int, int]], first: Literal["noise", "residual"]
    ) -> tuple[tuple[ResidualLevel, ResidualLevel], ...]:
        """The same pairs gone twice: along one axis of the plane, then along the other."""
        pairs = tuple(pairs)
        top = pairs[0][0]
        if first == "noise":
            legs = [(self.level(top, t), self.level(top, s)) for t, s in pairs], [(self.level(t, 0), self.level(s, 0)) for t, s in pairs]
        else:
            legs = [(self.level(t, top), self.level(s, top)) for t, s in pairs], [(self.level(0, t), self.level(0, s)) for t, s in pairs]
        return (*legs[0], *legs[1])


def power(
    T: int,
    *,
    alpha: tuple[Literal["rising", "falling", "average"], float] = ("falling", 1.0),
    beta: tuple[Literal["rising", "falling", "average"], float] = ("rising", 1.0),
    beta_bar_T: float = 1.0,
    path_independent: bool = False,
) -> ResidualSchedule:
    """Increments `α_t` and `β_t²` in proportion to P(x, a) = x^a ('rising'), P(1-x, a) ('falling') or a constant ('average'), x = t/T.

    They are normalised to ᾱ_T = 1 and to the given β̄_T (section 4.1 of the paper). The defaults are its own.
    """
    alpha_bar, beta_squared = _cumulated(T, *alpha), _cumulated(T, *beta)
    return ResidualSchedule(alpha_bar, beta_bar_T * beta_squared.sqrt(), path_independent)


def as_residual_schedule(schedule: NoiseSchedule) -> ResidualSchedule:
    """`ᾱ = 1 - sqrt(ā)`, `β̄ = sqrt(1-ā)`: with I_in = 0 RDDM's process is then DDPM's (section 3.3 of the paper)."""
    return ResidualSchedule(1 - schedule.alpha_bar.sqrt(), (1 - schedule.alpha_bar).sqrt())


def as_noise_schedule(schedule: ResidualSchedule) -> NoiseSchedule:
    """`ā = (1-ᾱ)² / ((1-ᾱ)² + β̄²)`: the signal-to-noise ratio of RDDM's process with I_in = 0.

    Exact inverse of `as_residual_schedule`. For any other schedule the two processes differ by the factor sqrt((1-ᾱ)² + β̄²).
    """
    signal = (1 - schedule.alpha_bar) ** 2
    return NoiseSchedule(signal / (signal + schedule.beta_bar**2))


def _cumulated(T: int, kind: str, exponent: float) -> Tensor:
    """`[T+1]` from 0 to exactly 1."""
    if T < 2 or not math.isfinite(exponent) or exponent < 0 or kind not in ("rising", "falling", "average"):
        raise ValueError(f"no schedule of {T} levels, '{kind}', exponent {exponent}")
    x = torch.arange(1, T + 1, dtype=torch.float64) / T
    weights = {"rising": x, "falling": 1 - x, "average": torch.ones_like(x)}[kind]
    total = torch.cumsum(weights**exponent, 0)
    return torch.cat([torch.zeros(1, dtype=torch.float64), total / total[-1]])
