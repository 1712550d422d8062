"""Where the cube lies when cameras are given: around what the outlines allow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recon.direct.cube import cell_centers, levelled
from recon.errors import ReconstructionError
from recon.scene import Camera, Rigid3, Sim3

_SIDE = 40
"""Cells along each axis of the grid that is carved."""
_ROUNDS = 4
_FILLED = 0.8
"""Longest side of the carved shape's box as a part of the cube's side."""
_REMEDY = "Check that cameras and masks belong to these photos, and that the masks are white where the object is."


@dataclass(frozen=True, eq=False)
class PosedPhoto:
    """A photograph whose camera is known.

    Args:
        camera: Intrinsics.
        pose: `cam_from_world`.
        mask: `[H, W]` bool, where the object is; something is.
    """

    camera: Camera
    pose: Rigid3
    mask: NDArray[np.bool_]

    def contains(self, points: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Whether world points `[N, 3]` lie in the outline, `[N]`."""
        pixels, depth = self.camera.project(self.pose.apply(points))
        column, row = np.round(np.where(np.isfinite(pixels), pixels, -1.0).clip(-1, 1e6)).astype(np.int64).T
        inside = (depth > 0) & (column >= 0) & (column < self.camera.width) & (row >= 0) & (row < self.camera.height)
        inside[inside] = self.mask[row[inside], column[inside]]
        return np.asarray(inside)

    def ray(self) -> tuple[NDArray[np.float64], float]:
        """Direction `[3]` in the world of the middle of the outline, and half of its larger extent as a tangent."""
        rows, columns = (np.flatnonzero(self.mask.any(axis=axis))[[0, -1]] for axis in (1, 0))
        away = self.camera.unproject(np.array([columns.mean(), rows.mean()]), np.array(1.0))
        extent = np.array([np.ptp(columns) + 1, np.ptp(rows) + 1]) / [self.camera.fx, self.camera.fy]
        return self.pose.inverse().rotate(away / np.linalg.norm(away)), float(extent.max()) / 2


def cube_around(photos: Sequence[PosedPhoto]) -> Sim3:
    """`world_from_cube` of the cube around the visual hull.

    Raises:
        ReconstructionError: The cameras look at nothing in common, or the outlines do not agree.
    """
    axes = levelled([photo.pose for photo in photos])
    rays = [photo.ray() for photo in photos]
    middle = _meeting([photo.pose.center for photo in photos], [direction for direction, _ in rays])
    depths = np.array([photo.pose.apply(middle)[2] for photo in photos])
    if depths.min() <= 0:
        why = f"{int((depths <= 0).sum())} of {len(depths)} look away from where the others do."
        raise ReconstructionError("The cameras do not look at one object.", why, _REMEDY)
    sizes = depths * np.array([half for _, half in rays])
    cube = Sim3(axes, middle, 2 * float(sizes.max()))
    for _ in range(_ROUNDS):
        cube = _tightened(cube, photos)
    return cube


def _tightened(cube: Sim3, photos: Sequence[PosedPhoto]) -> Sim3:
    """The cube around what the outlines leave of a cube."""
    cells = cell_centers(_SIDE).numpy().astype(np.float64)
    world = cube.apply(cells)
    left = cells[np.logical_and.reduce([photo.contains(world) for photo in photos])]
    if not len(left):
        raise ReconstructionError("The masks have nothing in common.", "No place in space lies in the outlines of all photos.", _REMEDY)
    low, high = left.min(axis=0) - 1 / _SIDE, left.max(axis=0) + 1 / _SIDE
    return Sim3(cube.rotation, cube.apply((low + high) / 2), cube.scale * float((high - low).max()) / 2 / _FILLED)


def _meeting(centers: Sequence[NDArray[np.float64]], directions: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """The point `[3]` nearest to all rays in the least squares sense.

    Raises:
        ReconstructionError: The rays are parallel.
    """
    across = [np.eye(3) - np.outer(d, d) for d in directions]
    total = np.sum(across, axis=0)
    if np.linalg.eigvalsh(total)[0] < 1e-6 * len(across):
        why = "All photos were taken in the same direction."
        raise ReconstructionError("The cameras do not say how far away the object is.", why, "Give photos from several sides.")
    place: NDArray[np.float64] = np.linalg.solve(total, np.sum([a @ c for a, c in zip(across, centers, strict=True)], axis=0))
    return place
