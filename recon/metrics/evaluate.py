"""Measures what a project left under `outputs/` against the truth."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.errors import InputError, SettingsError
from recon.metrics.clouds import CloudScore, compare_clouds, median_spacing
from recon.metrics.pose_files import read_colmap_poses, read_json_poses
from recon.metrics.poses import Poses, align_centers, camera_center_rmse, pose_auc, rotation_angle
from recon.metrics.sampling import sample_triangles
from recon.metrics.truth import SurfaceTruth, read_surface
from recon.scene import Origin, Sim3, TriMesh

AUC_DEGREES = (1.0, 3.0, 5.0, 10.0)
SHARES_OF_DIAGONAL = (0.0025, 0.005, 0.01)
MESH_SAMPLES = 200_000


def evaluate(
    outputs: Path,
    *,
    cameras: Path | None = None,
    surface: Path | None = None,
    thresholds: list[float] | None = None,
    align: bool = True,
) -> dict[str, Any]:
    """Compares cameras, cloud and mesh with the truth. Generated points and faces are left out.

    Args:
        outputs: The project's folder `outputs` (reads `sparse/`, `cloud.ply`, `mesh.ply` as far as they are needed).
        cameras: True cameras: `cameras.json` or a COLMAP model folder.
        surface: True surface; see `recon.metrics.truth.read_surface`.
        thresholds: Distances of the F-score in the truth's units; 0.25, 0.5 and 1 % of the truth's diagonal when None.
        align: Bring the reconstruction to the truth by camera centres first; False = both are in one frame already (given poses).

    Returns:
        JSON-able: 'cameras' {photos, registered, auc {degrees: value}, center_rmse, rotation_mean_deg}, 'truth' {points, spacing}
        (thresholds should be well above the spacing), 'cloud' and 'mesh' (see `as_json`) and 'alignment'. Parts without a truth or
        an output are absent; distances that do not exist are null.

    Raises:
        SettingsError: No truth given, a threshold that is not positive, or a surface to be aligned without true cameras.
        InputError: A file is missing or damaged.
        ReconstructionError: Too few registered photos to align.
    """
    if cameras is None and surface is None:
        raise SettingsError("Nothing to compare with.", "No true cameras and no true surface were given.", "Give --cameras or --surface.")
    if thresholds is not None and any(not (math.isfinite(t) and t > 0) for t in thresholds):
        raise SettingsError(f"Thresholds cannot be {thresholds}.", "They are distances above 0.", "Correct the thresholds.")
    if surface is not None and align and cameras is None:
        why = "The reconstruction has a frame of its own."
        raise SettingsError("The surface cannot be compared.", why, "Give the true cameras too, or say that the frames are the same.")
    result: dict[str, Any] = {}
    moved: Sim3 | None = None
    if cameras is not None:
        truth = read_poses(cameras)
        estimated = read_colmap_poses(Path(outputs) / "sparse")
        result["cameras"] = camera_scores(estimated, truth)
        moved = align_centers(estimated, truth) if align and surface is not None else None
    if surface is not None:
        result["alignment"] = None if moved is None else {"scale": moved.scale, "matrix": moved.matrix.tolist()}
        true_surface = read_surface(surface)
        result["truth"] = {"points": len(true_surface.points), "spacing": median_spacing(true_surface.points)}
        result.update(_surface_scores(Path(outputs), true_surface, thresholds, moved))
    return result


def read_poses(path: Path) -> Poses:
    """True poses from `cameras.json` or a COLMAP model folder.

    Raises:
        InputError: Missing or damaged.
    """
    return read_colmap_poses(path) if Path(path).is_dir() else read_json_poses(path)


def camera_scores(estimated: Poses, truth: Poses) -> dict[str, Any]:
    """The 'cameras' part of `evaluate`. Rotations are compared pair by pair, so no alignment is involved.

    Raises:
        ReconstructionError: Fewer than two true cameras.
    """
    common = [name for name in truth if name in estimated]
    auc = pose_auc(estimated, truth, AUC_DEGREES)
    turns = [
        rotation_angle(truth[b].rotation @ truth[a].rotation.T, estimated[b].rotation @ estimated[a].rotation.T)
        for a, b in pairwise(common)
    ]
    return {
        "photos": len(truth),
        "registered": len(common),
        "auc": {f"{degrees:g}": value for degrees, value in auc.items()},
        "center_rmse": camera_center_rmse(estimated, truth) if len(common) >= 3 else None,
        "rotation_mean_deg": float(np.mean(turns)) if turns else None,
    }


def points_score(points: NDArray[np.floating], truth: SurfaceTruth, thresholds: Sequence[float] | None) -> dict[str, Any]:
    """One part ('cloud' or 'mesh') of `evaluate` for points `[N, 3]` in the truth's frame."""
    if truth.bounds is not None:
        points = points[((points >= truth.bounds[0]) & (points <= truth.bounds[1])).all(axis=1)]
    chosen = [share * truth.diagonal for share in SHARES_OF_DIAGONAL] if thresholds is None else list(thresholds)
    return as_json(compare_clouds(points, truth.points, chosen))


def as_json(score: CloudScore) -> dict[str, Any]:
    """Plain numbers; None where there is no value."""
    names = ("accuracy", "completeness", "accuracy_median", "completeness_median")
    means = {name: getattr(score, name) if math.isfinite(getattr(score, name)) else None for name in names}
    return {"points": score.points, **means, "scores": [dict(vars(one)) for one in score.scores]}


def _surface_scores(outputs: Path, truth: SurfaceTruth, thresholds: list[float] | None, moved: Sim3 | None) -> dict[str, Any]:
    from recon.io.formats import read_cloud, read_mesh

    result = {}
    cloud_file, mesh_file = outputs / "cloud.ply", outputs / "mesh.ply"
    if not cloud_file.is_file() and not mesh_file.is_file():
        raise InputError(
            f"There is no surface in '{outputs}'.", "Neither cloud.ply nor mesh.ply is there.", "Run the reconstruction first."
        )
    if cloud_file.is_file():
        cloud = read_cloud(cloud_file)
        cloud = cloud.select(np.asarray(cloud.origin) != Origin.GENERATED)
        result["cloud"] = points_score(_moved(cloud.points, moved), truth, thresholds)
    if mesh_file.is_file():
        mesh = read_mesh(mesh_file)
        result["mesh"] = points_score(_moved(mesh_points(mesh), moved), truth, thresholds)
    return result


def mesh_points(mesh: TriMesh, count: int = MESH_SAMPLES, seed: int = 0) -> NDArray[np.float32]:
    """Points evenly by area over the measured or moved faces of a mesh, `[N, 3]`; none for an empty mesh."""
    origin = np.asarray(mesh.origin)[mesh.faces].max(axis=1, initial=0)
    corners = mesh.vertices[mesh.faces[origin != Origin.GENERATED]]
    if len(corners) == 0 or not np.ptp(corners, axis=1).any():
        return np.zeros((0, 3), np.float32)
    return sample_triangles(corners, count, np.random.default_rng(seed))[0]


def _moved(points: NDArray[np.floating], moved: Sim3 | None) -> NDArray[np.floating]:
    return points if moved is None else moved.apply(points)
