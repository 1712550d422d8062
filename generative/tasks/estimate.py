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

    The median size of the finest cosine coefficients of 8x8 blocks, over 0.6745: pictures have few of them, noise fills all (the robust
    estimate of Donoho and Johnstone 1994, section 4.2, with blocks in place of wavelets, which take more texture for noise). The blocks
    lie across those of JPEG. It is rather too high than too low.
    """
    blocks = picture[..., 4:, 4:].unfold(-2, 8, 8).unfold(-2, 8, 8)
    finest = dct(dct(blocks).mT)[..., 6:, 6:]
    return float(finest.abs().flatten().median()) / 0.6745 if finest.numel() else 0.0


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


LARGEST_ENLARGEMENT = 7
_PEAK = 8.0
"""Height of a line in the spectrum, relative to the median, that counts: sharp photographs have none above 6, enlarged ones above 15."""


def enlargement(picture: Tensor) -> int:
    """By how many times, 2 to 7, a picture `[C, H, W]` was enlarged; 1 where nothing shows.

    Interpolated pixels differ from their neighbours the less the farther they are from the pixels they were made of, so the mean
    difference of a column from its neighbours repeats with the factor: a line in its spectrum (Gallagher 2005, with second differences).
    In second differences both pixels of a pair look alike, so a factor of 2 is looked for in first ones.
    """
    grey = picture.double().mean(0)
    if min(grey.shape) < 64:
        return 1

    def lines(order: int) -> list[float]:
        """Of periods 0, 1, 2 ...: the lower one of both axes."""
        along = [_periods(torch.diff(g, order).abs().mean(0), order) for g in (grey, grey.mT)]
        return torch.minimum(*along).tolist()

    found = lines(2)
    highest = max(found[3:])
    factors = [s for s in range(3, LARGEST_ENLARGEMENT + 1) if found[s] > max(_PEAK, 0.3 * highest)]
    if factors:  # lines at the half and third of a period are its overtones
        return factors[-1]
    return 2 if lines(1)[2] > _PEAK else 1


def _periods(differences: Tensor, order: int) -> Tensor:
    """How much positive values `[n]` repeat with a period of 0, 1 ... pixels, relative to the median of their spectrum.

    Differences across the borders of JPEG's blocks of 8 pixels are replaced by those between.
    """
    d = (differences + 1e-5).log()
    for first in (7,) if order == 1 else (6, 7):
        at = torch.arange(first + 8, len(d) - 4, 8)
        d[at] = (d[at - 4] + d[at + 4]) / 2
    d = d[8:-8]
    trend = torch.nn.functional.avg_pool1d(d[None], 17, 1, 8, count_include_pad=False)[0]
    d = (d - trend) * torch.hann_window(len(d), dtype=d.dtype)
    spectrum = torch.fft.rfft(d).abs()
    period = torch.arange(2, LARGEST_ENLARGEMENT + 1, dtype=d.dtype)
    wave = torch.exp(-2j * math.pi * torch.arange(len(d)) / period[:, None])
    heights = (wave * d).sum(1).abs() / spectrum.median().clamp(min=1e-9)
    return torch.cat([torch.zeros(2, dtype=d.dtype), heights])
