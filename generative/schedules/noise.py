"""Variance-preserving noise schedules: `x_t = sqrt(ā_t) x_0 + sqrt(1-ā_t) ε`.

Level 0 is the clean signal (ā_0 = 1), level T the noisiest. At level t a network is told t - 1: the usual training counts from 0.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

MAX_BETA = 0.999


class Level(NamedTuple):
    """A level of noise: all that samplers and networks need to know of a schedule."""

    time: float
    """What the network is told."""
    alpha_bar: float
    """ā: the part of the signal in the variance; 1 = clean."""

    @property
    def signal(self) -> float:
        """sqrt(ā), the factor of the clean signal."""
        return math.sqrt(self.alpha_bar)

    @property
    def noise(self) -> float:
        """sqrt(1-ā), the standard deviation of the noise."""
        return math.sqrt(1 - self.alpha_bar)

    @property
    def sigma(self) -> float:
        """sqrt((1-ā)/ā), the noise in the variance-exploding scale, where `x_VE = x / sqrt(ā)`."""
        return math.sqrt((1 - self.alpha_bar) / self.alpha_bar) if self.alpha_bar > 0 else math.inf


@dataclass(frozen=True)
class NoiseSchedule:
    """ā of the levels 0 to T.

    Args:
        alpha_bar: `[T+1]` float64, 1 at first, then falling, never below 0.
    """

    alpha_bar: Tensor

    def __post_init__(self) -> None:
        a = self.alpha_bar
        if a.dtype != torch.float64 or a.ndim != 1 or len(a) < 2:
            raise ValueError(f"ā is a float64 vector of at least two levels, not {a.dtype} {tuple(a.shape)}")
        if a[0] != 1 or not bool((a[1:] < a[:-1]).all()) or a[-1] < 0:
            raise ValueError("ā begins with 1 and falls from level to level, to 0 at the least")

    @property
    def T(self) -> int:
        """The noisiest level."""
        return len(self.alpha_bar) - 1

    def level(self, t: int) -> Level:
        """Level t of 0 ... T."""
        if not 0 <= t <= self.T:
            raise ValueError(f"there is no level {t}, only 0 to {self.T}")
        return Level(float(max(t - 1, 0)), float(self.alpha_bar[t]))

    def nearest(self, sigma: float) -> int:
        """The level, above 0, whose noise relative to the signal is nearest to `sigma` (by logarithm)."""
        a = self.alpha_bar[1:]
        return int((torch.log((1 - a) / a.clamp(min=1e-300)) - 2 * math.log(max(sigma, 1e-30))).abs().argmin()) + 1

    def steps(self, pairs: Iterable[tuple[int, int]]) -> tuple[tuple[Level, Level], ...]:
        """Pairs (t, t_prev) of level numbers as pairs of levels, the form samplers take."""
        return tuple((self.level(t), self.level(s)) for t, s in pairs)


def from_betas(betas: Tensor) -> NoiseSchedule:
    """`ā_t = Π (1 - β_i)` of given β_1 ... β_T, `[T]`."""
    one = torch.ones(1, dtype=torch.float64)
    return NoiseSchedule(torch.cat([one, torch.cumprod(1 - betas.double(), 0)]))


def linear(T: int = 1000, beta_first: float = 1e-4, beta_last: float = 0.02) -> NoiseSchedule:
    """Evenly rising β (Ho et al. 2020, section 4)."""
    return from_betas(torch.linspace(beta_first, beta_last, T, dtype=torch.float64))


def cosine(T: int = 1000, offset: float = 0.008) -> NoiseSchedule:
    """`ā = cos²((t/T + o) / (1 + o) · π/2)`, normalised, β at most 0.999 (Nichol and Dhariwal 2021, equation 17)."""
    t = torch.arange(T + 1, dtype=torch.float64) / T
    f = torch.cos((t + offset) / (1 + offset) * math.pi / 2) ** 2
    return from_betas((1 - f[1:] / f[:-1]).clamp(max=MAX_BETA))
