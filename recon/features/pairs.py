"""Which pairs of photos are compared."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

EXHAUSTIVE_UP_TO = 60
"""Photos up to which 'auto' compares all pairs."""


def select_pairs(
    count: int, method: str, *, overlap: int = 6, neighbours: int = 20, similarity: Callable[[], NDArray[np.float32]]
) -> list[tuple[int, int]]:
    """Pairs of photo indices (a < b), each once, sorted.

    Args:
        count: Number of photos, in the order they were taken where they form a sequence.
        method: 'exhaustive' (all pairs), 'sequential' (the next `overlap` photos and those the next three powers of two on, and each
            photo's few most similar ones, which close loops), 'retrieval' (each photo's `neighbours` most similar ones), or 'auto':
            exhaustive up to `EXHAUSTIVE_UP_TO` photos, beyond that retrieval and the next photos together.
        overlap: Photos ahead in a sequence.
        neighbours: Most similar photos of each.
        similarity: Gives the similarity of all photos `[count, count]`; called only when needed.
    """
    if method == "exhaustive" or (method == "auto" and count <= EXHAUSTIVE_UP_TO):
        return list(combinations(range(count), 2))
    pairs: set[tuple[int, int]] = set()
    if method in ("sequential", "auto"):
        pairs |= _sequential(count, overlap)
    loops = max(2, neighbours // 4) if method == "sequential" else neighbours
    return sorted(pairs | _most_similar(similarity(), loops))


def _sequential(count: int, overlap: int) -> set[tuple[int, int]]:
    """Each photo with the next ones, and with ever farther ones at doubled steps."""
    power = overlap.bit_length()
    steps = [*range(1, overlap + 1), *(2**k for k in range(power, power + 3))]
    return {(a, a + step) for step in steps for a in range(count - step)}


def _most_similar(similarity: NDArray[np.float32], neighbours: int) -> set[tuple[int, int]]:
    """Each photo with its most similar ones; ties go to the earlier photo."""
    scores = np.array(similarity, np.float64)
    np.fill_diagonal(scores, -np.inf)
    order = np.argsort(-scores, axis=1, kind="stable")[:, : min(neighbours, len(scores) - 1)]
    return {(min(a, int(b)), max(a, int(b))) for a, row in enumerate(order) for b in row}
