"""What was not said about a photograph, estimated from it."""

from __future__ import annotations

import math

from torch import Tensor

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
