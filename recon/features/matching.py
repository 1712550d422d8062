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

TILE_BYTES = 16 << 20
"""Size of the piece of a similarity matrix that is held at a time; it should stay in a processor's cache."""
FARTHEST = 0.7
"""Distance of descriptors of gradients (SIFT) from which on they show different things."""
FARTHEST_LEARNED = 1.2
"""The same for learned descriptors, which spread over the whole sphere: those of different things are about 1.4 apart."""
_ROUNDING = 1e-6
"""Squared distance of equal unit vectors in float32, with room to spare."""


def match_descriptors(
    first: NDArray[np.float32],
    second: NDArray[np.float32],
    *,
    ratio: float = 0.8,
    max_distance: float = FARTHEST,
    device: str = "cpu",
    tile_bytes: int = TILE_BYTES,
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
        index, best, others, column_rest = _nearest(a, b, max(1, tile_bytes // (4 * len(b))))
        row, rival = _claims(index, best)
        column, top = index[row], best[row]
        column_second = torch.maximum(column_rest[column], rival)
        distance = unit_distance(top)
        keep = (top > column_second) & (distance <= max_distance)
        keep &= (distance < ratio * unit_distance(others[row])) & (distance < ratio * unit_distance(column_second))
        pairs = torch.stack([row[keep], column[keep]], 1).to(torch.int32).cpu().numpy()
    return np.asarray(pairs[np.argsort(pairs[:, 0])], np.int32)


def unit_distance(similarity: torch.Tensor) -> torch.Tensor:
    """Euclidean distance of unit vectors with that scalar product; what rounding can make of 0 counts as equal."""
    return (2 - 2 * similarity).clamp(min=_ROUNDING).sqrt()


def _nearest(a: torch.Tensor, b: torch.Tensor, rows: int) -> tuple[torch.Tensor, ...]:
    """Nearest neighbours of all rows of `a` in `b`, tile by tile.

    Returns:
        For every row the index of the most similar column, its similarity and that of the next; for every column the highest
        similarity among the rows that have another nearest neighbour.
    """
    import torch

    index, best, second = [], [], []
    column_rest = torch.full((len(b),), -2.0, device=a.device)
    for tile in a.split(rows):
        similarity = tile @ b.T
        top, where = similarity.max(1)
        similarity.scatter_(1, where[:, None], -2.0)
        index.append(where)
        best.append(top)
        second.append(similarity.amax(1))
        column_rest = torch.maximum(column_rest, similarity.amax(0))
    return torch.cat(index), torch.cat(best), torch.cat(second), column_rest


def _claims(index: torch.Tensor, best: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """For every column that some row is nearest to: the row that comes closest, and the similarity of the next such row (or -2)."""
    import torch

    order = torch.argsort(best, descending=True, stable=True)
    order = order[torch.argsort(index[order], stable=True)]
    column = index[order]
    first = torch.ones_like(column, dtype=torch.bool)
    first[1:] = column[1:] != column[:-1]
    rival = torch.full_like(best, -2.0)
    rival[:-1] = torch.where(first[1:], -2.0, best[order[1:]])
    return order[first], rival[first]
