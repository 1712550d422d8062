"""Keypoints to begin with: corners and blobs of classical detectors that are found in both pictures of a pair."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

_SIGMA = 0.8


def classical_points(grey: NDArray[np.uint8], most: int = 500) -> NDArray[np.float32]:
    """`[N, 2]` x, y of extrema of differences of Gaussians and of corners, of a grey picture `[H, W]`."""
    blobs = cv2.SIFT.create(most, 3, 0.015, 10.0, 1.6).detect(grey, None)
    corners = cv2.goodFeaturesToTrack(grey, most, 0.01, 4, blockSize=3)
    found = np.array([k.pt for k in blobs if k.size < 12], np.float32).reshape(-1, 2)
    return found if corners is None else np.concatenate([found, corners.reshape(-1, 2)])


def repeated(
    points: NDArray[np.float32], moved: NDArray[np.float32], others: NDArray[np.float32], limit: float = 1.5
) -> NDArray[np.float32]:
    """Those `points` `[N, 2]` which, moved into the other picture, have one of the `others` `[M, 2]` within `limit` pixels."""
    if not len(points) or not len(others):
        return np.zeros((0, 2), np.float32)
    square = (moved[:, None, 0] - others[None, :, 0]) ** 2 + (moved[:, None, 1] - others[None, :, 1]) ** 2
    near: NDArray[np.bool_] = np.nan_to_num(square, nan=np.inf).min(axis=1) < limit**2
    return points[near]


def bumps(points: NDArray[np.float32], height: int, width: int) -> NDArray[np.float32]:
    """`[H, W]`: a bump of height 1 at the pixel of every point."""
    target = np.zeros((height, width), np.float32)
    reach = np.arange(-2, 3)
    bump = np.exp(-(reach[:, None] ** 2 + reach**2) / (2 * _SIGMA**2)).astype(np.float32)
    for x, y in np.rint(points).astype(int):
        if 2 <= x < width - 2 and 2 <= y < height - 2:
            window = target[y - 2 : y + 3, x - 2 : x + 3]
            np.maximum(window, bump, out=window)
    return target
