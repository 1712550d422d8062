"""The square part of a photograph that shows the object, at the networks' size."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from recon.direct.cube import REACH
from recon.scene import Camera, Rigid3, Sim3

SIZE = 96
"""Side of the networks' pictures in pixels."""
FILLED = 0.8
"""Larger side of the object's outline as a part of the crop's side, where the outline is what a crop goes by."""


@dataclass(frozen=True)
class Crop:
    """A square of pixels; it may reach over the picture's border.

    Args:
        left: Its first column.
        top: Its first row.
        side: Pixels, at least 1.
    """

    left: int
    top: int
    side: int

    def camera(self, camera: Camera, size: int = SIZE) -> Camera:
        """The camera of the crop at `size` pixels."""
        moved = Camera(self.side, self.side, camera.fx, camera.fy, camera.cx - self.left, camera.cy - self.top)
        return moved.scaled(size, size)

    def cut(self, picture: NDArray[np.uint8], mask: NDArray[np.bool_], size: int = SIZE) -> NDArray[np.uint8]:
        """Colours and mask `[size, size, 4]` of a picture `[H, W, 3]`; both are 0 off the mask and off the picture.

        Args:
            picture: RGB.
            mask: `[H, W]`, where the object is.
            size: Pixels.
        """
        height, width = picture.shape[:2]
        rows = slice(max(self.top, 0), min(self.top + self.side, height))
        columns = slice(max(self.left, 0), min(self.left + self.side, width))
        part = np.zeros((self.side, self.side, 4), np.uint8)
        if rows.start < rows.stop and columns.start < columns.stop:
            used = mask[rows, columns]
            inner = part[rows.start - self.top : rows.stop - self.top, columns.start - self.left : columns.stop - self.left]
            inner[..., :3] = picture[rows, columns] * used[..., None]
            inner[..., 3] = used * np.uint8(255)
        shrinks = self.side > size
        return np.asarray(cv2.resize(part, (size, size), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR), np.uint8)


def around_outline(mask: NDArray[np.bool_], filled: float = FILLED, shift: tuple[float, float] = (0.0, 0.0)) -> Crop:
    """The crop around what a mask `[H, W]` covers (something); `shift` moves it by parts of its side."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    x, y = (columns[0] + columns[-1] + 1) / 2, (rows[0] + rows[-1] + 1) / 2
    extent = max(columns[-1] - columns[0], rows[-1] - rows[0]) + 1
    side = max(1.0, extent / filled)
    return _centered(x + shift[0] * side, y + shift[1] * side, side)


def around_cube(camera: Camera, cam_from_world: Rigid3, world_from_cube: Sim3) -> Crop:
    """The crop that shows the ball of REACH around the middle of a cube, which lies before the camera."""
    middle = cam_from_world.apply(world_from_cube.translation)
    (x, y), depth = camera.project(middle)
    side = 2 * REACH * world_from_cube.scale * (camera.fx + camera.fy) / 2 / float(depth)
    return _centered(float(x) + 0.5, float(y) + 0.5, max(1.0, side))


def _centered(x: float, y: float, side: float) -> Crop:
    """The crop around a place that is counted from the picture's corner."""
    whole = max(1, round(side))
    return Crop(round(x - whole / 2), round(y - whole / 2), whole)
