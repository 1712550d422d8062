"""How much each view counts at each vertex: one around the middle of a patch, several around its seams."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.scene import TriMesh
from recon.surface.topology import edge_keys

_LEAST = 0.02


def neighbours(faces: NDArray[np.int32], count: int) -> Any:
    """Vertices that share an edge, as a sparse 0/1 matrix `[V, V]`."""
    from scipy.sparse import csr_array

    edges, keys = edge_keys(faces)
    pairs = edges[np.unique(keys, return_index=True)[1]]
    both = np.concatenate([pairs, pairs[:, ::-1]])
    return csr_array((np.ones(len(both), np.float32), (both[:, 0], both[:, 1])), shape=(count, count))


def view_weights(mesh: TriMesh, labels: NDArray[np.int32], visible: NDArray[np.bool_], feather: int) -> Any:
    """Weights of the views at the vertices, a sparse matrix `[V, N]` whose rows sum to 1 (or 0 where nothing is known).

    The faces' labels, spread `feather` edges wide: neighbouring patches share the weights of the vertices between them, so texels on
    both sides of a seam are the same blend. A view never counts where it does not see the vertex.

    Args:
        mesh: Triangles.
        labels: `[F]` view of each face, -1 = none.
        visible: `[N, V]`.
        feather: Edges.
    """
    from scipy.sparse import csr_array, diags_array

    count = len(mesh.vertices)
    known = labels >= 0
    rows, columns = mesh.faces[known].reshape(-1), np.repeat(labels[known], 3)
    weights = _unit_rows(csr_array((np.ones(len(rows), np.float32), (rows, columns)), shape=(count, len(visible))))
    graph = neighbours(mesh.faces, count) + diags_array(np.ones(count, np.float32))
    spread = _unit_rows(csr_array(graph))
    for _ in range(feather):
        weights = spread @ weights
    weights = weights.tocoo()
    keep = visible[weights.col, weights.row] & (weights.data > _LEAST)
    place = (weights.row[keep], weights.col[keep])
    return _unit_rows(csr_array((weights.data[keep], place), shape=weights.shape))


def _unit_rows(matrix: Any) -> Any:
    """The matrix with rows that sum to 1, zero rows left as they are."""
    from scipy.sparse import diags_array

    total = np.asarray(matrix.sum(axis=1)).reshape(-1)
    factors = np.divide(1.0, total, out=np.zeros_like(total), where=total > 0).astype(np.float32)
    return (diags_array(factors) @ matrix).tocsr()
