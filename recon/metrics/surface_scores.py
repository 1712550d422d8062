"""Cloud and mesh of a project against the true surface."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.errors import InputError, ResourceError
from recon.metrics.clouds import CloudScore, chamfer, compare_clouds, nearest_distances
from recon.metrics.coloured import distance_colors, write_color_bar
from recon.metrics.sampling import sample_triangles
from recon.metrics.surfaces import closest_on_mesh, normal_consistency
from recon.metrics.truth import SurfaceTruth
from recon.scene import Origin, PointCloud, Sim3, TriMesh

SHARES_OF_DIAGONAL = (0.0025, 0.005, 0.01)
MESH_SAMPLES = 200_000
_LIMIT = 0.01
"""Distance of the last colour, as a share of the truth's diagonal."""


@dataclass(frozen=True, eq=False)
class Outputs:
    """What there is to measure: generated points and faces are left out.

    Args:
        cloud: Of `cloud.ply`, or None.
        mesh: Of `mesh.ply`, or None.
    """

    cloud: PointCloud | None
    mesh: TriMesh | None

    @property
    def points(self) -> NDArray[np.float32]:
        """Points of the cloud, or else of the mesh, `[N, 3]`."""
        if self.cloud is not None:
            return self.cloud.points
        return np.zeros((0, 3), np.float32) if self.mesh is None else mesh_points(self.mesh)

    def moved(self, new_from_old: Sim3) -> Outputs:
        """After a similarity transform; normals do not come along."""
        cloud, mesh = self.cloud, self.mesh
        if cloud is not None:
            cloud = replace(cloud, points=new_from_old.apply(cloud.points).astype(np.float32), normals=None)
        if mesh is not None:
            mesh = replace(mesh, vertices=new_from_old.apply(mesh.vertices).astype(np.float32), normals=None)
        return Outputs(cloud, mesh)


def read_outputs(outputs: Path) -> Outputs:
    """Cloud and mesh of a project's folder `outputs`.

    Raises:
        InputError: Neither is there, or a file is damaged.
    """
    from recon.io.formats import read_cloud, read_mesh

    cloud_file, mesh_file = outputs / "cloud.ply", outputs / "mesh.ply"
    if not cloud_file.is_file() and not mesh_file.is_file():
        why = "Neither cloud.ply nor mesh.ply is there."
        raise InputError(f"There is no surface in '{outputs}'.", why, "Run the reconstruction first.")
    cloud = read_cloud(cloud_file) if cloud_file.is_file() else None
    if cloud is not None:
        cloud = cloud.select(np.asarray(cloud.origin) != Origin.GENERATED)
    return Outputs(cloud, measured(read_mesh(mesh_file)) if mesh_file.is_file() else None)


def measured(mesh: TriMesh) -> TriMesh:
    """The mesh without generated faces."""
    origin = np.asarray(mesh.origin)[mesh.faces].max(axis=1, initial=0)
    return replace(mesh, faces=mesh.faces[origin != Origin.GENERATED], uv=None, texture=None)


def surface_scores(found: Outputs, truth: SurfaceTruth, thresholds: Sequence[float] | None) -> dict[str, Any]:
    """The parts 'cloud' and 'mesh' of `evaluate`, as far as they are there.

    Each holds the number of points, mean and median accuracy and completeness, the Chamfer distance (squared) and precision, recall and
    F at the thresholds; where the truth is a mesh also mean and RMS distance of the points to it and, for the mesh, the consistency of
    normals.
    """
    result: dict[str, Any] = {}
    if found.cloud is not None:
        result["cloud"] = points_score(found.cloud.points, truth, thresholds)
    if found.mesh is not None:
        result["mesh"] = points_score(mesh_points(found.mesh), truth, thresholds)
        if truth.mesh is not None and result["mesh"]["points"]:
            result["mesh"]["normal_consistency"] = normal_consistency(found.mesh, truth.mesh)
    return result


def points_score(points: NDArray[np.floating], truth: SurfaceTruth, thresholds: Sequence[float] | None) -> dict[str, Any]:
    """One part of `evaluate` for points `[N, 3]` in the truth's frame."""
    if truth.bounds is not None:
        points = points[((points >= truth.bounds[0]) & (points <= truth.bounds[1])).all(axis=1)]
    chosen = [share * truth.diagonal for share in SHARES_OF_DIAGONAL] if thresholds is None else list(thresholds)
    result = as_json(compare_clouds(points, truth.points, chosen))
    result["chamfer"] = chamfer(points, truth.points) if len(points) else None
    if truth.mesh is not None and len(points):
        distance = closest_on_mesh(points, truth.mesh).distance.astype(np.float64)
        result["to_mesh"] = {"mean": float(distance.mean()), "rmse": float(np.sqrt((distance**2).mean()))}
    return result


def as_json(score: CloudScore) -> dict[str, Any]:
    """Plain numbers; None where there is no value."""
    names = ("accuracy", "completeness", "accuracy_median", "completeness_median")
    means = {name: getattr(score, name) if math.isfinite(getattr(score, name)) else None for name in names}
    return {"points": score.points, **means, "scores": [dict(vars(one)) for one in score.scores]}


def mesh_points(mesh: TriMesh, count: int = MESH_SAMPLES, seed: int = 0) -> NDArray[np.float32]:
    """Points evenly by area over the measured or moved faces of a mesh, `[N, 3]`; none for an empty mesh."""
    corners = mesh.vertices[measured(mesh).faces]
    if len(corners) == 0 or not np.ptp(corners, axis=1).any():
        return np.zeros((0, 3), np.float32)
    return sample_triangles(corners, count, np.random.default_rng(seed))[0]


def write_distances(found: Outputs, moved: Outputs, truth: SurfaceTruth, folder: Path) -> None:
    """Writes cloud and mesh with the distance to the truth, as colours and as a property, and the colour bar.

    Args:
        found: In the project's frame, in which they are written.
        moved: The same in the truth's frame, in which distances are measured.
        truth: The true surface.
        folder: Where to.

    Raises:
        ResourceError: The folder or a file cannot be written.
    """
    from recon.io.ply import write_ply_cloud, write_ply_mesh

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ResourceError(f"'{folder}' cannot be made.", str(error.strerror or error), "Choose another folder.") from error
    limit = _LIMIT * truth.diagonal

    def measure(points: NDArray[np.float32]) -> NDArray[np.float32]:
        distance = nearest_distances(points, truth.points) if truth.mesh is None else closest_on_mesh(points, truth.mesh).distance
        return np.asarray(distance, np.float32)

    if found.cloud is not None and moved.cloud is not None:
        distance = measure(moved.cloud.points)
        write_ply_cloud(replace(found.cloud, colors=distance_colors(distance, limit)), folder / "cloud_distance.ply", distance)
    if found.mesh is not None and moved.mesh is not None:
        distance = measure(moved.mesh.vertices)
        write_ply_mesh(replace(found.mesh, colors=distance_colors(distance, limit)), folder / "mesh_distance.ply", distance)
    write_color_bar(limit, folder / "distance.png")
