"""Features and verified matches as the database that pycolmap's mappers read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from recon.features.matches_npz import PairMatches
from recon.io.colmap import points_to_colmap, to_colmap_camera
from recon.sfm.intrinsics import StartingCameras

if TYPE_CHECKING:
    import pycolmap

Pair = tuple[str, str]
Keypoints = Mapping[str, NDArray[np.float32]]
_USELESS = ("none", "watermark")


def verified(matches: PairMatches) -> bool:
    """Whether a pair may be used for mapping."""
    return matches.kind not in _USELESS and len(matches.inliers) > 0


def write_database(
    path: Path,
    start: StartingCameras,
    keypoints: Keypoints,
    matches: Mapping[Pair, PairMatches],
    *,
    check: Callable[[], None] = lambda: None,
) -> dict[str, int]:
    """Makes a database.

    Args:
        path: Must not exist.
        start: Cameras; COLMAP's camera number is the index plus one.
        keypoints: Photo id -> `[N, 2+]`, x and y first, our pixel convention.
        matches: Pair of photo ids -> matches; those that are not verified are left out.
        check: Called for every pair; may raise to stop.

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
            for (a, b), found in matches.items():
                check()
                if verified(found):
                    database.write_matches(numbers[a], numbers[b], found.inliers.astype(np.uint32))
                    database.write_two_view_geometry(numbers[a], numbers[b], _geometry(found))
    return numbers


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


def _geometry(matches: PairMatches) -> pycolmap.TwoViewGeometry:
    """The inliers and their kind: what incremental mapping reads."""
    import pycolmap

    geometry = pycolmap.TwoViewGeometry()
    geometry.config = pycolmap.TwoViewGeometryConfiguration.__members__[matches.kind.upper()]
    geometry.inlier_matches = matches.inliers.astype(np.uint32)
    return geometry


def add_relative_poses(database: pycolmap.Database) -> None:
    """Gives every pair its geometry and relative pose, from matches that are known to be inliers; global mapping starts from these."""
    import pycolmap

    options = pycolmap.TwoViewGeometryOptions()
    options.compute_relative_pose = True
    options.detect_watermark = False
    options.ransac.random_seed = 0
    images = {image.image_id: image for image in database.read_all_images()}
    sides = {
        number: (database.read_camera(image.camera_id), np.asarray(database.read_keypoints(number), np.float64)[:, :2])
        for number, image in images.items()
    }
    with pycolmap.DatabaseTransaction(database):
        for pair, known in zip(*database.read_two_view_geometries(), strict=True):
            a, b = (int(number) for number in pycolmap.pair_id_to_image_pair(pair))
            options.min_num_inliers = min(15, len(known.inlier_matches))
            geometry = pycolmap.estimate_two_view_geometry(*sides[a], *sides[b], np.asarray(known.inlier_matches, np.uint32), options)
            database.update_two_view_geometry(a, b, geometry)
