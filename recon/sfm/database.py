"""Features and verified matches as the database that pycolmap's mappers read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from recon.io.colmap import points_to_colmap, to_colmap_camera
from recon.sfm.intrinsics import StartingCameras

if TYPE_CHECKING:
    import pycolmap

Pair = tuple[str, str]
_NOT_VERIFIED = ("none", "watermark")


def write_database(
    path: Path,
    start: StartingCameras,
    keypoints: Mapping[str, NDArray[np.float32]],
    inliers: Mapping[Pair, NDArray[np.int32]],
) -> dict[str, int]:
    """Makes a database.

    Args:
        path: Must not exist.
        start: Cameras; COLMAP's camera number is the index plus one.
        keypoints: Photo id -> `[N, 2+]`, x and y first, our pixel convention.
        inliers: Pair of photo ids -> verified matches `[M, 2]`; empty ones are left out.

    Returns:
        Photo id -> COLMAP's image number: 1, 2, .. in the order of `keypoints`.
    """
    import pycolmap

    numbers = {name: i + 1 for i, name in enumerate(keypoints)}
    with pycolmap.Database.open(path) as database:
        with pycolmap.DatabaseTransaction(database):
            for i, camera in enumerate(start.cameras):
                _write_camera(database, to_colmap_camera(camera, i + 1, has_prior=start.has_prior[i]))
            for name, number in numbers.items():
                _write_image(database, name, number, start.camera_of[name] + 1, keypoints[name])
        with pycolmap.DatabaseTransaction(database):
            for (a, b), matches in inliers.items():
                if len(matches):
                    geometry = _geometry(start, keypoints, (a, b), matches)
                    database.write_matches(numbers[a], numbers[b], matches.astype(np.uint32))
                    database.write_two_view_geometry(numbers[a], numbers[b], geometry)
    return numbers


def verified(kind: str) -> bool:
    """Whether a pair of this kind may be used for mapping."""
    return kind not in _NOT_VERIFIED


def _write_camera(database: pycolmap.Database, camera: pycolmap.Camera) -> None:
    """The camera, and the rig of one that COLMAP wants for it."""
    import pycolmap

    database.write_camera(camera, use_camera_id=True)
    rig = pycolmap.Rig(rig_id=camera.camera_id)
    rig.add_ref_sensor(camera.sensor_id)
    database.write_rig(rig, use_rig_id=True)


def _write_image(database: pycolmap.Database, name: str, number: int, camera: int, keypoints: NDArray[np.float32]) -> None:
    """The image with its keypoints, and the frame of one that COLMAP wants for it."""
    import pycolmap

    image = pycolmap.Image(name=name, camera_id=camera, image_id=number)
    database.write_image(image, use_image_id=True)
    frame = pycolmap.Frame(frame_id=number, rig_id=camera)
    frame.add_data_id(image.data_id)
    database.write_frame(frame, use_frame_id=True)
    database.write_keypoints(number, points_to_colmap(keypoints[:, :2]).astype(np.float32))


def _geometry(
    start: StartingCameras, keypoints: Mapping[str, NDArray[np.float32]], pair: Pair, matches: NDArray[np.int32]
) -> pycolmap.TwoViewGeometry:
    """Geometry of a pair from matches that are known to be inliers, with the relative pose that global mapping starts from."""
    import pycolmap

    options = pycolmap.TwoViewGeometryOptions()
    options.compute_relative_pose = True
    options.detect_watermark = False
    options.min_num_inliers = min(options.min_num_inliers, len(matches))
    options.ransac.random_seed = 0
    sides: list[Any] = []
    for name in pair:
        number = start.camera_of[name]
        sides += [to_colmap_camera(start.cameras[number], has_prior=start.has_prior[number]), points_to_colmap(keypoints[name][:, :2])]
    return pycolmap.estimate_two_view_geometry(*sides, matches.astype(np.uint32), options)
