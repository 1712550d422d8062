"""Small holes are closed by a fan around their middle; the new vertex says that it was not measured."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recon.scene import Origin, TriMesh
from recon.surface.topology import boundary_edges


def fill_holes(mesh: TriMesh, longest: int) -> tuple[TriMesh, int]:
    """Closes boundary loops of at most `longest` edges.

    Every hole gets one new vertex in its middle with origin GENERATED, so its faces count as generated. Boundaries that
    touch themselves in a vertex are left open.

    Returns:
        The mesh, and how many holes were closed. Normals are dropped when something was closed.
    """
    loops = boundary_loops(mesh.faces, longest) if longest >= 3 else []
    if not loops:
        return mesh, 0
    n = len(mesh.vertices)
    middles = np.array([mesh.vertices[loop].mean(axis=0) for loop in loops], np.float32)
    fans = []
    for i, loop in enumerate(loops):
        ahead = np.roll(loop, -1)
        fans.append(np.stack([ahead, loop, np.full(len(loop), n + i)], axis=1))
    colors = None
    if mesh.colors is not None:
        colors = np.concatenate([mesh.colors, np.array([mesh.colors[loop].mean(axis=0) for loop in loops], np.float32)])
    origin = np.full(n, Origin.MEASURED, np.uint8) if mesh.origin is None else mesh.origin
    origin = np.concatenate([origin, np.full(len(loops), Origin.GENERATED, np.uint8)])
    faces = np.concatenate([mesh.faces, *fans]).astype(np.int32)
    return TriMesh(np.concatenate([mesh.vertices, middles]), faces, None, colors, origin), len(loops)


def boundary_loops(faces: NDArray[np.int32], longest: int) -> list[NDArray[np.int64]]:
    """Simple boundary loops of at most `longest` edges, each as its vertices in the direction of its faces' edges."""
    edges = boundary_edges(faces)
    starts, counts = np.unique(edges[:, 0], return_counts=True)
    fork = set(starts[counts > 1].tolist())
    following = dict(zip(edges[:, 0].tolist(), edges[:, 1].tolist(), strict=True))
    loops = []
    seen: set[int] = set()
    for start in starts.tolist():
        if start in seen:
            continue
        loop, vertex, closed = [], start, False
        while vertex in following and vertex not in seen and vertex not in fork:
            seen.add(vertex)
            loop.append(vertex)
            vertex = following[vertex]
            closed = vertex == start
        if closed and 3 <= len(loop) <= longest:
            loops.append(np.array(loop, np.int64))
    return loops
