"""Gaussian noise, always from a generator that was handed in."""

from __future__ import annotations

import torch
from torch import Generator, Tensor


def gaussian(like: Tensor, generator: Generator | None) -> Tensor:
    """Standard normal numbers of the shape, type and device of `like`.

    They are drawn where the generator lives: one on the CPU gives the same numbers for every device.
    """
    if generator is None:
        raise ValueError("this sampler draws noise: hand in a torch.Generator")
    return torch.randn(like.shape, generator=generator, dtype=like.dtype, device=generator.device).to(like.device)


def noise(std: float, like: Tensor, generator: Generator | None) -> Tensor | float:
    """`std · z`; just 0 for std = 0, where no generator is needed."""
    return std * gaussian(like, generator) if std > 0 else 0.0
