"""Camera poses read from files, for comparison only (pixels do not matter here)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from recon.errors import InputError
from recon.scene import Rigid3

MAX_BYTES = 256 << 20


def read_colmap_poses(folder: Path) -> dict[str, Rigid3]:
    """Name -> `cam_from_world` of the registered photos of a COLMAP model.

    Raises:
        InputError: There is no model in the folder, or it is damaged.
    """
    import pycolmap

    folder = Path(folder)
    try:
        model = pycolmap.Reconstruction(str(folder))
        poses = {image.name: image.cam_from_world().matrix() for image in model.images.values() if image.has_pose}
    except (ValueError, RuntimeError, OSError, IndexError) as error:
        raise InputError(
            f"Cannot read the cameras in '{folder}'.", f"{str(error)[:200]}.", "Run the reconstruction up to 'sfm' first."
        ) from error
    return {name: Rigid3(matrix[:, :3], matrix[:, 3]) for name, matrix in poses.items()}


def read_json_poses(path: Path) -> dict[str, Rigid3]:
    """Name -> `cam_from_world` of a `cameras.json`.

    Raises:
        InputError: Missing, not JSON, or without `cameras` that have name, R and t.
    """
    path = Path(path)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ValueError(f"it is larger than {MAX_BYTES >> 20} MB")
        content: Any = json.loads(path.read_text(encoding="utf-8"))
        poses = {str(camera["name"]): _pose(camera) for camera in content["cameras"]}
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        why = f"It lacks {error}." if isinstance(error, KeyError) else f"{error}."
        raise InputError(f"Cannot read the true cameras '{path}'.", why, "Each camera needs name, R and t.") from error
    return poses


def _pose(camera: dict[str, Any]) -> Rigid3:
    rotation, translation = np.asarray(camera["R"], np.float64), np.asarray(camera["t"], np.float64)
    if rotation.shape != (3, 3) or translation.shape != (3,) or np.abs(rotation @ rotation.T - np.eye(3)).max() > 1e-3:
        raise ValueError(f"R and t of '{camera['name']}' are not a rotation and a translation")
    return Rigid3(rotation, translation)
