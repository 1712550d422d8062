"""Pinhole camera without distortion: what everything after undistortion works with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Camera:
    """Pinhole intrinsics. Pixel (0, 0) is the centre of the top-left pixel.

    Args:
        width: Picture width in pixels.
        height: Picture height in pixels.
        fx: Focal length in pixels, horizontal.
        fy: Focal length in pixels, vertical.
        cx: Principal point, pixels from the centre of the left column.
        cy: Principal point, pixels from the centre of the top row.
    """

    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float

    @property
    def matrix(self) -> NDArray[np.float64]:
        """Calibration matrix K, `[3, 3]`."""
        return np.array([[self.fx, 0.0, self.cx], [0.0, self.fy, self.cy], [0.0, 0.0, 1.0]])

    def scaled(self, width: int, height: int) -> Camera:
        """The same camera for a picture resampled to `width` x `height`."""
        sx, sy = width / self.width, height / self.height
        return Camera(width, height, self.fx * sx, self.fy * sy, (self.cx + 0.5) * sx - 0.5, (self.cy + 0.5) * sy - 0.5)

    def project(self, points: NDArray[np.floating]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Projects camera-frame points.

        Args:
            points: `[..., 3]` in the camera frame.

        Returns:
            Pixels `[..., 2]` (not finite where depth is 0) and z-depths `[...]`; depth <= 0 means behind the camera.
        """
        points_64: NDArray[np.float64] = np.asarray(points, np.float64)
        depth = points_64[..., 2]
        with np.errstate(divide="ignore", invalid="ignore"):
            x = self.fx * points_64[..., 0] / depth + self.cx
            y = self.fy * points_64[..., 1] / depth + self.cy
        return np.stack([x, y], axis=-1), depth

    def unproject(self, pixels: NDArray[np.floating], depth: NDArray[np.floating]) -> NDArray[np.float64]:
        """Camera-frame points `[..., 3]` of pixels `[..., 2]` at z-depths `[...]`."""
        pixels = np.asarray(pixels, np.float64)
        x = (pixels[..., 0] - self.cx) / self.fx
        y = (pixels[..., 1] - self.cy) / self.fy
        return np.stack([x, y, np.ones_like(x)], axis=-1) * np.asarray(depth, np.float64)[..., None]
