"""Edges, neighbours, pieces, boundaries and normals of triangle meshes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recon.scene import TriMesh


def edge_keys(faces: NDArray[np.int32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Directed edges of the faces.

    Args:
        faces: `[F, 3]`.

    Returns:
        Directed edges `[3 F, 2]` int64 and, for each, a key that is equal for both directions `[3 F]`.
    """
    edges = faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2).astype(np.int64)
    low, high = edges.min(axis=1), edges.max(axis=1)
    return edges, (low << 32) | high


def boundary_edges(faces: NDArray[np.int32]) -> NDArray[np.int64]:
    """Directed edges `[E, 2]` that belong to one face only."""
    edges, keys = edge_keys(faces)
    _, first, counts = np.unique(keys, return_index=True, return_counts=True)
    single: NDArray[np.int64] = edges[first[counts == 1]]
    return single


def is_watertight(faces: NDArray[np.int32]) -> bool:
    """Whether every edge belongs to exactly two faces."""
    if not len(faces):
        return False
    _, counts = np.unique(edge_keys(faces)[1], return_counts=True)
    return bool((counts == 2).all())


def face_pieces(mesh: TriMesh) -> tuple[int, NDArray[np.int32]]:
    """Number of connected pieces and the piece of every face `[F]`; pieces share a vertex."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n = len(mesh.vertices)
    rows = mesh.faces[:, [0, 1]].reshape(-1)
    columns = mesh.faces[:, [1, 2]].reshape(-1)
    graph = coo_array((np.ones(len(rows), bool), (rows, columns)), shape=(n, n))
    count, labels = connected_components(graph, directed=False)
    return int(count), np.asarray(labels[mesh.faces[:, 0]], np.int32)


def face_normals(mesh: TriMesh) -> NDArray[np.float64]:
    """Normals `[F, 3]` with twice the face's area as length."""
    corners = mesh.vertices.astype(np.float64)[mesh.faces]
    normals: NDArray[np.float64] = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    return normals


def vertex_normals(mesh: TriMesh) -> NDArray[np.float32]:
    """Unit normals `[V, 3]`, faces weighing by area; 0 where no face with area meets the vertex."""
    total = np.zeros((len(mesh.vertices), 3))
    flat = face_normals(mesh)
    for corner in range(3):
        for axis in range(3):
            total[:, axis] += np.bincount(mesh.faces[:, corner], flat[:, axis], minlength=len(total))
    length = np.linalg.norm(total, axis=1, keepdims=True)
    result: NDArray[np.float32] = np.divide(total, length, out=np.zeros_like(total), where=length > 0).astype(np.float32)
    return result
