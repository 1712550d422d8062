"""`cameras.json`: intrinsics and poses that the user gives.

    {"cameras": [{"name": "0000.jpg", "width": 1536, "height": 1024, "K": [[..], [..], [..]], "R": [[..], [..], [..]], "t": [..]}]}

x_cam = R x_world + t, OpenCV axes, pixel (0, 0) is the centre of the top-left pixel. `R` and `t` may be missing (intrinsics alone),
`name` too (the intrinsics of every photo). Instead of `K` a lens with distortion: `"model": "OPENCV", "params": [fx, fy, cx, cy, k1, ..]`
with COLMAP's names and order of parameters.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from recon.errors import InputError, ShapeError
from recon.scene import Rigid3
from recon.scene.lens import LensCamera

MAX_BYTES = 256 << 20
_HELP = "Each camera needs width, height and K (or model and params), and R and t where the pose is known."


@dataclass(frozen=True)
class GivenCamera:
    """One camera as a file gives it.

    Args:
        name: The photo's file name; '' means every photo.
        camera: Intrinsics.
        pose: `cam_from_world`, or None.
    """

    name: str
    camera: LensCamera
    pose: Rigid3 | None


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file of at most `MAX_BYTES`.

    Raises:
        OSError, ValueError, RecursionError: Missing, too large, not JSON, not an object.
    """
    path = Path(path)
    if path.stat().st_size > MAX_BYTES:
        raise ValueError(f"it is larger than {MAX_BYTES >> 20} MB")
    content = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(content, dict):
        raise ValueError("it is not a JSON object")
    return content


def read_cameras_json(path: Path) -> list[GivenCamera]:
    """The cameras of a file, in its order.

    Raises:
        InputError: Missing, not JSON, or a camera in it makes no sense; it is named.
    """
    try:
        entries = read_json(path)["cameras"]
        return [_camera(entry) for entry in entries]
    except KeyError as error:
        raise InputError(f"Cannot read the cameras '{path}'.", f"{error} is missing.", _HELP) from error
    except (OSError, ValueError, TypeError, RecursionError, AttributeError, OverflowError) as error:
        raise InputError(f"Cannot read the cameras '{path}'.", f"{error}.", _HELP) from error


def checked_camera(name: str, camera: LensCamera) -> LensCamera:
    """The camera.

    Raises:
        ValueError: Not finite, or a size or focal length no camera has.
    """
    focal = [value for key, value in camera.named.items() if key in ("f", "fx", "fy")]
    sensible = min(camera.width, camera.height) >= 1 and max(camera.width, camera.height) <= 1 << 17
    if not (sensible and np.isfinite(camera.params).all() and min(focal) > 0):
        raise ValueError(f"size or intrinsics of '{name or 'all photos'}' are not those of a camera")
    return camera


def checked_pose(name: str, rotation: Any, translation: Any) -> Rigid3:
    """The pose of plain lists.

    Raises:
        ValueError: `rotation` is not one, within 0.1 %, or not everything is finite.
    """
    matrix, vector = np.asarray(rotation, np.float64), np.asarray(translation, np.float64).reshape(-1)
    fits = matrix.shape == (3, 3) and vector.shape == (3,) and np.isfinite(vector).all()
    if not (fits and np.abs(matrix @ matrix.T - np.eye(3)).max() < 1e-3 and np.linalg.det(matrix) > 0):
        raise ValueError(f"R and t of '{name}' are not a rotation and a translation")
    u, _, vt = np.linalg.svd(matrix)
    return Rigid3(u @ vt, vector)


def _camera(entry: dict[str, Any]) -> GivenCamera:
    name = str(entry.get("name", ""))
    size = int(entry["width"]), int(entry["height"])
    try:
        if "model" in entry:
            camera = LensCamera(str(entry["model"]), *size, tuple(map(float, entry["params"])))
        else:
            k = np.asarray(entry["K"], np.float64)
            if k.shape != (3, 3):
                raise ValueError(f"K of '{name}' is not a 3 x 3 matrix")
            camera = LensCamera("PINHOLE", *size, (k[0, 0], k[1, 1], k[0, 2], k[1, 2]))
    except ShapeError as error:
        raise ValueError(str(error)) from error
    pose = checked_pose(name, entry["R"], entry["t"]) if "R" in entry or "t" in entry else None
    return GivenCamera(name, checked_camera(name, camera), pose)
