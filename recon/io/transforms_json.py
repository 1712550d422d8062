"""`transforms.json` of NeRF tools: camera-to-world matrices with OpenGL axes (x right, y up, z backward).

Mildenhall et al., NeRF, ECCV 2020, and its successors' `fl_x .. p2`, for all frames or for each. The principal point counts from
the corner of the top-left pixel there, as in COLMAP. A file without size and focal length gives `camera_angle_x` (radians).
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from recon.errors import InputError
from recon.io.cameras_json import GivenCamera, checked_camera, checked_pose, read_json
from recon.io.colmap import points_from_colmap
from recon.scene.lens import LensCamera

_OPENCV_FROM_OPENGL = np.diag([1.0, -1.0, -1.0])
_DISTORTION = ("k1", "k2", "p1", "p2")


def read_transforms_json(path: Path, size: tuple[int, int] | None = None) -> list[GivenCamera]:
    """The cameras of a file, in its order.

    Args:
        path: The file.
        size: Width and height of the photos where the file does not say them.

    Raises:
        InputError: Missing, not JSON, or a frame in it makes no sense.
    """
    try:
        content = read_json(path)
        return [_camera({**content, **frame}, size) for frame in content["frames"]]
    except KeyError as error:
        raise InputError(f"Cannot read the cameras '{path}'.", f"{error} is missing.", _HELP) from error
    except (OSError, ValueError, TypeError, RecursionError, OverflowError) as error:
        raise InputError(f"Cannot read the cameras '{path}'.", f"{error}.", _HELP) from error


_HELP = "It needs 'frames' with file_path and transform_matrix, and fl_x or camera_angle_x."


def _camera(frame: dict[str, Any], size: tuple[int, int] | None) -> GivenCamera:
    name = str(frame["file_path"]).replace("\\", "/").rsplit("/", 1)[-1]
    if frame.get("camera_model") not in (None, "OPENCV", "PINHOLE", "SIMPLE_PINHOLE", "RADIAL", "SIMPLE_RADIAL"):
        raise ValueError(f"the camera model {frame['camera_model']} is not supported")
    width, height = (int(frame[k]) for k in ("w", "h")) if "w" in frame or size is None else size
    fx = float(frame["fl_x"]) if "fl_x" in frame else width / 2 / math.tan(float(frame["camera_angle_x"]) / 2)
    fy = float(frame.get("fl_y", fx))
    cx, cy = points_from_colmap(np.array([float(frame.get("cx", width / 2)), float(frame.get("cy", height / 2))]))
    distortion = [float(frame.get(k, 0.0)) for k in _DISTORTION]
    model, params = ("OPENCV", (fx, fy, cx, cy, *distortion)) if any(distortion) else ("PINHOLE", (fx, fy, cx, cy))
    matrix = np.asarray(frame["transform_matrix"], np.float64)
    if matrix.shape not in ((4, 4), (3, 4)):
        raise ValueError(f"transform_matrix of '{name}' is not 4 x 4")
    world_from_cam = matrix[:3, :3] @ _OPENCV_FROM_OPENGL
    pose = checked_pose(name, world_from_cam.T, -world_from_cam.T @ matrix[:3, 3])
    return GivenCamera(name, checked_camera(name, LensCamera(model, width, height, params)), pose)
