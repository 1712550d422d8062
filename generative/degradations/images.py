"""Degradations of images `[B, C, H, W]` with values in [-1, 1] (Bansal et al. 2022, section 5). Any size, no randomness when applied."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Generator, Tensor
from torch.nn import functional as F


@dataclass(frozen=True)
class Blur:
    """Gaussian blur of standard deviation `s · sigma` pixels; the border is continued."""

    sigma: float = 4.0

    @property
    def strength(self) -> float:
        """As a part of the usual one."""
        return self.sigma / Blur.sigma

    def __call__(self, x: Tensor, s: float) -> Tensor:
        """`D(x, s)`."""
        if s == 0:
            return x
        radius = max(math.ceil(3 * s * self.sigma), 1)
        offsets = torch.arange(-radius, radius + 1, dtype=x.dtype, device=x.device)
        kernel = torch.softmax(-(offsets**2) / (2 * (s * self.sigma) ** 2), 0)
        channels = x.shape[1]
        padded = F.pad(x, (radius,) * 4, mode="replicate")
        down = F.conv2d(padded, kernel.view(1, 1, -1, 1).expand(channels, -1, -1, -1), groups=channels)
        return F.conv2d(down, kernel.view(1, 1, 1, -1).expand(channels, -1, -1, -1), groups=channels)


@dataclass(frozen=True)
class Fade:
    """Fades to grey (0) where `mask` is 1: `(1 - s m) x`.

    Args:
        mask: In [0, 1], broadcast against the images: `[H, W]`, `[B, 1, H, W]`.
    """

    mask: Tensor

    def __call__(self, x: Tensor, s: float) -> Tensor:
        """`D(x, s)`."""
        return (1 - s * self.mask.to(x)) * x


@dataclass(frozen=True)
class Pixelate:
    """Means over blocks of `1 + s (largest - 1)` pixels, rounded; blocks at the border may be smaller."""

    largest: int = 8

    @property
    def strength(self) -> float:
        """As a part of the usual one."""
        return (self.largest - 1) / (Pixelate.largest - 1)

    def __call__(self, x: Tensor, s: float) -> Tensor:
        """`D(x, s)`."""
        side = round(1 + s * (self.largest - 1))
        if side == 1:
            return x
        means = F.avg_pool2d(x, side, ceil_mode=True, count_include_pad=False)
        return means.repeat_interleave(side, 2).repeat_interleave(side, 3)[..., : x.shape[-2], : x.shape[-1]]


@dataclass(frozen=True)
class Desaturate:
    """Colours go over to their mean: `(1-s) x + s mean_c x`."""

    def __call__(self, x: Tensor, s: float) -> Tensor:
        """`D(x, s)`."""
        return torch.lerp(x, x.mean(1, keepdim=True).expand_as(x), s)


@dataclass(frozen=True)
class Snow:
    """Flakes cover the picture with white, more and denser ones as s grows: `x + f (1 - x)` with `f = max(layer - (1-s), 0)`.

    Args:
        layer: In [0, 1], broadcast against the images (`snow_layer`).
    """

    layer: Tensor

    def __call__(self, x: Tensor, s: float) -> Tensor:
        """`D(x, s)`."""
        flakes = (self.layer.to(x) - (1 - s)).clamp(min=0)
        return x + flakes * (1 - x)


def spot(height: int, width: int, centre: tuple[float, float], sigma: float) -> Tensor:
    """A smooth mask `[height, width]`, float32: 1 at `centre` (row, column), Gaussian of `sigma` pixels."""
    rows, columns = torch.arange(height)[:, None] - centre[0], torch.arange(width) - centre[1]
    return torch.exp(-(rows**2 + columns**2) / (2 * sigma**2))


def snow_layer(height: int, width: int, generator: Generator, size: float = 1.2, streak: int = 7) -> Tensor:
    """A layer of falling flakes `[height, width]` in [0, 1]: blurred noise, drawn out along a diagonal.

    Args:
        height: Pixels.
        width: Pixels.
        generator: Draws the flakes.
        size: Radius of a flake, pixels.
        streak: Length of its fall, pixels.
    """
    margin = streak
    grain = torch.randn(1, 1, height + margin, width + margin, generator=generator)
    flakes = Blur(size)(grain, 1.0)
    fallen = torch.stack([flakes[..., i : i + height, i : i + width] for i in range(margin)]).mean(0)[0, 0]
    low, high = fallen.median(), fallen.max()
    return ((fallen - low) / (high - low)).clamp(0, 1)
