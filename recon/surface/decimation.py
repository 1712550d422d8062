"""Fewer triangles, same shape and colours."""

from __future__ import annotations

import numpy as np

from recon.scene import TriMesh
from recon.surface.cleaning import drop_degenerate


def decimate(mesh: TriMesh, faces: int) -> TriMesh:
    """Simplifies to at most about `faces` triangles by quadric edge collapse (Garland and Heckbert, 1997).

    Colours and provenance come from the nearest vertex of `mesh`; normals are dropped. A mesh that has no more faces
    than that is returned as it is.
    """
    if faces <= 0 or len(mesh.faces) <= faces:
        return mesh
    import fast_simplification
    from scipy.spatial import cKDTree

    center = mesh.vertices.mean(axis=0)
    points, triangles = fast_simplification.simplify(mesh.vertices - center, mesh.faces, target_count=faces, agg=5.0)
    vertices = (points + center).astype(np.float32)
    nearest = cKDTree(mesh.vertices).query(vertices, workers=-1)[1]
    colors = None if mesh.colors is None else mesh.colors[nearest]
    origin = None if mesh.origin is None else mesh.origin[nearest]
    return drop_degenerate(TriMesh(vertices, np.asarray(triangles, np.int32), None, colors, origin))
