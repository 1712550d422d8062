"""How large voxels should be, and which blocks of voxels the depth maps touch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recon.scene import Camera, Rigid3
from recon.surface.blocks import BLOCK, LEVELS, MOST, Blocks, pack
from recon.surface.pixels import WeightedDepth

BYTES_PER_BLOCK = 8192
"""What the surface in a block takes while it is put together."""
_OVERLAP = 0.05


@dataclass(frozen=True, eq=False)
class Frame:
    """One view as the voxels see it; `camera` has the size of the depth map."""

    camera: Camera
    cam_from_world: Rigid3
    pixels: WeightedDepth

    @property
    def focal(self) -> float:
        """The shorter focal length, pixels."""
        return min(self.camera.fx, self.camera.fy)


def footprint(frame: Frame) -> float:
    """Median width of a used pixel on the surface, scene units."""
    depth = frame.pixels.depth
    return float(np.median(depth[depth > 0])) / frame.focal


def cover(
    frames: Sequence[Frame],
    voxel: float,
    pixels: float,
    truncation: float,
    origin: NDArray[np.float64],
    adaptive: bool,
    check_cancelled: Callable[[], None] = lambda: None,
) -> Blocks:
    """Blocks around all depths: of voxels `pixels` pixel widths wide, as powers of two allow, when `adaptive`, else of one size.

    Args:
        frames: Usable depths.
        voxel: Edge of the smallest voxel, scene units.
        pixels: Edge wanted, in widths of a pixel on the surface.
        truncation: Half width of the band around a depth, voxels.
        origin: `[3]` where the lattice starts.
        adaptive: Whether voxels of several sizes are wanted.
        check_cancelled: Called for every frame; may raise to stop.
    """
    wanted = [np.empty(0, np.int64)] * (LEVELS if adaptive else 1)
    for frame in frames:
        check_cancelled()
        depth = frame.pixels.depth
        scale = np.log2(np.maximum(depth, 1e-30) * np.float32(pixels / frame.focal / voxel))
        for level in range(len(wanted)):
            chosen = depth > 0
            if level > 0:
                chosen &= scale >= level - 0.5 - _OVERLAP  # some finer ones too, so that no gap opens between two sizes
            if level < len(wanted) - 1:
                chosen &= scale < level + 0.5
            if chosen.any():
                wanted[level] = np.union1d(wanted[level], touched_blocks(frame, chosen, voxel * 2**level, truncation, origin))
    return Blocks.without_overlaps(wanted)


def touched_blocks(
    frame: Frame, chosen: NDArray[np.bool_], voxel: float, truncation: float, origin: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Packed positions of the blocks within the band around the chosen pixels `[H, W]` of a view, sorted and unique.

    What is too far away to be counted in voxels is left out.
    """
    depth, band = frame.pixels.depth, truncation * voxel
    step = max(1, int(0.5 * BLOCK * voxel * frame.focal / float(np.median(depth[chosen]))))
    rows, columns = np.nonzero(chosen[::step, ::step])
    rows, columns = rows * step, columns * step
    z = depth[rows, columns].astype(np.float64)
    reach = np.minimum(band / frame.pixels.cosine[rows, columns], 4 * band)
    pixels = np.stack([columns, rows], axis=1)
    found = []
    for offset in np.linspace(-1, 1, max(3, int(np.ceil(4 * truncation / BLOCK)) + 1)):
        along = z + offset * reach
        front = along > 0
        points = frame.cam_from_world.inverse().apply(frame.camera.unproject(pixels[front], along[front])) - origin
        near = (np.abs(points) < MOST * voxel / 2**LEVELS).all(axis=1)
        found.append(np.unique(pack(np.floor(points[near] / (BLOCK * voxel)).astype(np.int64))))
    return np.unique(np.concatenate(found))
