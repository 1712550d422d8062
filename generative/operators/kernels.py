"""Blur kernels, float64, of sum 1."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def uniform_kernel(size: int) -> Tensor:
    """A mean over `size` pixels, `[size]`."""
    if size < 1:
        raise ValueError(f"a kernel of {size} pixels is none")
    return torch.full((size,), 1 / size, dtype=torch.float64)


def gaussian_kernel(sigma: float, reach: float = 4.0) -> Tensor:
    """A Gaussian of standard deviation `sigma` pixels, cut off at `reach` of them, `[2r+1]`."""
    if not sigma > 0:
        raise ValueError(f"a blur of width {sigma} is none")
    radius = max(math.ceil(reach * sigma), 1)
    x = torch.arange(-radius, radius + 1, dtype=torch.float64)
    kernel = torch.exp(-(x**2) / (2 * sigma**2))
    return kernel / kernel.sum()


def gaussian_kernel_2d(sigma_u: float, sigma_v: float, angle: float = 0.0, reach: float = 4.0) -> Tensor:
    """An anisotropic Gaussian `[2r+1, 2r+1]`: `sigma_u` pixels along the direction `angle` (radians, x towards y), `sigma_v` across."""
    if not min(sigma_u, sigma_v) > 0:
        raise ValueError(f"a blur of widths {sigma_u}, {sigma_v} is none")
    radius = max(math.ceil(reach * max(sigma_u, sigma_v)), 1)
    axis = torch.arange(-radius, radius + 1, dtype=torch.float64)
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    u, v = math.cos(angle) * x + math.sin(angle) * y, -math.sin(angle) * x + math.cos(angle) * y
    kernel = torch.exp(-((u / sigma_u) ** 2 + (v / sigma_v) ** 2) / 2)
    return kernel / kernel.sum()
