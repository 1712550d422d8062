"""Camera poses read from files, for comparison only (intrinsics do not matter here)."""

from __future__ import annotations

from pathlib import Path

from recon.errors import InputError
from recon.scene import Rigid3


def read_colmap_poses(folder: Path) -> dict[str, Rigid3]:
    """Name -> `cam_from_world` of the registered photos of a COLMAP model.

    Raises:
        InputError: There is no model in the folder, or it is damaged.
    """
    from recon.io.colmap_model import read_model_poses

    return read_model_poses(Path(folder))


def read_json_poses(path: Path) -> dict[str, Rigid3]:
    """Name -> `cam_from_world` of a `cameras.json` or `transforms.json`; cameras without pose are left out.

    Raises:
        InputError: Missing, not such a file, or no camera in it has a pose.
    """
    from recon.io.given_cameras import read_cameras

    cameras = read_cameras(Path(path), size=(1, 1))  # only poses are used, so any size will do where the file has none
    poses = {camera.name: camera.pose for camera in cameras if camera.pose is not None}
    if not poses:
        raise InputError(f"Cannot read the true cameras '{path}'.", "No camera in it has R and t.", "Give a file with poses.")
    return poses
