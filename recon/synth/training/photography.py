"""From light to a JPEG file: exposure, colours, lens, noise, compression."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from recon.synth.texture_bank import to_srgb

Array = NDArray[np.float32]
MIDDLE = 0.2
"""Linear light that the mean of a picture is exposed to."""


@dataclass(frozen=True)
class Style:
    """What all photographs of a set share.

    Args:
        exposure: Standard deviation between photographs, stops; `wild`: the greatest difference when they vary much, else 0.
        wild: See `exposure`.
        balance: Gain of red, green and blue.
        vignetting: Loss of light in the corners, share.
        shot_noise: Variance per unit of light.
        read_noise: Standard deviation in the dark.
        contrast: Exponent of the tone curve about the middle.
        quality: Of JPEG, 75 to 97.
        subsampled: Colour at half resolution.
    """

    exposure: float
    wild: float
    balance: tuple[float, float, float]
    vignetting: float
    shot_noise: float
    read_noise: float
    contrast: float
    quality: int
    subsampled: bool


def random_style(rng: np.random.Generator) -> Style:
    """Mostly an ordinary camera in ordinary light; at times dark, noisy, of low contrast or exposed at random."""
    r, g, b = (float(x) for x in np.exp(rng.normal(0, 0.06, 3)))
    gain = float(10 ** rng.uniform(-4.6, -3.4) if rng.random() < 0.8 else 10 ** rng.uniform(-3.4, -2.8))
    return Style(
        exposure=float(rng.choice([0.03, 0.12, 0.25])),
        wild=1.5 if rng.random() < 0.12 else 0.0,
        balance=(r, g, b),
        vignetting=float(rng.uniform(0, 0.45)) if rng.random() < 0.5 else 0.0,
        shot_noise=gain,
        read_noise=float(gain**0.5 * rng.uniform(0.05, 0.25)),
        contrast=float(np.exp(rng.normal(0, 0.12))),
        quality=int(np.clip(np.rint(75 + 22 * rng.beta(1.6, 1.6)), 75, 97)),
        subsampled=bool(rng.random() < 0.75),
    )


def metered(light: Array, rng: np.random.Generator) -> float:
    """Gain that exposes a picture `[H, W, 3]` to the middle, more or less, without burning out much of it."""
    luminance = light.mean(axis=2)
    gain = MIDDLE / max(float(luminance.mean()), 1e-4)
    gain = min(gain, 1.6 / max(float(np.quantile(luminance, 0.97)), 1e-4))
    return float(gain * 2 ** rng.normal(0, 0.35))


def photograph(light: Array, gain: float, style: Style, rng: np.random.Generator) -> bytes:
    """A JPEG file of linear light `[H, W, 3]`.

    Args:
        light: As rendered.
        gain: Exposure of the set, see `metered`.
        style: Of the set.
        rng: What differs between photographs.
    """
    stops = rng.uniform(-style.wild, style.wild) if style.wild else float(np.clip(rng.normal(0, style.exposure), -0.5, 0.5))
    colors = np.asarray(style.balance) * np.exp(rng.normal(0, 0.015, 3))
    picture = _blurred(light * np.float32(gain * 2**stops) * colors.astype(np.float32), rng)
    picture *= _corners(picture.shape[0], picture.shape[1], style.vignetting)[..., None]
    noise = rng.standard_normal(picture.shape, dtype=np.float32)
    picture += noise * np.sqrt(style.shot_noise * picture.clip(0) + style.read_noise**2).astype(np.float32)
    middle = np.float32(0.5)
    shown = to_srgb(torch.from_numpy(np.ascontiguousarray(picture))).numpy()
    shown = np.where(shown < middle, middle * (shown / middle) ** style.contrast, 1 - middle * ((1 - shown) / middle) ** style.contrast)
    encoded = (shown.clip(0, 1) * 255 + 0.5).astype(np.uint8)[..., ::-1]
    factor = cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420 if style.subsampled else cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444
    options = [cv2.IMWRITE_JPEG_QUALITY, style.quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, factor, cv2.IMWRITE_JPEG_OPTIMIZE, 1]
    return bytes(cv2.imencode(".jpg", np.ascontiguousarray(encoded), options)[1])


def _blurred(picture: Array, rng: np.random.Generator) -> Array:
    """Out of focus a little; a few moved."""
    kind = rng.random()
    if kind < 0.55:
        return picture
    if kind < 0.93:
        return np.asarray(cv2.GaussianBlur(picture, (0, 0), float(rng.uniform(0.3, 0.9 if kind < 0.85 else 1.5))), np.float32)
    length, angle = float(rng.uniform(1.5, 4.0)), float(rng.uniform(0, np.pi))
    t = np.linspace(-length / 2, length / 2, 17)
    kernel = np.zeros((7, 7), np.float32)
    for x, y in zip(3 + t * np.cos(angle), 3 + t * np.sin(angle), strict=True):
        column, row = int(x), int(y)
        fx, fy = x - column, y - row
        kernel[row : row + 2, column : column + 2] += np.outer([1 - fy, fy], [1 - fx, fx])
    return np.asarray(cv2.filter2D(picture, -1, kernel / kernel.sum()), np.float32)


def _corners(height: int, width: int, strength: float) -> Array:
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]  # type: ignore[misc]
    return np.asarray(1 - strength * (x**2 + y**2) / 2, np.float32)
