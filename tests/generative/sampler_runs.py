"""What the tests of the samplers share: a network, levels to visit, signals."""

from __future__ import annotations

import torch
from torch import Tensor

from generative import samplers, schedules
from tests.generative.operator_cases import signals

SCHEDULE = schedules.linear(1000)
STEPS = SCHEDULE.steps(schedules.pairs(schedules.uniform(1000, 20)))
EVERY = schedules.linear(30, 1e-3, 0.3).steps(schedules.pairs(range(1, 31)))
SHAPE = (3, 4, 5)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def network(x: Tensor, time: Tensor) -> Tensor:
    """Some network: neither linear nor the same at all times and pixels."""
    return torch.tanh(0.7 * x + 0.2 * torch.roll(x, 1, -1)) * (0.8 + time.view(-1, *[1] * (x.ndim - 1)) / 4000)


DENOISE = samplers.Denoiser(network)


def x_T(shape: tuple[int, ...] = SHAPE, dtype: torch.dtype = torch.float64) -> Tensor:
    return signals(shape, 2, dtype)


SEVERITIES = [(s / 10, (s - 1) / 10) for s in range(10, 0, -1)]
"""Of Cold Diffusion."""


def rddm_network(x: Tensor, degraded: Tensor, times: Tensor) -> tuple[Tensor, Tensor]:
    gain = (1 + times.mean(1) / 100).view(-1, 1, 1, 1)
    return torch.tanh(degraded - 0.3 * x) * gain, torch.tanh(x - degraded)
