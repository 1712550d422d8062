"""Which texel belongs to which face."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_MARGIN = 1.0
_BLOCK = 1 << 21


def face_map(corners: NDArray[np.floating], width: int, height: int) -> NDArray[np.int32]:
    """Number of the face at every texel `[H, W]`, -1 = none; faces claim texels up to one texel outside them, the inside goes first.

    Args:
        corners: `[F, 3, 2]` texel coordinates, texel centres at whole numbers plus a half.
        width: Of the texture.
        height: Of the texture.
    """
    result = np.full(width * height, -1, np.int32)
    near = np.full(width * height, np.inf, np.float32)
    low = np.clip(np.floor(corners.min(axis=1) - _MARGIN).astype(np.int64), 0, [width - 1, height - 1])
    high = np.clip(np.ceil(corners.max(axis=1) + _MARGIN).astype(np.int64), 1, [width, height])
    across, down = (high - low).T
    counts = across * down
    bounds = np.concatenate([[0], np.cumsum(counts)])
    edges = _edges(corners)
    start = 0
    while start < len(corners):
        stop = max(int(np.searchsorted(bounds, bounds[start] + _BLOCK, side="right")) - 1, start + 1)
        face = np.repeat(np.arange(start, stop), counts[start:stop])
        step = np.arange(len(face)) - (bounds[face] - bounds[start])
        x, y = low[face, 0] + step % across[face], low[face, 1] + step // across[face]
        outside = _distance(edges, face, x + 0.5, y + 0.5)
        keep = outside <= _MARGIN
        texel, face, outside = (y * width + x)[keep], face[keep], np.maximum(outside[keep], 0)
        order = np.argsort(-outside, kind="stable")  # of several that claim a texel the last one wins: the nearest
        texel, face, outside = texel[order], face[order], outside[order]
        better = outside < near[texel]
        texel, face, outside = texel[better], face[better], outside[better]
        result[texel], near[texel] = face, outside
        start = stop
    return result.reshape(height, width)


def _edges(corners: NDArray[np.floating]) -> NDArray[np.float64]:
    """Lines of the three edges `[F, 3, 3]`: (a, b, c) with a x + b y + c the distance outside; degenerate faces are never hit."""
    points = np.asarray(corners, np.float64)
    along = np.roll(points, -1, axis=1) - points
    area = along[:, 0, 0] * along[:, 1, 1] - along[:, 0, 1] * along[:, 1, 0]
    normal = np.stack([along[..., 1], -along[..., 0]], axis=-1) * np.sign(area)[:, None, None]
    length = np.linalg.norm(normal, axis=-1, keepdims=True)
    normal = np.divide(normal, length, out=np.zeros_like(normal), where=length > 0)
    offset = -(normal * points).sum(axis=-1, keepdims=True)
    offset[(length[..., 0] == 0).any(axis=1) | (area == 0)] = np.inf
    return np.concatenate([normal, offset], axis=-1)


def _distance(edges: NDArray[np.float64], face: NDArray[np.int64], x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float32]:
    """How far points lie outside their faces at most over the edges, `[S]`; negative inside."""
    result = np.full(len(face), -np.inf)
    for edge in range(3):
        a, b, c = edges[:, edge].T
        np.maximum(result, a[face] * x + b[face] * y + c[face], out=result)
    return result.astype(np.float32)


def barycentric(corners: NDArray[np.floating], x: NDArray[np.floating], y: NDArray[np.floating]) -> NDArray[np.float32]:
    """Weights `[S, 3]` of the corners of triangles `[S, 3, 2]` at points; they leave [0, 1] outside. Triangles need an area."""
    a = corners[:, 0]
    ab, ac = corners[:, 1] - a, corners[:, 2] - a
    area = ab[:, 0] * ac[:, 1] - ab[:, 1] * ac[:, 0]
    px, py = x - a[:, 0], y - a[:, 1]
    second = (px * ac[:, 1] - py * ac[:, 0]) / area
    third = (py * ab[:, 0] - px * ab[:, 1]) / area
    return np.stack([1 - second - third, second, third], axis=1).astype(np.float32)
