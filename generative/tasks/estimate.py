"""What was not said about a photograph, estimated from it."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from generative.operators.mirrored_blur import dct

ROUNDING = 2 / 255 / math.sqrt(12)
"""Standard deviation of rounding to 256 grey levels, for pictures in [-1, 1]."""


def noise_level(picture: Tensor) -> float:
    """Standard deviation of white noise in a picture `[..., H, W]`, in its own unit.

    The median size of the finest diagonal wavelet (Haar) coefficients over 0.6745: pictures have few of them, noise fills all
    (Donoho and Johnstone 1994, section 4.2). Fine texture is taken for noise, so it is rather too high than too low.
    """
    even_h, even_w = picture.shape[-2] // 2 * 2, picture.shape[-1] // 2 * 2
    p = picture[..., :even_h, :even_w]
    diagonal = (p[..., ::2, ::2] - p[..., 1::2, ::2] - p[..., ::2, 1::2] + p[..., 1::2, 1::2]) / 2
    return float(diagonal.abs().flatten().median()) / 0.6745 if diagonal.numel() else 0.0


_RINGS = 40


def blur_width(picture: Tensor, noise: float) -> float:
    """Standard deviation in pixels of the Gaussian blur of a picture `[C, H, W]`, 0 where none shows.

    Photographs have a power spectrum near `1/f²` (Field 1987), so `log(f² P(f))` falls with f² by `4π²σ²` where noise does not cover it.
    Sharp photographs come out at 0.3 to 0.6 pixels: what lens and sensor do.

    Args:
        picture: At least 16 pixels high and wide.
        noise: Standard deviation of the white noise of a channel, in the unit of the picture.
    """
    height, width = picture.shape[-2:]
    grey = picture.double().mean(0)
    floor = noise**2 / len(picture)
    power = dct(dct(grey).mT).mT.square()
    frequency = torch.hypot(torch.arange(height)[:, None] / (2 * height), torch.arange(width) / (2 * width)).double()
    ring = (frequency * 2 * _RINGS).long().clamp(max=_RINGS)

    def mean(values: Tensor) -> Tensor:
        sums = torch.zeros(_RINGS + 1, dtype=torch.float64).index_add_(0, ring.flatten(), values.flatten())
        return sums / torch.bincount(ring.flatten(), minlength=_RINGS + 1).clamp(min=1)

    f, p = mean(frequency)[2:_RINGS], mean(power)[2:_RINGS]
    covered = p < 4 * floor + 1e-12
    count = int(covered.double().argmax()) if bool(covered.any()) else len(f)
    if count < 3:
        return 0.0
    f, p = f[:count], p[:count]
    unknowns = torch.stack([torch.ones_like(f), f**2], 1)
    slope = torch.linalg.lstsq(unknowns, ((p - floor) * f**2).log()[:, None]).solution[1]
    return math.sqrt(max(-float(slope), 0.0)) / (2 * math.pi)
