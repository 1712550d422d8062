"""Degradations of Cold Diffusion: `D(x, s)` with severity s in [0, 1] and `D(x, 0) = x`, for images and clouds."""

from generative.degradations.clouds import Crop, Decimate, Flatten, Jitter, Quantise
from generative.degradations.images import Blur, Desaturate, Fade, Pixelate, Snow, snow_layer, spot

__all__ = [
    "Blur",
    "Crop",
    "Decimate",
    "Desaturate",
    "Fade",
    "Flatten",
    "Jitter",
    "Pixelate",
    "Quantise",
    "Snow",
    "snow_layer",
    "spot",
]
