"""Measurements of one photograph: how wide its edges are, and how it is exposed. What they mean is decided in `verdicts`."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

WORKING_SIZE = 1600
"""Longer side at which sharpness is measured; larger photos are reduced, so a slight blur of very large ones does not count."""
_FINE, _COARSE = 0.8, 1.6
_BINS = 4
_MIN_EDGES = 300
_MAX_WIDTH = 12.0


@dataclass(frozen=True)
class Figures:
    """Measurements of one photograph.

    Args:
        blur_px: Width (standard deviation, pixels at `WORKING_SIZE`) of the blur at the sharpest fifth of the edges, in
            the direction where that is worst; None when the picture has too few edges to tell.
        sharpness: 1 / (1 + blur_px), so that larger is sharper; None with it.
        mean: Mean luminance, 0-255.
        contrast: Standard deviation of luminance.
        low: 2nd percentile of luminance.
        high: 99th percentile of luminance.
        clipped_dark: Share of pixels of luminance <= 3.
        clipped_bright: Share of pixels of luminance >= 252.
        burnt: The same share among the pixels that are not nearly black (luminance > 32), so that a black background
            does not hide a subject that is burnt out.
    """

    blur_px: float | None
    sharpness: float | None
    mean: float
    contrast: float
    low: float
    high: float
    clipped_dark: float
    clipped_bright: float
    burnt: float

    def to_json(self) -> dict[str, float | None]:
        """Plain values, rounded."""
        return {name: None if value is None else round(float(value), 4) for name, value in asdict(self).items()}


def measure(image: NDArray[np.uint8], mask: NDArray[np.bool_] | None = None) -> Figures:
    """Measures a photograph.

    Args:
        image: `[H, W, 3]` uint8 RGB.
        mask: `[H, W]`, True = look here; None = everywhere.
    """
    scale = min(1.0, WORKING_SIZE / max(image.shape[:2]))
    if scale < 1:
        size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
        mask = None if mask is None else cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    inside = grey[mask] if mask is not None and mask.any() else grey.ravel()
    blur = edge_blur(grey.astype(np.float32), mask)
    low, high = np.percentile(inside, [2, 99])
    return Figures(
        blur_px=blur,
        sharpness=None if blur is None else 1 / (1 + blur),
        mean=float(inside.mean()),
        contrast=float(inside.std()),
        low=float(low),
        high=float(high),
        clipped_dark=float((inside <= 3).mean()),
        clipped_bright=float((inside >= 252).mean()),
        burnt=float((inside >= 252).sum() / max(1, int((inside > 32).sum()))),
    )


def edge_blur(grey: NDArray[np.float32], mask: NDArray[np.bool_] | None = None) -> float | None:
    """Standard deviation in pixels of the blur at the picture's edges.

    At a step edge blurred by s, the gradient at scale a is proportional to 1 / sqrt(s^2 + a^2); two scales give s
    without knowing the step's height (after Zhuo and Sim, Defocus map estimation, 2011). Contrast therefore cancels and
    a scene that is smooth between sharp outlines is not called blurred. Edges are sorted by direction, and the
    direction with the widest edges counts, which finds motion blur. The sharpest fifth of each stands for it, because a
    background out of focus is normal.

    Args:
        grey: `[H, W]` float32, 0-255.
        mask: `[H, W]`, True = look here.

    Returns:
        The blur, or None when there are fewer than some hundred clear edge pixels.
    """
    if min(grey.shape) < 32:
        return None
    fine_x, fine_y = _gradient(grey, _FINE)
    coarse_x, coarse_y = _gradient(grey, _COARSE)
    fine, coarse = np.hypot(fine_x, fine_y), np.hypot(coarse_x, coarse_y)
    edges = _edges(coarse, mask)
    if int(edges.sum()) < _MIN_EDGES:
        return None
    ratio_2 = np.clip(fine[edges] / np.maximum(coarse[edges], 1e-6), 1.0, None) ** 2
    # ratio^2 = (s^2 + coarse^2) / (s^2 + fine^2); at 1 the edge is wider than can be told
    blur = np.sqrt(np.clip((_COARSE**2 - ratio_2 * _FINE**2) / np.maximum(ratio_2 - 1, 1e-3), 0, _MAX_WIDTH**2))
    angle = np.arctan2(coarse_y[edges], coarse_x[edges]) % np.pi
    direction = np.minimum((angle / np.pi * _BINS + 0.5).astype(int) % _BINS, _BINS - 1)
    counts = np.bincount(direction, minlength=_BINS)
    enough = max(_MIN_EDGES // _BINS, 0.08 * len(blur))
    return max(float(np.percentile(blur[direction == k], 20)) for k in range(_BINS) if counts[k] >= enough)


def _gradient(grey: NDArray[np.float32], sigma: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Derivatives of the picture smoothed by a Gaussian, normalised so that both scales can be compared."""
    radius = math.ceil(4 * sigma)
    offsets = np.arange(-radius, radius + 1, dtype=np.float32)
    smooth = np.exp(-0.5 * (offsets / sigma) ** 2)
    smooth /= smooth.sum()
    slope = offsets * smooth / sigma**2
    x = cv2.sepFilter2D(grey, cv2.CV_32F, slope, smooth, borderType=cv2.BORDER_REFLECT_101)
    y = cv2.sepFilter2D(grey, cv2.CV_32F, smooth, slope, borderType=cv2.BORDER_REFLECT_101)
    return np.asarray(x, np.float32), np.asarray(y, np.float32)


def _edges(gradient: NDArray[np.float32], mask: NDArray[np.bool_] | None) -> NDArray[np.bool_]:
    """Ridges of the gradient among its strongest pixels: where an edge is, not the slope beside it."""
    usable = np.zeros(gradient.shape, bool)
    usable[8:-8, 8:-8] = True  # JPEG's and the filter's border
    if mask is not None:
        usable &= cv2.erode(mask.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    if not usable.any():
        return usable
    threshold = max(2.0, float(np.percentile(gradient[usable], 90)))
    ridge = gradient >= 0.999 * cv2.dilate(gradient, np.ones((3, 3), np.uint8))
    return np.asarray(usable & ridge & (gradient >= threshold))
