"""Measures what a project left under `outputs/` against the truth."""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from recon.errors import SettingsError
from recon.metrics.clouds import median_spacing
from recon.metrics.icp import icp
from recon.metrics.pose_files import read_colmap_poses, read_json_poses
from recon.metrics.poses import Poses, align_centers, camera_center_rmse, pose_auc, rotation_angle
from recon.metrics.surface_scores import read_outputs, surface_scores, write_distances
from recon.metrics.truth import read_surface
from recon.scene import Sim3

AUC_DEGREES = (1.0, 3.0, 5.0, 10.0)
REFINEMENTS = ("none", "rigid", "similarity")


def evaluate(
    outputs: Path,
    *,
    cameras: Path | None = None,
    surface: Path | None = None,
    thresholds: list[float] | None = None,
    align: bool = True,
    refine: str = "none",
    distances: Path | None = None,
) -> dict[str, Any]:
    """Compares cameras, cloud and mesh with the truth. Generated points and faces are left out.

    Args:
        outputs: The project's folder `outputs` (reads `sparse/`, `cloud.ply`, `mesh.ply` as far as they are needed).
        cameras: True cameras: `cameras.json` or a COLMAP model folder.
        surface: True surface; see `recon.metrics.truth.read_surface`.
        thresholds: Distances of the F-score in the truth's units; 0.25, 0.5 and 1 % of the truth's diagonal when None.
        align: Bring the reconstruction to the truth by camera centres first; False = both are in one frame already (given poses).
        refine: Then bring the cloud (or mesh) to the true surface by ICP: 'none', 'rigid' or 'similarity'. It starts from the frame as it
            is when no cameras are given, and has to be about right then.
        distances: Folder for `cloud_distance.ply` and `mesh_distance.ply` (in the project's frame) with the distance to the truth (in its
            units) as colours and as a property, and `distance.png`, the bar that says which colour is how far. In the project's folder
            `outputs` the window shows them.

    Returns:
        JSON-able: 'cameras' {photos, registered, auc {degrees: value}, center_rmse, rotation_mean_deg}, 'truth' {points, spacing}
        (thresholds should be well above the spacing), 'cloud' and 'mesh' (see `surface_scores`) and 'alignment' {scale, matrix, and after
        ICP its rmse}. Parts without a truth or an output are absent; distances that do not exist are null.

    Raises:
        SettingsError: No truth given, a threshold that is not positive, or a surface to be aligned without true cameras.
        InputError: A file is missing or damaged.
        ReconstructionError: Too few registered photos to align.
    """
    if cameras is None and surface is None:
        raise SettingsError("Nothing to compare with.", "No true cameras and no true surface were given.", "Give --cameras or --surface.")
    if thresholds is not None and any(not (math.isfinite(t) and t > 0) for t in thresholds):
        raise SettingsError(f"Thresholds cannot be {thresholds}.", "They are distances above 0.", "Correct the thresholds.")
    if refine not in REFINEMENTS:
        raise SettingsError(f"There is no alignment '{refine}'.", f"Choices: {', '.join(REFINEMENTS)}.", "Choose one of them.")
    if surface is not None and align and cameras is None and refine == "none":
        why = "The reconstruction has a frame of its own."
        raise SettingsError(
            "The surface cannot be compared.", why, "Give the true cameras too, align by ICP, or say that the frames are the same."
        )
    result: dict[str, Any] = {}
    moved: Sim3 | None = None
    if cameras is not None:
        truth = read_poses(cameras)
        estimated = read_colmap_poses(Path(outputs) / "sparse")
        result["cameras"] = camera_scores(estimated, truth)
        moved = align_centers(estimated, truth) if align and surface is not None else None
    if surface is not None:
        true_surface = read_surface(surface)
        found = read_outputs(Path(outputs))
        rmse: dict[str, float] = {}
        if refine != "none":
            matched = icp(found.points, true_surface.points, start=moved, scale=refine == "similarity")
            moved, rmse = matched.transform, {"icp_rmse": matched.rmse}
        result["alignment"] = None if moved is None else {"scale": moved.scale, "matrix": moved.matrix.tolist(), **rmse}
        result["truth"] = {"points": len(true_surface.points), "spacing": median_spacing(true_surface.points)}
        aligned = found if moved is None else found.moved(moved)
        result.update(surface_scores(aligned, true_surface, thresholds))
        if distances is not None:
            write_distances(found, aligned, true_surface, Path(distances))
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
