"""How the surroundings of corresponding points are stretched and turned from one photo to another."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

Array = NDArray[np.float64]

_FEWEST = 8
"""Points below which nothing can be said."""
_NEIGHBOURS = 12
_STIFFNESS = 0.1
"""How much the deformation of the whole picture counts beside that of the neighbours."""
_ROUNDS = 4
_NOISE = 0.3
"""Error of keypoints in pixels; what fits worse than the other neighbours counts less (Cauchy weights)."""


def local_affines(first: Array, second: Array) -> Array:
    """Robust fits of the neighbours of each point.

    Args:
        first: `[N, 2]` points of the first photo, pixels.
        second: `[N, 2]` the corresponding points.

    Returns:
        `[N, 2, 2]`: offsets from a point in the first photo to those in the second; the identity where there are too few points.
    """
    if len(first) < _FEWEST:
        return np.tile(np.eye(2), (len(first), 1, 1))
    whole = _fit((first - first.mean(0))[None], (second - second.mean(0))[None], np.zeros((1, 2, 2)), 1e-9)[0]
    distance, index = cKDTree(first).query(first, min(_NEIGHBOURS, len(first)))
    stiffness = _STIFFNESS * index.shape[1] * (distance[:, -1] ** 2 + 1)
    return _fit(first[index] - first[:, None], second[index] - second[:, None], np.tile(whole, (len(first), 1, 1)), stiffness)


def _fit(x: Array, y: Array, start: Array, stiffness: Array | float) -> Array:
    """Matrices `[N, 2, 2]` that take offsets `[N, K, 2]` to others, held near `start` by `stiffness` (square pixels)."""
    held = np.broadcast_to(stiffness, len(x))[:, None, None]
    weight = np.ones(x.shape[:2])
    result = start
    for _ in range(_ROUNDS):
        normal = np.einsum("nk,nki,nkj->nij", weight, x, x) + held * np.eye(2)
        result = (np.einsum("nk,nki,nkj->nij", weight, y, x) + held * start) @ np.linalg.inv(normal)
        error = np.linalg.norm(y - x @ result.transpose(0, 2, 1), axis=2)
        weight = 1 / (1 + (error / (2 * np.median(error, 1, keepdims=True) + _NOISE)) ** 2)
    return result
