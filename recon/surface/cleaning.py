"""Clean surfaces: unused vertices, degenerate faces, small pieces, smoothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.scene import TriMesh
from recon.surface.topology import edge_keys, face_normals, face_pieces


def keep_faces(mesh: TriMesh, keep: NDArray[np.bool_]) -> TriMesh:
    """The faces picked by `keep` `[F]` and the vertices they use, in the same order."""
    faces = mesh.faces[keep]
    used = np.zeros(len(mesh.vertices), bool)
    used[faces] = True
    rank = np.cumsum(used) - 1

    def picked(values: NDArray[Any] | None) -> NDArray[Any] | None:
        return None if values is None else values[used]

    normals, colors, origin = picked(mesh.normals), picked(mesh.colors), picked(mesh.origin)
    uv = None if mesh.uv is None else mesh.uv[keep]
    return TriMesh(mesh.vertices[used], rank[faces].astype(np.int32), normals, colors, origin, uv, mesh.texture)


def drop_degenerate(mesh: TriMesh) -> TriMesh:
    """Without faces that use a vertex twice and without repeated faces; unused vertices go too."""
    a, b, c = mesh.faces.T
    keep = (a != b) & (b != c) & (c != a)
    _, first = np.unique(np.sort(mesh.faces, axis=1), axis=0, return_index=True)
    single = np.zeros(len(keep), bool)
    single[first] = True
    return keep_faces(mesh, keep & single)


def drop_small_pieces(mesh: TriMesh, share: float) -> TriMesh:
    """Without the connected pieces whose area is below `share` of the largest piece's."""
    if not len(mesh.faces) or share <= 0:
        return mesh
    count, piece = face_pieces(mesh)
    area = np.bincount(piece, np.linalg.norm(face_normals(mesh), axis=1), minlength=count)
    return keep_faces(mesh, area[piece] >= share * area.max())


def smooth(mesh: TriMesh, passes: int, shrink: float = 0.5, grow: float = -0.53) -> TriMesh:
    """Taubin's smoothing: a shrinking and a growing Laplacian step a pass; boundaries stay where they are.

    Taubin, "A signal processing approach to fair surface design" (1995). Normals are dropped.
    """
    from scipy.sparse import csr_array

    edges, keys = edge_keys(mesh.faces)
    _, first, counts = np.unique(keys, return_index=True, return_counts=True)
    pairs = edges[first]
    n = len(mesh.vertices)
    both = np.concatenate([pairs, pairs[:, ::-1]])
    graph = csr_array((np.ones(len(both)), (both[:, 0], both[:, 1])), shape=(n, n))
    degree = np.maximum(np.asarray(graph.sum(axis=1)).reshape(-1, 1), 1)
    fixed = np.zeros(n, bool)
    fixed[pairs[counts == 1]] = True
    points = mesh.vertices.astype(np.float64)
    for step in [shrink, grow] * passes:
        moved = points + step * (graph @ points / degree - points)
        points = np.where(fixed[:, None], points, moved)
    return replace(mesh, vertices=points.astype(np.float32), normals=None)
