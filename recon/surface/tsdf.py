"""Truncated signed distances on voxels of several sizes, averaged over depth maps, and their zero surface.

Curless and Levoy, "A volumetric method for building complex models from range images" (1996). Changed: the distance is measured to the
plane of the pixel (z difference times the cosine to its normal), every depth weighs by confidence and angle, and voxels are as large
as the pixels there (in the spirit of Fuhrmann and Goesele 2011, "Fusion of depth maps with multiple scales"). Blocks of voxels are
averaged one after another; only the edges that the surface cuts are kept, so memory grows with the surface, not with the volume.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recon.errors import ReconstructionError
from recon.scene import DepthMap, Scene, TriMesh
from recon.surface.blocks import BLOCK, Blocks
from recon.surface.config import MeshConfig
from recon.surface.integration import Sight, average
from recon.surface.nets import Cuts, find_cuts, surface
from recon.surface.pixels import weigh
from recon.surface.voxels import BYTES_PER_BLOCK, Frame, cover, footprint

_GROW = 1.26
_CHUNK = 1024


@dataclass(frozen=True)
class GridPlan:
    """The voxels that fit the data and the memory.

    Args:
        voxel: Edge of the smallest voxel, scene units.
        wanted: Edge the data would have allowed.
        origin: `[3]` float64 where the lattice of voxels starts.
        blocks: Where voxels are, and of which size.
    """

    voxel: float
    wanted: float
    origin: NDArray[np.float64]
    blocks: Blocks


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
    """Chooses the sizes of the voxels: from the data, or larger when their surface would not fit `config.memory_mb`.

    Raises:
        ReconstructionError: There is no usable depth at all.
    """
    if not frames:
        raise no_depth()
    wanted = config.voxel_size or config.voxel_pixels * float(np.median([footprint(frame) for frame in frames]))
    origin = np.mean([frame.cam_from_world.center for frame in frames], axis=0)
    voxel, most = wanted, max(int(config.memory_mb * 1e6 / BYTES_PER_BLOCK), 1)
    while True:
        blocks = cover(frames, voxel, config.voxel_pixels, config.truncation, origin, config.adaptive, check_cancelled)
        if len(blocks) <= most:
            return GridPlan(voxel, wanted, origin, blocks)
        voxel *= max(_GROW, (len(blocks) / most) ** 0.4)


def no_depth() -> ReconstructionError:
    """The error for nothing to make a surface from."""
    return ReconstructionError(
        "No surface could be made.",
        "No depth map has a pixel that other views confirm.",
        "Take photos with more overlap (60 % and more), or loosen the consistency settings of the point cloud.",
    )


@dataclass(frozen=True, eq=False)
class Averaged:
    """Averaged distances in some blocks of one level.

    Args:
        level: Of the blocks.
        corners: `[B, 3]` int64 first places of the blocks, in edges of the smallest voxel.
        distance: `[B, BLOCK + 1, BLOCK + 1, BLOCK + 1]` float32 at the corners of the voxels, scene units, positive outside.
        weight: Same shape, 0 = nothing known.
    """

    level: int
    corners: NDArray[np.int64]
    distance: NDArray[np.float32]
    weight: NDArray[np.float32]


def fuse_depths(
    frames: list[Frame], plan: GridPlan, config: MeshConfig, progress: Callable[[int, int], None] = lambda done, total: None
) -> TriMesh:
    """Averages all depths and extracts the zero surface: vertices and faces, in an order that depends on nothing else.

    Args:
        frames: Usable depths.
        plan: From `plan_grid`.
        config: Truncation and weights.
        progress: Called with (blocks done, all); may raise to stop.
    """
    cuts: list[Cuts] = []
    for part in integrate(frames, plan, config, progress):
        cuts += find_cuts(part.distance, part.weight >= config.min_weight, part.corners, part.level)
    vertices, faces = surface(cuts, plan.blocks)
    if not len(faces):
        raise no_depth()
    return TriMesh((vertices * plan.voxel + plan.origin).astype(np.float32), faces)


def integrate(
    frames: list[Frame], plan: GridPlan, config: MeshConfig, progress: Callable[[int, int], None] = lambda done, total: None
) -> Iterator[Averaged]:
    """Averages all depths, a thousand blocks at a time; arguments as for `fuse_depths`."""
    import torch

    sights = [Sight(frame, plan.origin, config) for frame in frames]
    done, blocks = 0, plan.blocks
    for level in range(len(blocks.levels)):
        corners, mixed = blocks.corners(level), blocks.beside_finer(level)
        order = np.argsort(mixed, kind="stable")
        for start in range(0, len(order), _CHUNK):
            chosen = order[start : start + _CHUNK]

            def told(before: int = done) -> None:
                progress(before, len(blocks))

            ticks = corners[chosen][:, :, None] + (np.arange(BLOCK + 1) << level)
            levels = _levels(blocks, level, chosen, mixed)
            band = torch.from_numpy((config.truncation * plan.voxel * 2.0**levels).astype(np.float32))
            with single_thread():
                distance, weight = average(sights, torch.from_numpy(ticks.astype(np.float32)) * plan.voxel, band, told)
            yield Averaged(level, corners[chosen], distance, weight)
            done += len(chosen)
    progress(done, len(blocks))


def _levels(blocks: Blocks, level: int, chosen: NDArray[np.int64], mixed: NDArray[np.bool_]) -> NDArray[np.int8]:
    """Level that decides the band: `[B, 1]`, or for every corner of a voxel `[B, (BLOCK + 1) ** 3]` where smaller blocks are near."""
    if not mixed[chosen].any():
        return np.full((len(chosen), 1), level, np.int8)
    return blocks.sample_levels(level, chosen)


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
