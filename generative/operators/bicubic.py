"""Super-resolution from a bicubic reduction, with the anti-aliasing that published benchmarks use."""

from __future__ import annotations

import torch
from torch import Tensor

from generative.operators.separable import SeparableOperator, mirrored


def bicubic_downsampling(height: int, width: int, scale: int, cutoff: float = 1e-2) -> SeparableOperator:
    """`[B, C, H, W] -> [B, C, H/s, W/s]` by a cubic kernel (Keys 1981, a = -1/2) stretched by s; H and W are multiples of s."""
    if scale < 1 or height % scale or width % scale:
        raise ValueError(f"{height} x {width} is not a multiple of {scale}")
    return SeparableOperator(_reduction(height, scale), _reduction(width, scale), cutoff)


def cubic(x: Tensor) -> Tensor:
    """Keys' cubic convolution kernel with a = -1/2, support [-2, 2]."""
    x = x.abs()
    near = (1.5 * x - 2.5) * x**2 + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return torch.where(x <= 1, near, torch.where(x <= 2, far, 0))


def _reduction(length: int, scale: int) -> Tensor:
    """`[length / scale, length]`, rows of sum 1; beyond the border the line is mirrored."""
    n = length // scale
    centre = scale * torch.arange(n, dtype=torch.float64)[:, None] + (scale - 1) / 2
    around = centre.floor().long() + torch.arange(-2 * scale, 2 * scale + 1)
    weights = cubic((around - centre) / scale)
    weights = weights / weights.sum(1, keepdim=True)
    rows = torch.arange(n)[:, None].expand_as(around)
    return torch.zeros(n, length, dtype=torch.float64).index_put_((rows, mirrored(around, length)), weights, accumulate=True)
