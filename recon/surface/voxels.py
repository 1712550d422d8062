"""How large a voxel should be, and which blocks of voxels the depth maps touch."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recon.scene import Camera, Rigid3
from recon.surface.pixels import WeightedDepth

BLOCK = 8
"""Voxels along the edge of a block."""
BYTES_PER_BLOCK = BLOCK**3 * (4 + 4 + 16) + 256
"""Distance, weight, and the four vertex indices that extraction reserves; and the hash entry."""
_HALF = 1 << 20


@dataclass(frozen=True, eq=False)
class Frame:
    """One view as the voxel grid sees it; `camera` has the size of the depth map."""

    camera: Camera
    cam_from_world: Rigid3
    pixels: WeightedDepth


def footprint(frame: Frame) -> float:
    """Median width of a used pixel on the surface, scene units; 0 when no pixel is used."""
    depth = frame.pixels.depth[frame.pixels.depth > 0]
    return float(np.median(depth)) / min(frame.camera.fx, frame.camera.fy) if len(depth) else 0.0


def touched_blocks(frame: Frame, voxel: float, band: float) -> NDArray[np.int64]:
    """Packed keys of the blocks within `band` of the depths of one view, sorted and unique."""
    camera, depth = frame.camera, frame.pixels.depth
    step = max(1, int(0.5 * BLOCK * voxel / max(footprint(frame), 1e-12)))
    rows, columns = np.nonzero(depth[::step, ::step] > 0)
    rows, columns = rows * step, columns * step
    z = depth[rows, columns].astype(np.float64)
    reach = band / frame.pixels.cosine[rows, columns]
    pixels = np.stack([columns, rows], axis=1)
    found = []
    samples = max(3, int(np.ceil(2 * float(band) / (0.5 * BLOCK * voxel))) + 1)
    for offset in np.linspace(-1, 1, samples):
        along = z + offset * np.minimum(reach, 4 * band)
        front = along > 0
        points = frame.cam_from_world.inverse().apply(camera.unproject(pixels[front], along[front]))
        found.append(np.unique(_pack(np.floor(points / (BLOCK * voxel)).astype(np.int64))))
    return np.unique(np.concatenate(found))


def union(frames: Iterable[Frame], voxel: float, band: float, check_cancelled: Callable[[], None]) -> NDArray[np.int64]:
    """Packed keys of all blocks the frames touch."""
    keys = np.empty(0, np.int64)
    for frame in frames:
        check_cancelled()
        keys = np.union1d(keys, touched_blocks(frame, voxel, band))
    return keys


@dataclass(frozen=True, eq=False)
class Slab:
    """Neighbouring layers of blocks that are in memory together.

    Args:
        axis: Across which the layers lie.
        low: First layer.
        high: One past the last layer.
        held: `[H]` int64 numbers of their blocks, and of those of the next layer, in which the surface goes on.
    """

    axis: int
    low: int
    high: int
    held: NDArray[np.int64]


def slabs(blocks: NDArray[np.int32], most: int) -> list[Slab]:
    """Cuts blocks `[B, 3]` across their longest axis into slabs that hold at most `most` each, or else a single layer and the next."""
    axis = int(np.ptp(blocks, axis=0).argmax())
    order = np.argsort(blocks[:, axis], kind="stable")
    first, last = int(blocks[order[0], axis]), int(blocks[order[-1], axis])
    starts = np.searchsorted(blocks[order, axis], np.arange(first, last + 3))  # of each layer, and of two beyond the last
    found, low = [], 0
    layers = last - first + 1
    while low < layers:
        fitting = int(np.searchsorted(starts[2:], starts[low] + most, side="right"))
        high = min(max(fitting, low + 1), layers)
        found.append(Slab(axis, first + low, first + high, order[starts[low] : starts[min(high + 1, layers)]]))
        low = high
    return found


def unpack(keys: NDArray[np.int64]) -> NDArray[np.int32]:
    """Block coordinates `[B, 3]` of packed keys."""
    mask = 2 * _HALF - 1
    return (np.stack([keys >> 42, (keys >> 21) & mask, keys & mask], axis=1) - _HALF).astype(np.int32)


def _pack(blocks: NDArray[np.int64]) -> NDArray[np.int64]:
    shifted = np.clip(blocks + _HALF, 0, 2 * _HALF - 1)
    packed: NDArray[np.int64] = (shifted[:, 0] << 42) | (shifted[:, 1] << 21) | shifted[:, 2]
    return packed
