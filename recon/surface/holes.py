"""Holes are closed by a fan around their middle; the new vertex says that it was not measured."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recon.scene import Origin, TriMesh
from recon.surface.cleaning import drop_degenerate, keep_faces
from recon.surface.topology import boundary_edges, edge_keys, is_watertight


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


def make_watertight(mesh: TriMesh, rounds: int = 8) -> TriMesh:
    """Repairs a mesh until every edge belongs to exactly two faces.

    Faces without area, repeated ones, and those at edges of more than two faces go; where boundaries touch themselves the faces around
    that vertex go too; then every hole is closed, whatever its size. What is still open after `rounds` of this, or ends up without
    faces, is returned as it is: ask `topology.is_watertight`.
    """
    for _ in range(rounds):
        mesh = drop_degenerate(mesh)
        if is_watertight(mesh.faces) or not len(mesh.faces):
            break
        _, keys = edge_keys(mesh.faces)
        _, edge, counts = np.unique(keys, return_inverse=True, return_counts=True)
        mesh = keep_faces(mesh, np.asarray((counts[edge].reshape(-1, 3) <= 2).all(axis=1)))
        starts, counts = np.unique(boundary_edges(mesh.faces)[:, 0], return_counts=True)
        mesh = keep_faces(mesh, np.asarray(~np.isin(mesh.faces, starts[counts > 1]).any(axis=1)))
        mesh, _ = fill_holes(mesh, 3 * len(mesh.faces))
    return mesh


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
