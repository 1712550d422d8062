"""Nearest neighbours, balls, farthest points and interpolation for batches of clouds, without compiled extensions.

One rule picks the search: pyg-lib where it is installed, else SciPy's kd-tree on a CPU, else distances by tiles of bounded memory (any
device). All three give the same neighbours, nearest first; equal distances may come in any order.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from recon.errors import ShapeError

TILE = 1 << 24
"""Distances held at once by the search by tiles: 64 MB."""


class Neighbors(NamedTuple):
    """The nearest points of each query, nearest first.

    Args:
        indices: `[B, M, K]` int64, numbers of points.
        distances: `[B, M, K]`, in the points' type.
    """

    indices: Tensor
    distances: Tensor


def knn(points: Tensor, queries: Tensor, k: int) -> Neighbors:
    """The `k` nearest of `points` `[B, N, 3]` for each of `queries` `[B, M, 3]`; no gradient.

    Raises:
        ShapeError: Wrong shapes, or fewer than `k` points.
    """
    _check(points, queries)
    if not 1 <= k <= points.shape[1]:
        raise ShapeError(f"asked for {k} neighbours among {points.shape[1]} points")
    with torch.no_grad():
        if _pyg("knn"):
            return knn_pyg(points, queries, k)
        return knn_tree(points, queries, k) if points.device.type == "cpu" else knn_tiled(points, queries, k)


def knn_tree(points: Tensor, queries: Tensor, k: int) -> Neighbors:
    """`knn` by SciPy's kd-tree, a cloud at a time."""
    from scipy.spatial import cKDTree

    found = [cKDTree(p).query(q, k=np.arange(1, k + 1)) for p, q in zip(points.numpy(), queries.numpy(), strict=True)]
    index = torch.from_numpy(np.stack([index for _, index in found]))
    return Neighbors(index, torch.from_numpy(np.stack([distance for distance, _ in found])).to(points.dtype))


def knn_tiled(points: Tensor, queries: Tensor, k: int, tile: int = TILE) -> Neighbors:
    """`knn` by all distances, `tile` of them at a time."""
    rows = max(1, tile // (points.shape[0] * points.shape[1]))
    parts = []
    for part in queries.split(rows, dim=1):
        distance = torch.cdist(part, points, compute_mode="donot_use_mm_for_euclid_dist")
        parts.append(distance.topk(k, dim=2, largest=False))
    return Neighbors(torch.cat([p.indices for p in parts], 1), torch.cat([p.values for p in parts], 1))


def knn_pyg(points: Tensor, queries: Tensor, k: int) -> Neighbors:
    """`knn` by pyg-lib."""
    from torch_geometric.nn import knn as search

    (b, n, _), m = points.shape, queries.shape[1]
    cloud = torch.arange(b, device=points.device)
    _, found = search(points.reshape(-1, 3), queries.reshape(-1, 3), k, cloud.repeat_interleave(n), cloud.repeat_interleave(m))
    index = found.view(b, m, k) - cloud.view(b, 1, 1) * n
    distance = (gather(points, index) - queries[:, :, None]).norm(dim=-1)
    order = distance.argsort(-1)
    return Neighbors(index.gather(-1, order), distance.gather(-1, order))


def ball_query(points: Tensor, queries: Tensor, radius: float, k: int) -> Tensor:
    """Numbers `[B, M, K]` of the nearest points within `radius`, at most `k`; where there are fewer, the nearest point fills up.

    The nearest point is taken even when it lies outside the ball, so that no neighbourhood is empty. (PointNet++ takes the first points
    in the ball instead of the nearest, which depends on their order.)

    Raises:
        ShapeError: Wrong shapes, or no points.
    """
    found = knn(points, queries, min(k, points.shape[1]))
    index = torch.where(found.distances <= radius, found.indices, found.indices[..., :1])
    return index if index.shape[-1] == k else torch.cat([index, index[..., :1].expand(-1, -1, k - index.shape[-1])], -1)


def farthest_points(points: Tensor, count: int) -> Tensor:
    """Numbers `[B, count]` of points of `[B, N, 3]`: the first, then always the one farthest from those chosen (Eldar et al. 1997).

    Raises:
        ShapeError: Wrong shape, or fewer than `count` points.
    """
    _check(points, points)
    if not 1 <= count <= points.shape[1]:
        raise ShapeError(f"asked for {count} of {points.shape[1]} points")
    with torch.no_grad():
        return farthest_points_pyg(points, count) if _pyg("fps") else farthest_points_loop(points, count)


def farthest_points_loop(points: Tensor, count: int) -> Tensor:
    """`farthest_points`, all clouds side by side."""
    columns = points.transpose(1, 2).contiguous()  # [B, 3, N]
    index = torch.zeros(len(points), count, dtype=torch.int64, device=points.device)
    nearest = torch.full_like(columns[:, 0], torch.inf)
    for i in range(1, count):
        last = columns.gather(2, index[:, i - 1].view(-1, 1, 1).expand(-1, 3, 1))
        nearest = torch.minimum(nearest, (columns - last).square().sum(1))
        index[:, i] = nearest.argmax(1)
    return index


def farthest_points_pyg(points: Tensor, count: int) -> Tensor:
    """`farthest_points` by pyg-lib."""
    from torch_geometric.nn import fps

    b, n, _ = points.shape
    cloud = torch.arange(b, device=points.device)
    ratio = (count - 0.5) / n  # it takes ceil(ratio * n) points
    found: Tensor = fps(points.reshape(-1, 3), cloud.repeat_interleave(n), ratio, random_start=False)
    return found.view(b, count) - cloud[:, None] * n


def interpolation(points: Tensor, queries: Tensor, k: int = 3) -> tuple[Tensor, Tensor]:
    """Which points a query's value comes from, and how much of it (Qi et al. 2017, "PointNet++", eq. 2, p = 2).

    Returns:
        Numbers `[B, M, K]` of the `k` nearest points, or of all if there are fewer, and weights `[B, M, K]` that sum to 1.
    """
    index, distance = knn(points, queries, min(k, points.shape[1]))
    scale = distance.mean((1, 2), keepdim=True).clamp(min=1e-12)
    weight = 1 / ((distance / scale).square() + 1e-6)
    return index, weight / weight.sum(-1, keepdim=True)


def interpolate(features: Tensor, points: Tensor, queries: Tensor, k: int = 3) -> Tensor:
    """Values `[B, M, C]` at `queries` `[B, M, 3]` of `features` `[B, N, C]` that are known at `points` `[B, N, 3]`."""
    index, weight = interpolation(points, queries, k)
    return (gather(features, index) * weight[..., None]).sum(2)


def gather(values: Tensor, index: Tensor) -> Tensor:
    """Rows of `values` `[B, N, C]` at `index` `[B, ...]`: `[B, ..., C]`."""
    flat = index.reshape(len(values), -1)
    offset = torch.arange(len(values), device=values.device)[:, None] * values.shape[1]
    return values.reshape(-1, values.shape[2])[(flat + offset).view(-1)].view(*index.shape, values.shape[2])


def _pyg(name: str) -> bool:
    """Whether pyg-lib is there with the operation `name`."""
    from torch_geometric import typing

    return bool(getattr(typing, f"WITH_{name.upper()}", False))


def _check(points: Tensor, queries: Tensor) -> None:
    if points.dim() != 3 or points.shape[2] != 3 or queries.dim() != 3 or queries.shape[2] != 3 or len(points) != len(queries):
        raise ShapeError(f"points and queries must be [B, N, 3] and [B, M, 3], got {list(points.shape)} and {list(queries.shape)}")
    if points.shape[1] == 0:
        raise ShapeError("there are no points")
