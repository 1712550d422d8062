"""What extractors share: reducing a picture, masks, and sharing keypoints out over it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

_GRID = 8


def reduced(grey: NDArray[np.uint8], max_size: int) -> NDArray[np.uint8]:
    """The picture, by area averaging no longer than `max_size`."""
    height, width = grey.shape
    longest = max(height, width)
    if longest <= max_size:
        return grey
    size = (max(1, round(width * max_size / longest)), max(1, round(height * max_size / longest)))
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)


def contrast(grey: NDArray[np.uint8], width: int = 11) -> NDArray[np.float32]:
    """Standard deviation of the grey levels in the square of `width` pixels around each pixel, `[H, W]`."""
    mean = cv2.boxFilter(grey, cv2.CV_32F, (width, width))
    square = cv2.sqrBoxFilter(grey, cv2.CV_32F, (width, width))
    return np.asarray(np.sqrt(np.maximum(square - mean * mean, 0)), np.float32)


def inside_mask(pixels: NDArray[np.float64], mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which pixels `[N, 2]` fall on a True pixel of the mask."""
    height, width = mask.shape
    x = np.clip(np.rint(pixels[:, 0]).astype(int), 0, width - 1)
    y = np.clip(np.rint(pixels[:, 1]).astype(int), 0, height - 1)
    return np.asarray(mask[y, x], bool)


def shared_out(points: NDArray[np.generic], strength: NDArray[np.floating], limit: int, shape: tuple[int, int]) -> NDArray[np.intp]:
    """Indices of at most `limit` points: the strongest of every cell of a grid, so that one busy corner does not take them all.

    Args:
        points: `[N, 2]` x, y.
        strength: `[N]`; ties go to the earlier point.
        limit: How many.
        shape: Height and width of the picture.

    Returns:
        Indices, the strongest first.
    """
    order = np.argsort(-strength, kind="stable")
    if len(order) <= limit:
        return order
    cells = (points[order] * _GRID / np.array(shape[::-1])).astype(int).clip(0, _GRID - 1)
    cell = cells[:, 1] * _GRID + cells[:, 0]
    by_cell = np.argsort(cell, kind="stable")
    starts = np.r_[0, np.cumsum(np.bincount(cell, minlength=_GRID * _GRID))]
    rank = np.empty(len(order), int)
    rank[by_cell] = np.arange(len(order)) - starts[cell[by_cell]]
    return order[np.sort(np.argsort(rank, kind="stable")[:limit])]
