"""Which side normals point to."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def like(normals: NDArray[np.float32], reference: NDArray[np.float32]) -> NDArray[np.float32]:
    """Normals `[N, 3]`, each turned to the side of its `reference` `[N, 3]`."""
    away = np.einsum("nc,nc->n", normals, reference) < 0
    return np.where(away[:, None], -normals, normals).astype(np.float32)


def renewed(points: NDArray[np.floating], normals: NDArray[np.float32], before: NDArray[np.float32] | None) -> NDArray[np.float32]:
    """New normals of points: on the side of those from `before`, or where there were none, made consistent."""
    return consistent(points, normals) if before is None else like(normals, before)


def consistent(points: NDArray[np.floating], normals: NDArray[np.float32], k: int = 8) -> NDArray[np.float32]:
    """Normals `[N, 3]` turned so that neighbours agree, and the highest point of every connected part looks up.

    The agreement spreads along the spanning tree whose neighbours differ least (Hoppe et al. 1992, section 3.3).
    """
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import breadth_first_order, connected_components, minimum_spanning_tree
    from scipy.spatial import cKDTree

    n, k = len(points), min(k + 1, len(points))
    index = cKDTree(points).query(points, k=np.arange(1, k + 1), workers=-1)[1]
    a, b = np.repeat(np.arange(n), k), index.ravel()
    differ = 1.001 - np.abs(np.einsum("nc,nc->n", normals[a], normals[b]))  # above 0: a stored 0 would be no edge
    edges = a != b
    tree = minimum_spanning_tree(csr_matrix((differ[edges], (a[edges], b[edges])), shape=(n, n)))
    labels = connected_components(tree, directed=False)[1]
    top = np.lexsort((-points[:, 2], labels))
    top = top[np.flatnonzero(np.diff(labels[top], prepend=-1))]
    result = normals.copy()
    for start in top:
        if result[start, 2] < 0:
            result[start] *= -1
        order, parent = breadth_first_order(tree, start, directed=False)
        for child in order[1:]:
            if result[child] @ result[parent[child]] < 0:
                result[child] *= -1
    return result
