"""Exports the voxel grid of a project's depth maps."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from recon.errors import InputError
from recon.project import Project

RESOLUTION = 128


def export_voxels(project: Project, target: Path, resolution: int = RESOLUTION) -> None:
    """Averages the consistent depth maps on a grid and writes it: as .npz, or as a mesh of boxes.

    Args:
        project: With a finished dense cloud.
        target: `.npz` or the suffix of a mesh format.
        resolution: Voxels along the longest side of the cloud.

    Raises:
        InputError: The project has no dense cloud yet.
        ReconstructionError: No depth can be used.
        SettingsError: The resolution is out of range.
        ResourceError: The file cannot be written.
    """
    from recon.io.formats import read_cloud, write_mesh
    from recon.sfm import load_views
    from recon.surface.config import MeshConfig
    from recon.surface.stage import LazyDepths
    from recon.surface.tsdf import frames_of
    from recon.surface.voxel_grid import boxes, make_voxels, write_voxels

    undistorted, fused = project.artifact("undistort"), project.artifact("cloud")
    if undistorted is None or fused is None:
        why = "Voxels are made from the consistent depth maps, which are not there."
        raise InputError("There are no voxels to export.", why, "Run the reconstruction up to the cloud first.")
    scene, _, masks = load_views(undistorted)
    cloud = read_cloud(fused.path / "cloud.ply")
    extent = float(np.ptp(cloud.points, axis=0).max()) if len(cloud) else 0.0
    config = MeshConfig()
    grid = make_voxels(frames_of(scene, LazyDepths(fused.items, masks), config), extent, resolution, config)
    if target.suffix.lower() == ".npz":
        write_voxels(grid, target)
    else:
        write_mesh(boxes(grid, cloud), target)
