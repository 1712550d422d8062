"""`transforms.json` of NeRF tools: camera-to-world matrices with OpenGL axes (x right, y up, z backward).

Mildenhall et al., NeRF, ECCV 2020, and its successors' `fl_x .. p2`, for all frames or for each. The principal point counts from
the corner of the top-left pixel there, as in COLMAP. A file without size and focal length gives `camera_angle_x` (radians).
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from recon.io.colmap import lens_from_colmap
from recon.io.given_camera import GivenCamera, checked_camera, checked_pose, explained, read_objects
from recon.scene.lens import LENS_MODELS, LensCamera

_OPENCV_FROM_OPENGL = np.diag([1.0, -1.0, -1.0])
_KINDS = (None, "OPENCV", "PINHOLE", "SIMPLE_PINHOLE", "RADIAL", "SIMPLE_RADIAL", "OPENCV_FISHEYE")
_DISTORTION = ("k1", "k2", "k3", "k4", "p1", "p2")
_NAMES = {"fl_y": "fy", "cx": "cx", "cy": "cy", **{name: name for name in _DISTORTION}}
_LENSES = {"PINHOLE": (), "OPENCV": ("k1", "k2", "p1", "p2"), "FULL_OPENCV": ("k1", "k2", "k3", "p1", "p2")}
_FISHEYE = {"OPENCV_FISHEYE": ("k1", "k2", "k3", "k4")}
"""Models and the distortion that they share with the files (FULL_OPENCV's k4 is something else)."""
_HELP = "It needs 'frames' with file_path and transform_matrix, and fl_x or camera_angle_x."


def read_transforms_json(path: Path, size: tuple[int, int] | None = None) -> list[GivenCamera]:
    """The cameras of a file, in its order.

    Args:
        path: The file.
        size: Width and height of the photos where the file does not say them.

    Raises:
        InputError: Missing, not JSON, or a frame in it makes no sense.
    """
    with explained(path, _HELP):
        content, frames = read_objects(path, "frames")
        return [_camera({**content, **frame}, size) for frame in frames]


def _camera(frame: dict[str, Any], size: tuple[int, int] | None) -> GivenCamera:
    name = str(frame["file_path"]).replace("\\", "/").rsplit("/", 1)[-1]
    width, height = (int(frame["w"]), int(frame["h"])) if "w" in frame or size is None else size
    matrix = np.asarray(frame["transform_matrix"], np.float64)
    if matrix.shape not in ((4, 4), (3, 4)):
        raise ValueError(f"transform_matrix of '{name}' is not 4 x 4")
    world_from_cam = matrix[:3, :3] @ _OPENCV_FROM_OPENGL
    pose = checked_pose(name, world_from_cam.T, -world_from_cam.T @ matrix[:3, 3])
    return GivenCamera(name, checked_camera(name, _lens(frame, width, height)), pose)


def _lens(frame: dict[str, Any], width: int, height: int) -> LensCamera:
    """The simplest lens that has all the distortion of the frame."""
    kind = frame.get("camera_model")
    if kind not in _KINDS:
        raise ValueError(f"the camera model {kind} is not supported")
    fx = float(frame["fl_x"]) if "fl_x" in frame else _focal(float(frame["camera_angle_x"]), width)
    values = {"fx": fx, "fy": fx, "cx": width / 2, "cy": height / 2}
    values |= {to: float(frame[name]) for name, to in _NAMES.items() if name in frame}
    distortion = {name for name in _DISTORTION if values.get(name)}
    for model, names in (_FISHEYE if kind == "OPENCV_FISHEYE" else _LENSES).items():
        if distortion <= set(names):
            return lens_from_colmap(model, width, height, [values.get(name, 0.0) for name in LENS_MODELS[model]])
    raise ValueError(f"a lens with {', '.join(sorted(distortion))} is not supported")


def _focal(angle: float, width: int) -> float:
    """Focal length in pixels of a horizontal field of view in radians."""
    if not 0 < angle < math.pi:
        raise ValueError(f"camera_angle_x is {angle}, not an angle between 0 and pi")
    return width / 2 / math.tan(angle / 2)
