"""Scores of a cloud and a mesh on a rendered scene, the ground left out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from recon.io.formats import read_cloud, read_mesh
from recon.metrics import compare_clouds, evened
from recon.metrics.surface_scores import as_json, mesh_points

SHARES = (0.0025, 0.005)


def score_outputs(outputs: Path, truth_file: Path, diagonal: float, *, drop_ground: bool) -> dict[str, Any]:
    """Cloud, cloud evened to one point a cube of 0.1 % of the diagonal, and mesh (points evenly by area) against the truth."""
    with np.load(truth_file, allow_pickle=False) as data:
        seen, hidden = data["points"], data["hidden"]
    everything = np.concatenate([seen, hidden])
    thresholds = [share * diagonal for share in SHARES]
    result: dict[str, Any] = {}
    cloud = read_cloud(outputs / "cloud.ply").points
    result["ground_points"] = 0
    if drop_ground:
        keep = off_ground(cloud, everything)
        result["ground_points"], cloud = int((~keep).sum()), cloud[keep]
    result["cloud"] = as_json(compare_clouds(cloud, seen, thresholds))
    result["cloud_evened"] = as_json(compare_clouds(cloud[evened(cloud, 0.001 * diagonal)], seen, thresholds))
    if (outputs / "mesh.ply").is_file():
        mesh = read_mesh(outputs / "mesh.ply")
        points = mesh_points(mesh, 1_000_000)
        points = points[off_ground(points, everything)] if drop_ground else points
        result["mesh"] = {"faces": len(mesh.faces), **as_json(compare_clouds(points, seen, thresholds))}
    return result


def off_ground(points: NDArray[np.floating], surface: NDArray[np.floating], reach: float = 1.5) -> NDArray[np.bool_]:
    """Points that belong to the object: closer to its true surface than to the plane z = 0, and within `reach` of the axis.

    A floating error between the two counts as the object's when it is closer to it.
    """
    tree = cKDTree(surface)
    height = np.abs(points[:, 2])
    keep = np.zeros(len(points), bool)
    lowest = 0.0
    for highest in (0.005, 0.02, 0.08, np.inf):  # a search that may give up early is many times faster
        chosen = np.flatnonzero((height >= lowest) & (height < highest) & (np.abs(points[:, :2]) < reach).all(axis=1))
        keep[chosen] = tree.query(points[chosen], distance_upper_bound=highest, workers=-1)[0] <= height[chosen]
        lowest = highest
    return keep
