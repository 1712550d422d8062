"""Classical filters for clouds: outliers, smoothing, normals. Points are `[N, 3]`; neighbourhoods are counted, so any scale will do."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from recon.errors import ShapeError

CHUNK = 50_000
"""Points whose neighbourhoods are held at once."""

Array = NDArray[np.float64]


def statistical_inliers(points: NDArray[np.floating], k: int = 16, deviations: float = 2.0) -> NDArray[np.bool_]:
    """Points whose mean distance to their neighbours is not unusual (Rusu et al. 2008, "Towards 3D point cloud based object maps").

    Args:
        points: `[N, 3]`.
        k: Neighbours.
        deviations: A mean distance is unusual when it is above the mean of all by so many standard deviations.

    Returns:
        `[N]`, True = stays.
    """
    mean = np.concatenate([distance.mean(1) for _, distance, _ in _neighborhoods(points, k)])
    return np.asarray(mean <= mean.mean() + deviations * mean.std())


def local_inliers(points: NDArray[np.floating], k: int = 16, factor: float = 3.0) -> NDArray[np.bool_]:
    """Points not much farther from their neighbours than these are from theirs, so that sparse regions stay (after Breunig et al. 2000).

    Args:
        points: `[N, 3]`.
        k: Neighbours.
        factor: A point goes when its mean distance is more than this times the median of its neighbours'.

    Returns:
        `[N]`, True = stays.
    """
    found = [(index.astype(np.int32), distance.mean(1)) for index, distance, _ in _neighborhoods(points, k)]  # for all points at once
    mean = np.concatenate([distance for _, distance in found])
    usual = np.concatenate([np.median(mean[index], axis=1) for index, _ in found])
    return np.asarray(mean <= factor * usual)


def reach(points: NDArray[np.floating], k: int = 8, samples: int = 2000) -> float:
    """Median distance of points `[N, 3]` to the `k`-th nearest, themselves counted."""
    chosen = points[:: max(1, len(points) // samples)]
    return float(np.median(_tree(points).query(chosen, k=[min(k, len(points))])[0]))


def radius_inliers(points: NDArray[np.floating], radius: float, least: int) -> NDArray[np.bool_]:
    """Points with at least `least` others within `radius`; `[N]`, True = stays."""
    if not radius > 0:
        raise ShapeError(f"the radius must be above 0, got {radius}")
    tree = _tree(points)
    return np.asarray(tree.query_ball_point(points, radius, return_length=True, workers=-1) > least)


def pca_normals(points: NDArray[np.floating], k: int = 16) -> NDArray[np.float32]:
    """Unit normals `[N, 3]` by principal components of `k` neighbours (Hoppe et al. 1992, section 3.2); of any sign."""
    parts = [_plane(offsets, np.ones(offsets.shape[:2]))[1] for _, _, offsets in _neighborhoods(points, k)]
    return np.concatenate(parts).astype(np.float32)


def bilateral(points: NDArray[np.floating], k: int = 32, rounds: int = 2) -> NDArray[np.float32]:
    """Moves points along their normals to the mean of the neighbours, those far off the tangent plane counting less.

    Digne and de Franchis 2017, "The bilateral filter for point clouds"; the width of the second weight is the spread of the distances from
    the tangent plane, so that the noise need not be known.

    Args:
        points: `[N, 3]`.
        k: Neighbours.
        rounds: The filter is applied so often.

    Returns:
        `[N, 3]`.
    """
    result = np.asarray(points, np.float64)
    for _ in range(rounds):
        moves = []
        for _, distance, offsets in _neighborhoods(result, k):
            near = np.exp(-np.square(2 * distance / distance[:, -1:].clip(1e-30)) / 2)
            _, normal = _plane(offsets, near)
            height = np.einsum("nkc,nc->nk", offsets, normal)
            spread = np.sqrt(np.average(np.square(height), axis=1, weights=near))[:, None].clip(1e-30)
            weight = near * np.exp(-np.square(height / spread) / 2)
            moves.append((weight * height).sum(1, keepdims=True) / weight.sum(1, keepdims=True) * normal)
        result = result + np.concatenate(moves)
    return result.astype(np.float32)


def moving_least_squares(points: NDArray[np.floating], k: int = 48, rounds: int = 1) -> NDArray[np.float32]:
    """Moves points onto the quadric that fits their neighbours best, along the normal (Alexa et al. 2003).

    Args:
        points: `[N, 3]`.
        k: Neighbours; they count by a Gaussian of half the neighbourhood's radius.
        rounds: The points are moved so often.

    Returns:
        `[N, 3]`.
    """
    result = np.asarray(points, np.float64)
    for _ in range(rounds):
        result = result + np.concatenate([_onto_quadric(distance, offsets) for _, distance, offsets in _neighborhoods(result, k)])
    return result.astype(np.float32)


def _onto_quadric(distance: Array, offsets: Array) -> Array:
    """Displacements `[M, 3]` onto the height field of degree 2 over the tangent plane."""
    radius = distance[:, -1:].clip(1e-30)
    weight = np.exp(-np.square(2 * distance / radius) / 2)
    mean, normal = _plane(offsets, weight)
    first = np.cross(normal, np.eye(3)[np.abs(normal).argmin(1)])
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    local = (offsets - mean[:, None]) / radius[:, None]
    u = np.einsum("nkc,nc->nk", local, first)
    v = np.einsum("nkc,nc->nk", local, np.cross(normal, first))
    height = np.einsum("nkc,nc->nk", local, normal)
    terms = np.stack([np.ones_like(u), u, v, u * u, u * v, v * v], -1)
    weighted = terms * weight[..., None]
    normal_matrix = weighted.transpose(0, 2, 1) @ terms + 1e-6 * np.eye(6)
    coefficients = np.linalg.solve(normal_matrix, (weighted * height[..., None]).sum(1)[..., None])[..., 0]
    center = np.einsum("nc,nkc->nk", coefficients, terms[:, :1])[:, 0]  # the neighbour nearest to a point is the point itself
    moves: Array = ((center - height[:, 0]) * radius[:, 0])[:, None] * normal
    return moves


def _plane(offsets: Array, weight: Array) -> tuple[Array, Array]:
    """Weighted mean `[M, 3]` and direction of the smallest variance `[M, 3]` of neighbours `[M, K, 3]`."""
    share = weight / weight.sum(1, keepdims=True).clip(1e-30)
    mean = np.einsum("nk,nkc->nc", share, offsets)
    centred = offsets - mean[:, None]
    covariance = np.einsum("nk,nka,nkb->nab", share, centred, centred)
    return mean, np.linalg.eigh(covariance)[1][..., 0]


def _neighborhoods(points: NDArray[np.floating], k: int) -> Iterator[tuple[NDArray[np.int64], Array, Array]]:
    """Numbers and distances `[M, K]` of the nearest points, the point itself first, and offsets `[M, K, 3]`, by chunks."""
    if len(points) == 0:
        raise ShapeError("there are no points")
    tree, k = _tree(points), min(k, len(points))
    for begin in range(0, len(points), CHUNK):
        some = np.asarray(points[begin : begin + CHUNK], np.float64)
        distance, index = tree.query(some, k=np.arange(1, k + 1), workers=-1)
        yield index, distance, points[index] - some[:, None]


def _tree(points: NDArray[np.floating]):  # type: ignore[no-untyped-def]
    from scipy.spatial import cKDTree

    return cKDTree(points)
