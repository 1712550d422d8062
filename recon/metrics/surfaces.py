"""Distances to triangles and agreement of normals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.errors import ShapeError
from recon.metrics.sampling import sample_mesh
from recon.scene import TriMesh
from recon.scene.checks import array


@dataclass(frozen=True, eq=False)
class Closest:
    """Nearest places of a mesh.

    Args:
        distance: `[N]` float32.
        points: `[N, 3]` float32 places on the mesh.
        faces: `[N]` int64 their faces.
    """

    distance: NDArray[np.float32]
    points: NDArray[np.float32]
    faces: NDArray[np.int64]


def closest_on_mesh(points: NDArray[np.floating], mesh: TriMesh) -> Closest:
    """Place of a mesh nearest to each point `[N, 3]`; `closest_on_mesh(...).distance` is the point-to-mesh distance.

    Raises:
        ShapeError: Wrong shape, coordinates that are not finite, or a mesh without faces.
    """
    points_n3 = array(points, "points", (None, 3), np.float32)
    if not (np.isfinite(points_n3).all() and np.isfinite(mesh.vertices).all()):
        raise ShapeError("coordinates must be finite")
    if not len(mesh.faces):
        raise ShapeError("the mesh has no faces")
    import open3d as o3d

    scene: Any = o3d.t.geometry.RaycastingScene()
    tensor: Any = o3d.core.Tensor
    center = mesh.vertices.mean(axis=0)
    scene.add_triangles(tensor(mesh.vertices - center), tensor(mesh.faces.astype(np.uint32)))
    found = scene.compute_closest_points(tensor(points_n3 - center))
    places = found["points"].numpy()
    distance = np.linalg.norm(places - (points_n3 - center), axis=1)
    return Closest(distance.astype(np.float32), places + center, found["primitive_ids"].numpy().astype(np.int64))


def normal_consistency(mesh: TriMesh, truth: TriMesh, samples: int = 100_000, seed: int = 0) -> float:
    """Mean absolute cosine between the normals of a surface and those of the nearest place of the other, both ways averaged.

    Face normals are used; 1 = everywhere parallel (Mescheder et al. 2019, "Occupancy Networks", section 4).

    Raises:
        ShapeError: A mesh without area.
    """
    rng = np.random.default_rng(seed)
    return 0.5 * (_one_way(mesh, truth, samples, rng) + _one_way(truth, mesh, samples, rng))


def _one_way(source: TriMesh, target: TriMesh, samples: int, rng: np.random.Generator) -> float:
    points, faces = sample_mesh(source, samples, rng)
    there = closest_on_mesh(points, target).faces
    return float(np.abs((_unit_normals(source)[faces] * _unit_normals(target)[there]).sum(axis=1)).mean())


def _unit_normals(mesh: TriMesh) -> NDArray[np.float64]:
    """`[F, 3]`; 0 for faces without area."""
    corners = mesh.vertices.astype(np.float64)[mesh.faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    length = np.linalg.norm(normals, axis=1, keepdims=True)
    result: NDArray[np.float64] = np.divide(normals, length, out=np.zeros_like(normals), where=length > 0)
    return result
