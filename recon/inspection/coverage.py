"""How well each part of a surface is known: how many photographs see it, and how sure the points on it are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from recon.scene import PointCloud, TriMesh, View
from recon.surface.decimation import decimate
from recon.surface.topology import boundary_edges, face_normals, face_pieces, vertex_normals
from recon.surface.visibility import make_occluder, see

FACES = 60_000
ENOUGH = 3
"""Photographs that have to see a place before a wrong depth shows."""
UNSURE = 0.35
"""Confidence below which a point is called unsure."""
_WIDEST = 800
_POINTS = 500_000


@dataclass(frozen=True, eq=False)
class Coverage:
    """A coarse surface and what is known of its vertices.

    Args:
        mesh: With normals.
        views: `[V]` int32 photographs that see the vertex.
        confidence: `[V]` float32 of the nearest point of the cloud, in [0, 1].
        area: `[V]` float64 surface that belongs to the vertex; the sum is 1.
    """

    mesh: TriMesh
    views: NDArray[np.int32]
    confidence: NDArray[np.float32]
    area: NDArray[np.float64]

    def share(self, chosen: NDArray[np.bool_]) -> float:
        """Part of the surface that belongs to the `chosen` `[V]` vertices."""
        return float(self.area[chosen].sum())


@dataclass(frozen=True, eq=False)
class Patch:
    """A connected part of the surface.

    Args:
        center: `[3]` its middle.
        normal: `[3]` unit vector, where it faces on the whole.
        share: Of the whole surface.
    """

    center: NDArray[np.float64]
    normal: NDArray[np.float64]
    share: float


@dataclass(frozen=True, eq=False)
class Opening:
    """A hole in the surface.

    Args:
        center: `[3]` its middle.
        normal: `[3]` unit vector, where what is missing would face.
        width: Twice the mean distance of its rim from the middle, scene units.
    """

    center: NDArray[np.float64]
    normal: NDArray[np.float64]
    width: float


def cover(mesh: TriMesh, cloud: PointCloud, views: Sequence[View], check: Callable[[], None] = lambda: None) -> Coverage:
    """Looks at the surface from every view; the mesh is simplified first.

    Args:
        mesh: Surface with at least one face.
        cloud: The points it was made from.
        views: Placed photographs.
        check: Called before every view; may raise to stop.
    """
    from scipy.spatial import cKDTree

    coarse = decimate(mesh, FACES)
    coarse = replace(coarse, normals=vertex_normals(coarse), uv=None, texture=None)
    counts = np.zeros(len(coarse.vertices), np.int32)
    occluder = make_occluder(coarse)
    for view in views:
        check()
        counts[see(coarse, np.asarray(coarse.normals), _reduced(view), occluder).index] += 1
    confidence = np.ones(len(counts), np.float32)
    if cloud.confidence is not None and len(cloud):
        some = slice(None, None, -(-len(cloud) // _POINTS))
        confidence = np.asarray(cloud.confidence[some][cKDTree(cloud.points[some]).query(coarse.vertices, workers=-1)[1]], np.float32)
    return Coverage(coarse, counts, confidence, _vertex_areas(coarse))


def patches(coverage: Coverage, chosen: NDArray[np.bool_], least: float, most: int = 3) -> list[Patch]:
    """Connected parts of the surface whose vertices are all `chosen` `[V]`: those of at least the share `least`, largest first."""
    mesh, area = coverage.mesh, coverage.area
    faces = mesh.faces[chosen[mesh.faces].all(axis=1)]
    if not len(faces):
        return []
    count, piece = face_pieces(TriMesh(mesh.vertices, faces))
    label = np.full(len(chosen), -1)
    label[faces] = piece[:, None]
    inside = label >= 0
    share = np.bincount(label[inside], area[inside], minlength=count)
    found = []
    for number in np.argsort(-share, kind="stable")[:most]:
        if share[number] < least:
            break
        own = label == number
        weight = area[own, None]
        center = (mesh.vertices[own] * weight).sum(axis=0) / weight.sum()
        facing = (np.asarray(mesh.normals)[own] * weight).sum(axis=0)
        found.append(Patch(center, _unit(facing), float(share[number])))
    return found


def openings(mesh: TriMesh, least: float, most: int = 3) -> list[Opening]:
    """Holes at least `least` wide, widest first; rims that touch each other count as one."""
    rim = boundary_edges(mesh.faces)
    if not len(rim):
        return []
    count, piece = face_pieces(TriMesh(mesh.vertices, np.stack([rim[:, 0], rim[:, 1], rim[:, 0]], axis=1)))
    start, end = mesh.vertices[rim].astype(np.float64).transpose(1, 0, 2)
    edges = np.maximum(np.bincount(piece, minlength=count), 1)
    middle = np.stack([np.bincount(piece, start[:, axis], minlength=count) / edges for axis in range(3)], axis=1)
    width = 2 * np.bincount(piece, np.linalg.norm(start - middle[piece], axis=1), minlength=count) / edges
    found = []
    for number in np.argsort(-width, kind="stable")[:most]:
        own = piece == number
        if width[number] < least or not own.any():
            break
        center = middle[number]
        missing = -np.cross(start[own] - center, end[own] - center).sum(axis=0)  # the faces lie on the other side of the rim
        found.append(Opening(center, _unit(missing), float(width[number])))
    return found


def _reduced(view: View) -> View:
    """The view with a picture of at most `_WIDEST` pixels."""
    width, height = view.camera.width, view.camera.height
    scale = min(1.0, _WIDEST / max(width, height))
    return replace(view, camera=view.camera.scaled(max(round(width * scale), 1), max(round(height * scale), 1)))


def _vertex_areas(mesh: TriMesh) -> NDArray[np.float64]:
    """A third of the faces around each vertex `[V]`, as a share of all."""
    area = np.bincount(mesh.faces.reshape(-1), np.linalg.norm(face_normals(mesh), axis=1).repeat(3), minlength=len(mesh.vertices))
    result: NDArray[np.float64] = area / max(float(area.sum()), 1e-300)
    return result


def _unit(vector: NDArray[np.floating]) -> NDArray[np.float64]:
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-300), np.float64)
