"""`cameras.json`: intrinsics and poses that the user gives.

    {"cameras": [{"name": "0000.jpg", "width": 1536, "height": 1024, "K": [[..], [..], [..]], "R": [[..], [..], [..]], "t": [..]}]}

x_cam = R x_world + t, OpenCV axes, pixel (0, 0) is the centre of the top-left pixel. `R` and `t` may be missing (intrinsics alone),
`name` with them (the intrinsics of every photo). Instead of `K` a lens with distortion: `"model": "OPENCV", "params": [fx, fy, cx,
cy, k1, ..]` with COLMAP's names and order of parameters.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from recon.io.given_camera import GivenCamera, checked_camera, checked_pose, explained, read_objects
from recon.scene.lens import LensCamera

_HELP = "Each camera needs width, height and K (or model and params), and R and t where the pose is known."


def read_cameras_json(path: Path) -> list[GivenCamera]:
    """The cameras of a file, in its order.

    Raises:
        InputError: Missing, not JSON, or a camera in it makes no sense; it is named.
    """
    with explained(path, _HELP):
        return [_camera(entry) for entry in read_objects(path, "cameras")[1]]


def _camera(entry: dict[str, Any]) -> GivenCamera:
    name = str(entry.get("name") or "")
    size = int(entry["width"]), int(entry["height"])
    if "model" in entry:
        camera = LensCamera(str(entry["model"]), *size, tuple(map(float, entry["params"])))
    else:
        camera = LensCamera("PINHOLE", *size, _pinhole(name, entry["K"]))
    pose = checked_pose(name, entry["R"], entry["t"]) if "R" in entry or "t" in entry else None
    if pose is not None and not name:
        raise ValueError("a camera with R and t has no name")
    return GivenCamera(name, checked_camera(name, camera), pose)


def _pinhole(name: str, matrix: Any) -> tuple[float, ...]:
    """fx, fy, cx, cy of a calibration matrix."""
    k = np.asarray(matrix, np.float64)
    if k.shape != (3, 3) or not np.array_equal(k[2], [0, 0, 1]) or k[1, 0] != 0:
        raise ValueError(f"K of '{name or 'all photos'}' is not [[fx, 0, cx], [0, fy, cy], [0, 0, 1]]")
    return k[0, 0], k[1, 1], k[0, 2], k[1, 2]
