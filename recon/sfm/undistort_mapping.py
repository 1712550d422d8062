"""Between the pixels of an original photo and those of its undistorted picture, exactly and both ways."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.io.colmap import points_from_colmap, points_to_colmap, to_colmap_camera
from recon.scene import Camera
from recon.scene.lens import LensCamera

_WIDEST = 1.7321
"""Tangent of half the widest angle that goes into one undistorted picture: 120 degrees."""


@dataclass(frozen=True)
class PixelMapping:
    """Original photo and undistorted picture of one view.

    Args:
        original: The lens of the photo.
        undistorted: The pinhole camera of the picture made from it, with the same centre and axes.
    """

    original: LensCamera
    undistorted: Camera

    def to_original(self, pixels: NDArray[np.floating]) -> NDArray[np.float64]:
        """Where pixels `[..., 2]` of the undistorted picture lie in the photo, `[..., 2]`; nan where the lens cannot see them."""
        pixels = np.asarray(pixels, np.float64)
        rays = self.undistorted.unproject(pixels.reshape(-1, 2), np.ones(pixels.size // 2))
        seen = to_colmap_camera(self.original).img_from_cam(np.ascontiguousarray(rays))
        return points_from_colmap(seen).reshape(pixels.shape)

    def to_undistorted(self, pixels: NDArray[np.floating]) -> NDArray[np.float64]:
        """Where pixels `[..., 2]` of the photo lie in the undistorted picture, `[..., 2]`."""
        pixels = np.asarray(pixels, np.float64)
        flat = to_colmap_camera(self.original).cam_from_img(np.ascontiguousarray(points_to_colmap(pixels.reshape(-1, 2))))
        rays = np.concatenate([flat, np.ones((len(flat), 1))], axis=1)
        return self.undistorted.project(rays)[0].reshape(pixels.shape)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {"original": asdict(self.original), "undistorted": asdict(self.undistorted)}

    @staticmethod
    def from_json(values: dict[str, Any]) -> PixelMapping:
        """The inverse of `to_json`.

        Raises:
            KeyError, TypeError, ShapeError: Not such values.
        """
        original = values["original"]
        lens = LensCamera(original["model"], original["width"], original["height"], tuple(original["params"]))
        return PixelMapping(lens, Camera(**values["undistorted"]))


def reduced(lens: LensCamera, max_size: int) -> LensCamera:
    """The lens for the photo reduced so that its longer side is at most `max_size`."""
    longer = max(lens.width, lens.height)
    if longer <= max_size:
        return lens
    return lens.scaled(*(max(1, round(side * max_size / longer)) for side in (lens.width, lens.height)))


def pinhole_for(lens: LensCamera, blank: float = 0.0) -> Camera:
    """The camera of the undistorted picture: as sharp as the photo in its middle.

    Args:
        lens: Lens of the photo at the size it is undistorted from.
        blank: 0 cuts the border until every pixel is covered by the photo, 1 keeps every pixel of the photo.
    """
    import pycolmap

    from recon.io.colmap import from_colmap_camera

    if lens.is_pinhole:
        return lens.pinhole()
    options = pycolmap.UndistortCameraOptions()
    options.blank_pixels = blank
    options.max_cam_point_norm = _WIDEST
    return from_colmap_camera(pycolmap.undistort_camera(options, to_colmap_camera(lens))).pinhole()
