"""Which photos share a camera, and what is known of each camera before anything is computed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from recon.scene.lens import LENS_MODELS, LensCamera

if TYPE_CHECKING:
    from recon.photos import PhotoInfo

GUESS = 1.2
"""Focal length over the longer side where nothing is known (COLMAP's default)."""


@dataclass(frozen=True)
class StartingCameras:
    """Cameras to start from.

    Args:
        cameras: The distinct cameras.
        camera_of: Photo id -> index into `cameras`.
        has_prior: For each camera, whether its focal length comes from EXIF or from the user.
        given: For each camera, whether the user gave it.
    """

    cameras: tuple[LensCamera, ...]
    camera_of: Mapping[str, int]
    has_prior: tuple[bool, ...]
    given: tuple[bool, ...]

    def of(self, name: str) -> LensCamera:
        """The camera of a photo."""
        return self.cameras[self.camera_of[name]]


def starting_cameras(
    photos: Mapping[str, PhotoInfo], given: Mapping[str, LensCamera] | None = None, *, model: str = "SIMPLE_RADIAL", shared: bool = True
) -> StartingCameras:
    """Groups photos by camera and gives each camera its first values.

    A camera that the user gives is taken as it is; photos with equal given cameras share one. Otherwise the focal length is the
    prior from EXIF (the median of the group) or 1.2 times the longer side, the principal point the middle, distortion zero.

    Args:
        photos: Photo id -> what is known of it; sizes must be positive.
        given: Photo id -> intrinsics that the user knows.
        model: COLMAP's name of the camera model for cameras that are not given.
        shared: Photos of the same camera, zoom and size share intrinsics; otherwise each has its own.
    """
    groups: dict[object, list[str]] = {}
    known = given or {}
    for name, photo in photos.items():
        key: object = known.get(name, (photo.camera_key, photo.width, photo.height))
        groups.setdefault(key if shared else (key, name), []).append(name)
    cameras: list[LensCamera] = []
    priors: list[bool] = []
    user: list[bool] = []
    camera_of: dict[str, int] = {}
    for names in groups.values():
        first = photos[names[0]]
        focals = sorted(f for name in names if (f := photos[name].focal_px) is not None)
        camera = known.get(names[0]) or _guess(model, first.width, first.height, focals[len(focals) // 2] if focals else None)
        camera_of.update(dict.fromkeys(names, len(cameras)))
        cameras.append(camera)
        user.append(names[0] in known)
        priors.append(bool(focals) or names[0] in known)
    return StartingCameras(tuple(cameras), camera_of, tuple(priors), tuple(user))


def _guess(model: str, width: int, height: int, focal: float | None) -> LensCamera:
    """A camera without distortion that looks through the middle of the picture."""
    focal = focal or GUESS * max(width, height)
    values = {"f": focal, "fx": focal, "fy": focal, "cx": (width - 1) / 2, "cy": (height - 1) / 2}
    return LensCamera(model, width, height, tuple(values.get(name, 0.0) for name in LENS_MODELS[model]))
