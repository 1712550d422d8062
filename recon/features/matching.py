"""Mutual nearest neighbours of two sets of descriptors, with the ratio test in both directions.

Ratio test: Lowe, IJCV 2004. Distances are between unit vectors: d^2 = 2 - 2 cos.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from recon.errors import ShapeError

if TYPE_CHECKING:
    import torch

_TILE_BYTES = 64 << 20


def match_descriptors(
    first: NDArray[np.float32],
    second: NDArray[np.float32],
    *,
    ratio: float = 0.8,
    max_distance: float = 0.7,
    device: str = "cpu",
    tile_bytes: int = _TILE_BYTES,
) -> NDArray[np.int32]:
    """Pairs of indices that are each other's nearest neighbour.

    Args:
        first: `[N, D]` unit descriptors.
        second: `[M, D]` unit descriptors.
        ratio: The nearest must be closer than this times the second nearest, seen from both sides.
        max_distance: Farther pairs do not count, Euclidean distance in [0, 2].
        device: Where torch works.
        tile_bytes: Size of the piece of the similarity matrix held at a time.

    Returns:
        `[K, 2]` int32, sorted by the first index.

    Raises:
        ShapeError: The descriptors are not two matrices of equal width.
    """
    import torch

    if first.ndim != 2 or second.ndim != 2 or first.shape[1] != second.shape[1]:
        raise ShapeError(f"descriptors must be [N, D] and [M, D], got {list(first.shape)} and {list(second.shape)}")
    if not len(first) or not len(second):
        return np.zeros((0, 2), np.int32)
    with torch.inference_mode():
        a, b = torch.from_numpy(first).to(device), torch.from_numpy(second).to(device)
        rows = max(1, tile_bytes // (4 * len(b)))
        index, best, second_best, column_best, column_second = _nearest(a, b, rows)
        mutual = (best >= column_best[index]).nonzero()[:, 0]
        picked = index[mutual]
        distance = _distance(best[mutual])
        keep = (distance <= max_distance) & (distance < ratio * _distance(second_best[mutual]))
        keep &= distance < ratio * _distance(column_second[picked])
        pairs = torch.stack([mutual[keep], picked[keep]], 1)
        return pairs.to(torch.int32).cpu().numpy()


def _distance(similarity: torch.Tensor) -> torch.Tensor:
    """Euclidean distance of unit vectors with that scalar product."""
    return (2 - 2 * similarity).clamp(min=0).sqrt()


def _nearest(a: torch.Tensor, b: torch.Tensor, rows: int) -> tuple[torch.Tensor, ...]:
    """Index, best and second similarity of every row, and best and second of every column, tile by tile.

    The second best of a column is exact where the column's best is the best of its row too, which mutual pairs are.
    """
    import torch

    index, best, second, tops = [], [], [], []
    column_best = torch.full((len(b),), -2.0, device=a.device)
    column_second = torch.full((len(b),), -2.0, device=a.device)
    for tile in a.split(rows):
        similarity = tile @ b.T
        top, where = similarity.max(1)
        tile_best = similarity.amax(0)
        similarity.scatter_(1, where[:, None], torch.where(top >= tile_best[where], -2.0, top)[:, None])
        tile_second = similarity.amax(0)
        masked = similarity.scatter_(1, where[:, None], -2.0)
        second.append(masked.amax(1))
        index.append(where)
        tops.append(top)
        best.append(top)
        column_second = torch.maximum(torch.maximum(column_second, tile_second), torch.minimum(column_best, tile_best))
        column_best = torch.maximum(column_best, tile_best)
    return torch.cat(index), torch.cat(best), torch.cat(second), column_best, column_second
