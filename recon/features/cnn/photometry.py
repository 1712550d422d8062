"""Changes of a picture that a feature has to outlast: light, exposure, blur, noise, compression."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.float32]


def disturbed(grey: Picture, rng: np.random.Generator) -> NDArray[np.uint8]:
    """A grey picture `[H, W]` in [0, 1] as another camera at another time might have taken it, uint8."""
    for change, chance in ((_light, 0.4), (_blur, 0.3), (_exposure, 0.7), (_noise, 0.5)):
        if rng.random() < chance:
            grey = change(grey, rng)
    result = np.rint(grey.clip(0, 1) * 255).astype(np.uint8)
    return _compressed(result, rng) if rng.random() < 0.4 else result


def _light(grey: Picture, rng: np.random.Generator) -> Picture:
    """A smooth change of brightness across the picture, and at times the hard edge of a shadow."""
    height, width = grey.shape
    coarse = rng.uniform(0.4, 1.4, (3, 3)).astype(np.float32)
    field = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    if rng.random() < 0.4:
        corners = (rng.uniform(-0.3, 1.3, (4, 2)) * (width, height)).astype(np.int32)
        shade = np.ones((height, width), np.float32)
        cv2.fillConvexPoly(shade, cv2.convexHull(corners), float(rng.uniform(0.35, 0.8)))
        field = field * cv2.GaussianBlur(shade, (0, 0), float(rng.uniform(0.5, 4)))
    return np.asarray(grey * field, np.float32)


def _exposure(grey: Picture, rng: np.random.Generator) -> Picture:
    """Up to 1.5 stops more or less light, another tone curve, contrast and offset; at times the negative is not taken."""
    linear = np.maximum(grey, 0) ** 2.2 * 2 ** rng.uniform(-1.5, 1.5)
    curve = linear.clip(0, 1) ** (1 / (2.2 * 2 ** rng.uniform(-0.4, 0.4)))
    return np.asarray((curve - 0.5) * rng.uniform(0.6, 1.2) + 0.5 + rng.uniform(-0.1, 0.1), np.float32)


def _blur(grey: Picture, rng: np.random.Generator) -> Picture:
    """Out of focus, or moved."""
    if rng.random() < 0.6:
        return np.asarray(cv2.GaussianBlur(grey, (0, 0), float(rng.uniform(0.4, 1.8))), np.float32)
    length, angle = int(rng.integers(3, 8)), rng.uniform(0, np.pi)
    kernel = np.zeros((9, 9), np.float32)
    reach = np.linspace(-length / 2, length / 2, 33)
    np.add.at(kernel, (np.rint(4 + reach * np.sin(angle)).astype(int), np.rint(4 + reach * np.cos(angle)).astype(int)), 1.0)
    return np.asarray(cv2.filter2D(grey, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REFLECT), np.float32)


def _noise(grey: Picture, rng: np.random.Generator) -> Picture:
    """Of the sensor, a little coarser than the pixel at times."""
    noise = rng.standard_normal(grey.shape, dtype=np.float32)
    if rng.random() < 0.3:
        noise = 2 * cv2.GaussianBlur(noise, (3, 3), 0.8)
    return np.asarray(grey + noise * rng.uniform(0.005, 0.05), np.float32)


def _compressed(grey: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    quality = int(rng.integers(30, 95))
    _, data = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.uint8)
