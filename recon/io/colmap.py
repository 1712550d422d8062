"""COLMAP's cameras, poses and models as ours. The half-pixel shift between the two happens here.

COLMAP puts (0, 0) at the top-left corner of the top-left pixel, we at its centre.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from recon.errors import InputError
from recon.scene import Rigid3, Sim3
from recon.scene.lens import LENS_MODELS, LensCamera

if TYPE_CHECKING:
    import pycolmap


def points_to_colmap(pixels: NDArray[np.floating]) -> NDArray[np.float64]:
    """Our pixels `[..., 2]` in COLMAP's convention."""
    return np.asarray(pixels, np.float64) + 0.5


def points_from_colmap(pixels: NDArray[np.floating]) -> NDArray[np.float64]:
    """COLMAP's pixels `[..., 2]` in our convention."""
    return np.asarray(pixels, np.float64) - 0.5


def to_colmap_camera(camera: LensCamera, camera_id: int = 1, *, has_prior: bool = True) -> pycolmap.Camera:
    """A pycolmap camera.

    Args:
        camera: Intrinsics with distortion.
        camera_id: COLMAP's number of the camera.
        has_prior: Whether the focal length is known rather than guessed.
    """
    import pycolmap

    params = [value + 0.5 if name in ("cx", "cy") else value for name, value in camera.named.items()]
    result = pycolmap.Camera(model=camera.model, width=camera.width, height=camera.height, params=params, camera_id=camera_id)
    result.has_prior_focal_length = has_prior
    return result


def from_colmap_camera(camera: pycolmap.Camera) -> LensCamera:
    """Intrinsics of a pycolmap camera.

    Raises:
        InputError: The camera model is not one of `LENS_MODELS`.
    """
    return lens_from_colmap(camera.model.name, int(camera.width), int(camera.height), list(camera.params))


def lens_from_colmap(model: str, width: int, height: int, params: Sequence[float]) -> LensCamera:
    """Intrinsics of COLMAP's parameters.

    Raises:
        InputError: The camera model is not one of `LENS_MODELS`.
        ShapeError: It has another number of parameters.
    """
    if model not in LENS_MODELS:
        known = ", ".join(LENS_MODELS)
        raise InputError(f"The camera model {model} is not supported.", f"Supported: {known}.", "Convert the cameras to one of these.")
    shifted = LensCamera(model, width, height, tuple(params))
    return replace(shifted, params=tuple(value - 0.5 if name in ("cx", "cy") else value for name, value in shifted.named.items()))


def rigid_from_colmap(pose: pycolmap.Rigid3d) -> Rigid3:
    """A pycolmap pose (`cam_from_world` both)."""
    matrix = np.asarray(pose.matrix(), np.float64)
    return Rigid3(matrix[:, :3], matrix[:, 3])


def rigid_to_colmap(pose: Rigid3) -> pycolmap.Rigid3d:
    """A pose for pycolmap (`cam_from_world` both)."""
    import pycolmap

    return pycolmap.Rigid3d(pycolmap.Rotation3d(pose.rotation), pose.translation)


def similarity_to_colmap(new_from_world: Sim3) -> pycolmap.Sim3d:
    """A similarity for pycolmap."""
    import pycolmap

    return pycolmap.Sim3d(new_from_world.scale, pycolmap.Rotation3d(new_from_world.rotation), new_from_world.translation)


def read_model(folder: Path) -> pycolmap.Reconstruction:
    """A COLMAP model that this application wrote; see `colmap_model` for those of others.

    Raises:
        InputError: There is no model in the folder, or it is damaged.
    """
    import pycolmap

    try:
        return pycolmap.Reconstruction(str(folder))
    except (ValueError, RuntimeError, OSError, IndexError) as error:
        reason = str(error).strip().splitlines()
        why = f"{reason[-1][:200]}" if reason else "It is damaged."
        raise InputError(f"There is no readable COLMAP model in '{folder}'.", why, "It needs cameras, images and points3D.") from error


def model_cameras(model: pycolmap.Reconstruction) -> tuple[dict[str, LensCamera], dict[str, Rigid3]]:
    """Intrinsics and poses of a model's images, by name; poses only of those that are registered.

    Raises:
        InputError: A camera model is not one of `LENS_MODELS`.
    """
    images: list[Any] = sorted(model.images.values(), key=lambda image: image.name)
    cameras = {image.name: from_colmap_camera(model.cameras[image.camera_id]) for image in images}
    return cameras, {image.name: rigid_from_colmap(image.cam_from_world()) for image in images if image.has_pose}
