"""Truncated signed distance in a sparse voxel grid, averaged over depth maps, and its zero surface.

Curless and Levoy, "A volumetric method for building complex models from range images" (1996), on Open3D's VoxelBlockGrid.
Two changes: the distance is measured to the plane of the pixel (z difference times the cosine to its normal), and every
depth weighs by confidence and angle.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.errors import ReconstructionError
from recon.scene import DepthMap, Scene, TriMesh
from recon.surface.config import MeshConfig
from recon.surface.integration import Integrator
from recon.surface.pieces import joined, within
from recon.surface.pixels import weigh
from recon.surface.voxels import BLOCK, BYTES_PER_BLOCK, Frame, footprint, slabs, union, unpack

_GROW = 1.26


@dataclass(frozen=True)
class GridPlan:
    """The grid that fits the data and the memory.

    Args:
        voxel: Edge of a voxel, scene units.
        wanted: Edge the data would have allowed.
        keys: `[B]` packed block keys.
    """

    voxel: float
    wanted: float
    keys: NDArray[np.int64]


def frames_of(
    scene: Scene,
    depths: Mapping[str, DepthMap],
    config: MeshConfig,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Frame]:
    """Views with their usable depths; views without a depth map or a usable pixel are left out."""
    frames = []
    for number, view in enumerate(scene.views):
        progress(number, len(scene.views))
        if view.name not in depths:
            continue
        depth_map = depths[view.name]
        height, width = depth_map.depth.shape
        frame = Frame(view.camera.scaled(width, height), view.cam_from_world, weigh(depth_map, view.camera, config))
        if (frame.pixels.depth > 0).any():
            frames.append(frame)
    return frames


def plan_grid(frames: list[Frame], config: MeshConfig, check_cancelled: Callable[[], None] = lambda: None) -> GridPlan:
    """Chooses the voxel size: from the data, or coarser when not even two layers of blocks would fit `config.memory_mb`.

    Raises:
        ReconstructionError: There is no usable depth at all.
    """
    if not frames:
        raise no_depth()
    wanted = config.voxel_size or config.voxel_pixels * float(np.median([footprint(frame) for frame in frames]))
    voxel, most = wanted, blocks_in(config)
    while True:
        keys = union(frames, voxel, config.truncation * voxel, check_cancelled)
        largest = max(len(slab.held) for slab in slabs(unpack(keys), most))
        if largest <= most:
            return GridPlan(voxel, wanted, keys)
        voxel *= max(_GROW, (largest / most) ** 0.4)


def blocks_in(config: MeshConfig) -> int:
    """Blocks of voxels that fit the memory."""
    return max(int(config.memory_mb * 1e6 / BYTES_PER_BLOCK), 1)


def no_depth() -> ReconstructionError:
    """The error for nothing to make a surface from."""
    return ReconstructionError(
        "No surface could be made.",
        "No depth map has a pixel that other views confirm.",
        "Take photos with more overlap (60 % and more), or loosen the consistency settings of the point cloud.",
    )


@dataclass(frozen=True, eq=False)
class Integrated:
    """Averaged distances, block by block.

    Args:
        blocks: `[B, 3]` int32 position of each block, in blocks.
        offsets: `[BLOCK ** 3, 3]` int64 position of each voxel in its block, in voxels.
        tsdf: `[B, BLOCK ** 3]` float32 distances in units of the band.
        weight: `[B, BLOCK ** 3]` float32, 0 = nothing known.
    """

    blocks: NDArray[np.int32]
    offsets: NDArray[np.int64]
    tsdf: NDArray[np.float32]
    weight: NDArray[np.float32]


def fuse_depths(
    frames: list[Frame], plan: GridPlan, config: MeshConfig, progress: Callable[[int, int], None] = lambda done, total: None
) -> TriMesh:
    """Averages all depths and extracts the zero surface: vertices and faces, in an order that depends on nothing else.

    Args:
        frames: Usable depths.
        plan: From `plan_grid`.
        config: Truncation and weights.
        progress: Called with (views done, all); may raise to stop.
    """
    parts, blocks = [], unpack(plan.keys)
    cut = slabs(blocks, blocks_in(config))
    for number, slab in enumerate(cut):

        def told(done: int, total: int, before: int = number) -> None:
            progress(before * total + done, len(cut) * total)

        grid = _filled_grid(frames, blocks[slab.held], plan.voxel, config, told)[0]
        mesh = grid.extract_triangle_mesh(config.min_weight)
        if "positions" in mesh.vertex and "indices" in mesh.triangle and len(mesh.triangle.indices):
            whole = TriMesh(mesh.vertex.positions.numpy(), mesh.triangle.indices.numpy())
            parts.append(whole if len(cut) == 1 else within(whole, slab, BLOCK * plan.voxel, plan.voxel))
    if not sum(len(part.faces) for part in parts):
        raise no_depth()
    return canonical(parts[0] if len(parts) == 1 else joined(parts, cut, BLOCK * plan.voxel, plan.voxel))


def integrate(
    frames: list[Frame], plan: GridPlan, config: MeshConfig, progress: Callable[[int, int], None] = lambda done, total: None
) -> Integrated:
    """Averages all depths in one go, whatever `config.memory_mb` says; arguments as for `fuse_depths`."""
    grid, rows, offsets = _filled_grid(frames, unpack(plan.keys), plan.voxel, config, progress)
    tsdf, weight = (_values(grid, name)[rows].numpy() for name in ("tsdf", "weight"))
    steps = np.round(offsets.numpy() / plan.voxel).astype(np.int64)
    return Integrated(unpack(plan.keys), steps, tsdf, weight)


def _filled_grid(
    frames: list[Frame], blocks: NDArray[np.int32], voxel: float, config: MeshConfig, progress: Callable[[int, int], None]
) -> tuple[Any, Any, Any]:
    """Open3D's grid with the averages, the rows of `blocks` `[B, 3]` in it, and the positions of the voxels in a block."""
    import open3d as o3d
    import torch

    core: Any = o3d.core
    make_grid: Any = o3d.t.geometry.VoxelBlockGrid
    grid = make_grid(("tsdf", "weight"), (core.float32, core.float32), ((1,), (1,)), voxel, BLOCK, len(blocks), core.Device("CPU:0"))
    indices, _ = grid.hashmap().activate(core.Tensor(blocks))
    rows = torch.from_numpy(indices.numpy().astype(np.int64))
    offsets = _voxel_offsets(grid, voxel, blocks, rows)
    tsdf, weight = (_values(grid, name) for name in ("tsdf", "weight"))
    corners = torch.from_numpy(blocks.astype(np.float32) * np.float32(BLOCK * voxel))
    with single_thread():
        for number, frame in enumerate(frames):
            progress(number, len(frames))
            Integrator(frame, offsets, voxel, config).add(tsdf, weight, rows, corners, partial(progress, number, len(frames)))
    progress(len(frames), len(frames))
    return grid, rows, offsets


@contextmanager
def single_thread() -> Iterator[None]:
    """One torch thread for many small operations: with more, they wait for each other longer than they work."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def canonical(mesh: TriMesh) -> TriMesh:
    """The same mesh with vertices sorted by position and faces by their smallest corner; unused vertices are dropped."""
    used = np.zeros(len(mesh.vertices), bool)
    used[mesh.faces] = True
    order = np.lexsort(mesh.vertices.T)
    order = order[used[order]]
    rank = np.full(len(mesh.vertices), -1, np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    faces = rank[mesh.faces]
    first = faces.argmin(axis=1)
    row = np.arange(len(faces))
    faces = np.stack([faces[row, (first + k) % 3] for k in range(3)], axis=1)
    faces = faces[np.lexsort(faces.T[::-1])]

    def picked(values: NDArray[Any] | None) -> NDArray[Any] | None:
        return None if values is None else values[order]

    return TriMesh(mesh.vertices[order], faces, picked(mesh.normals), picked(mesh.colors), picked(mesh.origin))


def _values(grid: Any, name: str) -> Any:
    """An attribute of the grid as a torch view `[capacity, BLOCK ** 3]`."""
    import torch

    return torch.utils.dlpack.from_dlpack(grid.attribute(name).to_dlpack()).view(-1, BLOCK**3)


def _voxel_offsets(grid: Any, voxel: float, blocks: NDArray[np.int32], rows: Any) -> Any:
    """Position of each voxel in its block `[BLOCK ** 3, 3]`, in the grid's own order."""
    import open3d as o3d
    import torch

    core: Any = o3d.core
    coordinates, flat = grid.voxel_coordinates_and_flattened_indices(core.Tensor(rows[:1].numpy().astype(np.int32)))
    positions = coordinates.numpy() - blocks[0].astype(np.float32) * np.float32(BLOCK * voxel)
    offsets = np.empty((BLOCK**3, 3), np.float32)
    offsets[flat.numpy() - int(rows[0]) * BLOCK**3] = np.round(positions / voxel) * voxel
    return torch.from_numpy(offsets)
