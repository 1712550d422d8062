"""Undistortion of pictures and masks."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from recon.scene import Camera
from recon.scene.lens import LensCamera
from recon.sfm.undistort_mapping import PixelMapping

_ROWS = 128
_ROUND_TRIP = 0.01


def undistort_picture(image: NDArray[np.uint8], lens: LensCamera, camera: Camera) -> NDArray[np.uint8]:
    """The picture `[H, W, 3]` that `camera` would have taken; black where the photo does not reach.

    Args:
        image: The photo, `[h, w, 3]` at any size of the shape of `lens`.
        lens: Its lens, at the size that `camera` was made for; a larger photo is first reduced to it.
        camera: From `recon.sfm.undistort_mapping.pinhole_for(lens)`.
    """
    image = _resized(image, lens)
    if lens.is_pinhole:
        return image
    x, y, valid = warp(lens, camera)
    result = np.asarray(cv2.remap(image, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE), np.uint8)
    result[~valid] = 0
    return result


def undistort_mask(mask: NDArray[np.bool_] | None, lens: LensCamera, camera: Camera) -> NDArray[np.bool_]:
    """The pixels `[H, W]` of the undistorted picture to use: inside the photo and, with a mask `[h, w]`, in it."""
    if lens.is_pinhole:
        valid = np.ones((camera.height, camera.width), bool)
        return valid if mask is None else _resized(mask.astype(np.uint8) * 255, lens) >= 128
    x, y, valid = warp(lens, camera)
    if mask is None:
        return valid
    used = cv2.remap(_resized(mask.astype(np.uint8) * 255, lens), x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return valid & (np.asarray(used) >= 128)


@lru_cache(maxsize=2)
def warp(lens: LensCamera, camera: Camera) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_]]:
    """For every pixel of the undistorted picture its place x, y in the photo, `[H, W]` each, and whether that is inside."""
    mapping = PixelMapping(lens, camera)
    places = np.concatenate([_places(mapping, _grid(camera.width, rows)) for rows in _bands(camera.height)])
    x, y = (np.ascontiguousarray(places[..., axis], np.float32) for axis in (0, 1))
    valid = _inside(lens, places)
    x[~valid] = y[~valid] = 0
    return x, y, valid


def covers(lens: LensCamera, camera: Camera) -> bool:
    """Whether the photo reaches every pixel of the undistorted picture.

    Lenses move pixels along the rays from the middle, so that a picture whose border is covered is covered everywhere.
    """
    if lens.is_pinhole:
        return True
    grid = _grid(camera.width, range(camera.height))
    border = np.concatenate([grid[0], grid[-1], grid[:, 0], grid[:, -1]])
    return bool(_inside(lens, _places(PixelMapping(lens, camera), border)).all())


def _grid(width: int, rows: range) -> NDArray[np.float64]:
    """Pixels x, y of some rows, `[rows, width, 2]`."""
    return np.stack(np.meshgrid(np.arange(width), np.array(rows)), axis=-1).astype(np.float64)


def _places(mapping: PixelMapping, pixels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Places in the photo of pixels `[..., 2]`; nan where the distortion folds back over itself: the way back ends elsewhere."""
    places = mapping.to_original(pixels)
    with np.errstate(invalid="ignore"):
        returns = np.abs(mapping.to_undistorted(places) - pixels).max(axis=-1) < _ROUND_TRIP
    places[~returns] = np.nan
    return places


def _inside(lens: LensCamera, places: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether places `[..., 2]` lie in the photo; nan does not."""
    with np.errstate(invalid="ignore"):
        return np.asarray(((places >= -0.5) & (places <= np.array([lens.width, lens.height]) - 0.5)).all(axis=-1))


def _bands(height: int) -> Iterator[range]:
    return (range(top, min(top + _ROWS, height)) for top in range(0, height, _ROWS))


def _resized(image: NDArray[np.uint8], lens: LensCamera) -> NDArray[np.uint8]:
    """The picture at the size of the lens; the same array when it has that size."""
    if image.shape[1] == lens.width and image.shape[0] == lens.height:
        return image
    return np.asarray(cv2.resize(image, (lens.width, lens.height), interpolation=cv2.INTER_AREA), np.uint8)
