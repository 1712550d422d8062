"""Variance-exploding levels, served by a network trained on a variance-preserving schedule.

`x_VE = x_0 + σ z` and `x_VP = x_VE / sqrt(1+σ²)`, so the level of σ has ā = 1 / (1+σ²); its time lies between those of its neighbours.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Sequence
from itertools import pairwise

import torch

from generative.schedules.noise import Level, NoiseSchedule


def geometric_sigmas(n: int, smallest: float = 0.01, largest: float = 50.0) -> tuple[float, ...]:
    """n falling σ in constant ratio, then σ(0) := 0 (Song et al. 2021, score-based SDEs, appendix C)."""
    return (*torch.logspace(math.log10(largest), math.log10(smallest), n, dtype=torch.float64).tolist(), 0.0)


def karras_sigmas(n: int, smallest: float = 0.01, largest: float = 50.0, rho: float = 7.0) -> tuple[float, ...]:
    """n falling σ, even in σ^(1/ρ), then 0 (Karras et al. 2022, equation 5)."""
    ramp = torch.linspace(largest ** (1 / rho), smallest ** (1 / rho), n, dtype=torch.float64)
    return (*(ramp**rho).tolist(), 0.0)


def ve_steps(schedule: NoiseSchedule, sigmas: Sequence[float]) -> tuple[tuple[Level, Level], ...]:
    """Steps between neighbouring σ of a falling list, as levels of `schedule`'s network."""
    levels = [level_of_sigma(schedule, sigma) for sigma in sigmas]
    return tuple(pairwise(levels))


def level_of_sigma(schedule: NoiseSchedule, sigma: float) -> Level:
    """The level with this σ; its time is interpolated in log σ and held at the ends of what the network has seen."""
    if not 0 <= sigma < math.inf:
        raise ValueError(f"σ is a number from 0 on, not {sigma}")
    above = bisect.bisect_left(range(1, schedule.T + 1), sigma, key=lambda t: schedule.level(t).sigma) + 1
    low, high = schedule.level(max(above - 1, 1)), schedule.level(min(above, schedule.T))
    if low == high:
        time = low.time
    else:
        share = math.log(sigma / low.sigma) / math.log(high.sigma / low.sigma)
        time = low.time + share * (high.time - low.time)
    return Level(time, 1 / (1 + sigma**2))
