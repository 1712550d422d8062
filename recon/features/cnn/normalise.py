"""Evens the light of pictures: mean and contrast of the surroundings are taken out."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

_CELL = 8
_CELLS = 9
_FAINT = 0.02
"""Contrast (standard deviation of grey in [0, 1]) below which differences are no longer lifted to the full."""


def even_light(grey: Tensor) -> Tensor:
    """Grey pictures `[B, 1, H, W]` in [0, 1], sides multiples of 8, as deviations from their surroundings of about 72 pixels.

    The deviation is in units of the standard deviation there, so the result does not depend on gain and offset of the light.
    """
    grey = grey - 0.5  # keeps the variance exact in float32
    mean = F.avg_pool2d(grey, _CELL)
    square = F.avg_pool2d(grey * grey, _CELL)
    mean, square = (F.avg_pool2d(x, _CELLS, 1, _CELLS // 2, count_include_pad=False) for x in (mean, square))
    spread = (square - mean * mean).clamp(min=0)
    scale = 1 / (spread.sqrt() + _FAINT)
    mean, scale = (F.interpolate(x, scale_factor=_CELL, mode="bilinear", align_corners=False) for x in (mean, scale))
    return (grey - mean) * scale
