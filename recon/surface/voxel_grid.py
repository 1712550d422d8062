"""The voxel grid itself as a result: signed distances, weights and occupancy on a regular grid, and its voxels as boxes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recon.errors import ReconstructionError, SettingsError
from recon.io.atomic import replacing
from recon.scene import PointCloud, TriMesh
from recon.surface.blocks import BLOCK
from recon.surface.config import MeshConfig
from recon.surface.tsdf import GridPlan, integrate, plan_grid
from recon.surface.voxels import Frame

LEAST, MOST = 8, 512
"""Voxels along the longest side."""
_MOST_VOXELS = MOST**3
_CORNERS = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 0, 1], [1, 0, 1], [1, 1, 1], [0, 1, 1]], np.int64)
_SIDES = {
    (-1, 0, 0): (0, 4, 7, 3),
    (1, 0, 0): (1, 2, 6, 5),
    (0, -1, 0): (0, 1, 5, 4),
    (0, 1, 0): (3, 7, 6, 2),
    (0, 0, -1): (0, 3, 2, 1),
    (0, 0, 1): (4, 5, 6, 7),
}
"""Direction of a side -> its corners, counter-clockwise seen from outside."""


@dataclass(frozen=True, eq=False)
class VoxelGrid:
    """A regular grid; voxel (i, j, k) has its middle at `origin + voxel * (i, j, k)`.

    Args:
        origin: `[3]` float64, world frame.
        voxel: Edge of a voxel, scene units.
        tsdf: `[X, Y, Z]` float32 distance to the surface in scene units, positive outside, cut at the band; unknown places have the band.
        weight: `[X, Y, Z]` float32 how much is known; 0 = nothing.
        occupied: `[X, Y, Z]` bool at or behind the surface, as deep as the band reaches.
    """

    origin: NDArray[np.float64]
    voxel: float
    tsdf: NDArray[np.float32]
    weight: NDArray[np.float32]
    occupied: NDArray[np.bool_]


def make_voxels(
    frames: list[Frame], extent: float, resolution: int, config: MeshConfig, progress: Callable[[int, int], None] = lambda done, total: None
) -> VoxelGrid:
    """Averages the depth maps on a grid of about `resolution` voxels along the longest side.

    Args:
        frames: Usable depths.
        extent: Longest side of what they show, scene units.
        resolution: Voxels along it, `LEAST` to `MOST`.
        config: Truncation, weights and memory.
        progress: Called with (views done, all); may raise to stop.

    Raises:
        SettingsError: The resolution is out of range.
        ReconstructionError: No usable depth, or no voxel is occupied.
    """
    if not LEAST <= resolution <= MOST:
        raise SettingsError(
            f"A grid of {resolution} voxels cannot be made.", f"Its sides have {LEAST} to {MOST}.", "Choose another number."
        )
    config = replace(config, voxel_size=max(extent, 1e-12) / resolution, adaptive=False)
    plan = plan_grid(frames, config)
    index, tsdf, weight = _known(frames, plan, config, progress)
    occupied = (weight >= config.min_weight) & (tsdf <= 0)
    if not occupied.any():
        raise ReconstructionError("There is no voxel to write.", "No voxel is known well enough.", "Choose fewer voxels.")
    inside = index[occupied]
    low, high = inside.min(axis=0) - 1, inside.max(axis=0) + 1
    shape = tuple((high - low + 1).tolist())
    if np.prod(shape, dtype=np.int64) > _MOST_VOXELS:
        raise SettingsError("The voxel grid is too large.", f"It would have {' x '.join(map(str, shape))} voxels.", "Choose fewer voxels.")
    band = config.truncation * plan.voxel
    origin = plan.origin + low * plan.voxel
    grid = VoxelGrid(origin, plan.voxel, np.full(shape, band, np.float32), np.zeros(shape, np.float32), np.zeros(shape, bool))
    keep = ((index >= low) & (index <= high)).all(axis=1)
    at = tuple((index[keep] - low).T)
    grid.tsdf[at], grid.weight[at], grid.occupied[at] = tsdf[keep], weight[keep], occupied[keep]
    return grid


def _known(
    frames: list[Frame], plan: GridPlan, config: MeshConfig, progress: Callable[[int, int], None]
) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32]]:
    """Places `[S, 3]` of the voxels that something is known about, their distances and weights `[S]`."""
    steps = np.stack(np.meshgrid(*[np.arange(BLOCK)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    places, distances, weights = [], [], []
    for part in integrate(frames, plan, config, progress):
        block, voxel = np.nonzero(part.weight[:, :BLOCK, :BLOCK, :BLOCK].reshape(len(part.corners), -1))
        at = (block, *steps[voxel].T)
        places.append(part.corners[block] + steps[voxel])
        distances.append(part.distance[at])
        weights.append(part.weight[at])
    return np.concatenate(places), np.concatenate(distances), np.concatenate(weights)


def boxes(grid: VoxelGrid, cloud: PointCloud | None = None) -> TriMesh:
    """The occupied voxels as a mesh of their outer sides, with the colours of the nearest points of the cloud.

    Sides between two occupied voxels are left out; corners are shared.
    """
    padded = np.pad(grid.occupied, 1)
    quads = []
    for way, corners in _SIDES.items():
        beside = np.roll(padded, tuple(-step for step in way), axis=(0, 1, 2))
        own = np.argwhere(padded & ~beside) - 1
        quads.append(own[:, None] + _CORNERS[list(corners)][None])
    places, index = np.unique(np.concatenate(quads).reshape(-1, 3), axis=0, return_inverse=True)
    quad = index.reshape(-1, 4).astype(np.int32)
    faces = np.concatenate([quad[:, [0, 1, 2]], quad[:, [0, 2, 3]]])
    vertices = (grid.origin + grid.voxel * (places - 0.5)).astype(np.float32)
    mesh = TriMesh(vertices, faces)
    if cloud is None or cloud.colors is None or not len(cloud):
        return mesh
    from scipy.spatial import cKDTree

    return replace(mesh, colors=cloud.colors[cKDTree(cloud.points).query(vertices, workers=-1)[1]])


def write_voxels(grid: VoxelGrid, path: Path) -> None:
    """Writes `origin`, `voxel`, `tsdf`, `weight` and `occupied` as .npz.

    Raises:
        ResourceError: The file cannot be written.
    """
    with replacing(Path(path)) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, origin=grid.origin, voxel=grid.voxel, tsdf=grid.tsdf, weight=grid.weight, occupied=grid.occupied)
