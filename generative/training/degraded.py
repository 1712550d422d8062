"""Pairs of clean and degraded pictures for blind restoration; pictures are `[3, H, W]` float32 in [-1, 1]."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from generative.operators import gaussian_kernel


def noisy(x: Tensor, rng: np.random.Generator) -> Tensor:
    """White noise of standard deviation 5 to 55 of 255 grey levels; a file holds no more than white and no less than black."""
    return (x + _noise(x, rng, float(rng.uniform(5, 55)))).clamp(-1, 1)


def blurred(x: Tensor, rng: np.random.Generator) -> Tensor:
    """Gaussian blur of 0.6 to 4 pixels, and noise of up to 6 grey levels."""
    kernel = gaussian_kernel(float(rng.uniform(0.6, 4)), reach=3).float()
    radius = len(kernel) // 2
    padded = F.pad(x[None], (radius,) * 4, mode="replicate")
    channels = x.shape[0]
    down = F.conv2d(padded, kernel.view(1, 1, -1, 1).expand(channels, -1, -1, -1), groups=channels)
    out = F.conv2d(down, kernel.view(1, 1, 1, -1).expand(channels, -1, -1, -1), groups=channels)[0]
    return out + _noise(x, rng, float(rng.uniform(0, 6)))


def reduced(x: Tensor, rng: np.random.Generator) -> Tensor:
    """A quarter (or half) of the size and back: means over blocks or bicubic, enlarged bicubically."""
    scale = int(rng.choice([2, 4, 4]))
    small = F.avg_pool2d(x[None], scale)
    if rng.random() < 0.5:
        small = F.interpolate(x[None], scale_factor=1 / scale, mode="bicubic", antialias=True)
    return F.interpolate(small, size=x.shape[-2:], mode="bicubic")[0]


def holed(x: Tensor, rng: np.random.Generator) -> Tensor:
    """Some pixels are `missing`: exactly 0."""
    return x * torch.from_numpy(~missing(rng, *x.shape[-2:]))


def missing(rng: np.random.Generator, height: int, width: int) -> NDArray[np.bool_]:
    """30 to 70 % of the pixels at random, or a few rectangles; `[height, width]`."""
    if rng.random() < 0.5:
        return rng.random((height, width)) < rng.uniform(0.3, 0.7)
    gone = np.zeros((height, width), bool)
    for _ in range(int(rng.integers(1, 4))):
        h, w = (int(rng.integers(4, max(side // 3, 5) + 1)) for side in (height, width))
        top, left = int(rng.integers(height - h + 1)), int(rng.integers(width - w + 1))
        gone[top : top + h, left : left + w] = True
    return gone


KINDS: dict[str, Callable[[Tensor, np.random.Generator], Tensor]] = {"denoise": noisy, "deblur": blurred, "sr": reduced, "inpaint": holed}
"""Task -> how pictures for it are made."""
SHARES = {"denoise": 0.6, "deblur": 0.1, "sr": 0.2, "inpaint": 0.1}
"""Of the tasks among the examples: more of those where the network is the best there is, or nearly."""


def degraded(x: Tensor, rng: np.random.Generator) -> Tensor:
    """The picture, degraded in one of the ways."""
    return KINDS[str(rng.choice(list(SHARES), p=list(SHARES.values())))](x, rng)


def _noise(x: Tensor, rng: np.random.Generator, levels: float) -> Tensor:
    """White noise of so many of 255 grey levels, in the range [-1, 1]."""
    return torch.from_numpy(rng.standard_normal(x.shape, np.float32)) * (levels / 127.5)
