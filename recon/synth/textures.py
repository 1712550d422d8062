"""Procedural colour textures with detail at all scales. All repeat, `[size, size, 3]` float32 sRGB in [0, 1]."""

from __future__ import annotations

import colorsys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from recon.errors import InputError
from recon.synth.noise import cellular, fractal, warp

Array = NDArray[np.float32]


def palette(rng: np.random.Generator, count: int) -> Array:
    """Colours that go together but differ in brightness, `[count, 3]`."""
    hue = rng.random()
    spread = rng.choice([0.06, 0.15, 0.5])
    values = np.linspace(0.2, 0.95, count) if count > 1 else np.array([0.6])
    colors = [
        colorsys.hsv_to_rgb((hue + spread * rng.normal()) % 1.0, float(rng.uniform(0.1, 0.85)), float(v)) for v in rng.permutation(values)
    ]
    return np.asarray(colors, np.float32)


def ramp(values: Array, colors: Array) -> Array:
    """Colours `[count, 3]` laid evenly over [0, 1] and read at `values` `[...]`."""
    position = values.clip(0, 1) * (len(colors) - 1)
    low = np.minimum(position.astype(np.int32), max(len(colors) - 2, 0))
    part = (position - low)[..., None].astype(np.float32)
    high = np.minimum(low + 1, len(colors) - 1)
    return np.asarray(colors[low] * (1 - part) + colors[high] * part, np.float32)


def clouds(rng: np.random.Generator, size: int) -> Array:
    """Fractal noise through a colour ramp."""
    return ramp(fractal(rng, size, start=int(rng.choice([3, 6, 12])), gain=float(rng.uniform(0.55, 0.85))), palette(rng, 5))


def mosaic(rng: np.random.Generator, size: int) -> Array:
    """Cells of different colours with dark joints and grain."""
    _, edge, index = cellular(rng, size, int(rng.integers(8, 40)))
    colors = palette(rng, 6)
    picture = colors[rng.integers(0, 6, index.max() + 1)][index]
    joint = np.clip(edge / rng.uniform(0.05, 0.2), 0, 1)[..., None]
    return np.asarray(picture * (0.3 + 0.7 * joint), np.float32)


def speckle(rng: np.random.Generator, size: int) -> Array:
    """Dots of several sizes on an uneven ground."""
    colors = palette(rng, 4)
    picture = ramp(fractal(rng, size, start=4, gain=0.6), colors[:2])
    for cells, color in ((int(rng.integers(12, 24)), colors[2]), (int(rng.integers(40, 90)), colors[3])):
        near, _, index = cellular(rng, size, cells)
        reach = rng.uniform(0.1, 0.5, index.max() + 1).astype(np.float32)[index]
        mask = np.clip((reach - near) * size / cells / 2, 0, 1)[..., None]
        picture = picture * (1 - mask) + color * mask
    return np.asarray(picture, np.float32)


def stripes(rng: np.random.Generator, size: int) -> Array:
    """Bent stripes of uneven width."""
    count = int(rng.integers(3, 12))
    bend = float(rng.uniform(0.01, 0.08)) * (2 * fractal(rng, size, start=3, gain=0.45) - 1)
    wave = (np.arange(size, dtype=np.float32) / size)[:, None] + bend
    widths = rng.random(count * 4).astype(np.float32)
    index = np.floor(wave * count * 4).astype(np.int32) % (count * 4)
    picture = palette(rng, 5)[(widths[index] * 5).astype(np.int32)]
    return np.asarray(picture if rng.random() < 0.5 else picture.transpose(1, 0, 2), np.float32)


def veins(rng: np.random.Generator, size: int) -> Array:
    """Marble: ridged, bent noise."""
    ridge = 1 - np.abs(2 * warp(fractal(rng, size, start=4, gain=0.5), rng, 0.06) - 1)
    return ramp(np.asarray(ridge ** float(rng.uniform(1.5, 4)), np.float32), palette(rng, 4))


RECIPES: tuple[Callable[[np.random.Generator, int], Array], ...] = (clouds, mosaic, speckle, stripes, veins)


def mixed_texture(rng: np.random.Generator, size: int = 512) -> Array:
    """Two recipes mixed by a third pattern, with grain on top: something to match at every distance."""
    first, second = (RECIPES[int(i)](rng, size) for i in rng.integers(0, len(RECIPES), 2))
    mask = np.clip((fractal(rng, size, start=int(rng.choice([3, 5, 9])), gain=0.6) - rng.uniform(0.35, 0.65)) * 6 + 0.5, 0, 1)[..., None]
    return grained(first * (1 - mask) + second * mask, rng, float(rng.uniform(0.1, 0.45)))


def grained(picture: Array, rng: np.random.Generator, strength: float) -> Array:
    """Multiplies by fine fractal noise."""
    grain = fractal(rng, picture.shape[0], start=16, gain=0.9)
    return np.asarray((picture * (1 + strength * (2 * grain[..., None] - 1))).clip(0, 1), np.float32)


def photo_texture(path: Path, size: int = 1024) -> Array:
    """A photograph's largest square, mirrored so that it repeats without a seam.

    Raises:
        InputError: The file cannot be read as a picture.
    """
    data = np.fromfile(path, np.uint8) if path.is_file() else np.zeros(0, np.uint8)
    picture = cv2.imdecode(data, cv2.IMREAD_COLOR) if len(data) else None
    if picture is None:
        raise InputError(f"Cannot use '{path}' as a texture.", "It is not a picture.", "Give JPEG or PNG files.")
    side = min(picture.shape[:2])
    top, left = (picture.shape[0] - side) // 2, (picture.shape[1] - side) // 2
    half = cv2.resize(picture[top : top + side, left : left + side, ::-1], (size // 2, size // 2), interpolation=cv2.INTER_AREA)
    row = np.concatenate([half, half[:, ::-1]], axis=1)
    return np.asarray(np.concatenate([row, row[::-1]], axis=0), np.float32) / np.float32(255)
