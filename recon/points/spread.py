"""Spreads points evenly over the surface they lie on."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.points.filters import CHUNK

NEIGHBORS = 12
_STEP = 0.2


def spread(points: NDArray[np.floating], normals: NDArray[np.floating], farthest: float, rounds: int = 5) -> NDArray[np.float32]:
    """Lets neighbours repel each other in their tangent planes (the repulsion of Huang et al. 2009, "WLOP", eq. 2).

    Noise moves points along the surface as much as off it and so leaves clumps and gaps, which no move along the normals undoes.

    Args:
        points: `[N, 3]`.
        normals: `[N, 3]` unit vectors of any sign.
        farthest: No point moves farther than this in all.
        rounds: Number of small steps.

    Returns:
        `[N, 3]`.
    """
    from scipy.spatial import cKDTree

    result, k = np.asarray(points, np.float64), min(NEIGHBORS + 1, len(points))
    parts = [slice(i, i + CHUNK) for i in range(0, len(points), CHUNK)]
    for _ in range(rounds):
        tree = cKDTree(result)
        result = np.concatenate([_step(tree, result[part], points[part], normals[part], farthest, k) for part in parts])
    return result.astype(np.float32)


def _step(
    tree: Any, some: NDArray[np.float64], begun: NDArray[np.floating], normals: NDArray[np.floating], farthest: float, k: int
) -> NDArray[np.float64]:
    """Where some of the points of a tree, `[M, 3]`, go; they were at `begun` at first."""
    push = _push(tree, some, k)
    push -= np.einsum("nc,nc->n", push, normals)[:, None] * normals
    move = some + push - begun
    length = np.linalg.norm(move, axis=1, keepdims=True)
    result: NDArray[np.float64] = begun + move * np.minimum(1, farthest / length.clip(1e-30))
    return result


def _push(tree: Any, some: NDArray[np.float64], k: int) -> NDArray[np.float64]:
    """Where their neighbours push some of the points `[M, 3]`."""
    distance, index = tree.query(some, k=np.arange(1, k + 1), workers=-1)
    reach = distance[:, -1:].clip(1e-30)
    weight = np.square(1 - distance[:, 1:] / reach)
    away = some[:, None] - tree.data[index[:, 1:]]
    push: NDArray[np.float64] = (weight[..., None] * away / distance[:, 1:, None].clip(1e-30)).sum(1) * reach * _STEP
    return push
