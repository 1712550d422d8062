"""Cameras that the user gives, in any of the formats, matched to the photos of a project."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from recon.errors import InputError
from recon.io.cameras_json import read_cameras_json
from recon.io.colmap_model import read_model_cameras
from recon.io.given_camera import GivenCamera
from recon.io.transforms_json import read_transforms_json
from recon.scene import Rigid3
from recon.scene.lens import LensCamera

_ASPECT_TOLERANCE = 0.01


@dataclass(frozen=True)
class GivenCameras:
    """Known intrinsics and poses by photo id; photos that are not in the file are missing.

    Args:
        cameras: Intrinsics for the photo's own size.
        poses: `cam_from_world`, a subset of `cameras`.
    """

    cameras: Mapping[str, LensCamera]
    poses: Mapping[str, Rigid3]


def read_given_cameras(path: Path, sizes: Mapping[str, tuple[int, int]]) -> GivenCameras:
    """Reads `cameras.json`, `transforms.json` or a COLMAP model folder for the photos of `sizes`.

    Names are compared whole, then without folder, then without suffix; a form that several have in common does not count.
    Intrinsics for another size of the same shape are scaled.

    Args:
        path: File or folder.
        sizes: Photo id -> width and height in pixels, upright.

    Raises:
        InputError: Unreadable, no photo is named in it, or a photo has another shape than its camera.
    """
    path = Path(path)
    entries = read_cameras(path, next(iter(sizes.values()), None))
    named = _by_photo(entries, sizes)
    if not named:
        why = f"Cameras there: {len(entries)}" + (f", the first for '{entries[0].name}'." if entries else ".")
        raise InputError("None of the photos is in the given cameras.", why, "Names must be the photos' file names.")
    cameras = {name: _fitted(name, entry.camera, sizes[name]) for name, entry in named.items()}
    return GivenCameras(cameras, {name: entry.pose for name, entry in named.items() if entry.pose is not None})


def read_cameras(path: Path, size: tuple[int, int] | None = None) -> list[GivenCamera]:
    """Every camera of a file or COLMAP model folder; `size` stands in where a `transforms.json` does not say it.

    Raises:
        InputError: Unreadable.
    """
    path = Path(path)
    if path.is_dir():
        return read_model_cameras(path)
    if path.name == "transforms.json" or _has_frames(path):
        return read_transforms_json(path, size)
    return read_cameras_json(path)


def _has_frames(path: Path) -> bool:
    """Whether the file, whatever its name, looks like a `transforms.json`."""
    try:
        with path.open("rb") as file:
            head = file.read(1 << 16)
    except OSError:
        return False
    return b'"frames"' in head and b'"cameras"' not in head


def _by_photo(entries: list[GivenCamera], sizes: Mapping[str, tuple[int, int]]) -> dict[str, GivenCamera]:
    """Photo id -> its entry: that of the most exact form of the name, else the entry for every photo."""
    found: dict[str, GivenCamera] = {name: entry for entry in entries if not entry.name for name in sizes}
    named, photos = [entry for entry in entries if entry.name], list(sizes)
    for form in (_stem, _bare, _plain):
        theirs, ours = _once([form(entry.name) for entry in named]), _once([form(name) for name in photos])
        found |= {photos[ours[key]]: named[theirs[key]] for key in ours if key in theirs}
    return found


def _once(names: list[str]) -> dict[str, int]:
    """Name -> its place, for names that come only once."""
    counts = Counter(names)
    return {name: i for i, name in enumerate(names) if counts[name] == 1}


def _plain(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def _bare(name: str) -> str:
    """The name without folders."""
    return _plain(name).replace("\\", "/").rsplit("/", 1)[-1]


def _stem(name: str) -> str:
    """The name without folders and suffix."""
    return _bare(name).rsplit(".", 1)[0]


def _fitted(name: str, camera: LensCamera, size: tuple[int, int]) -> LensCamera:
    """The camera for a photo of this size."""
    width, height = size
    if (camera.width, camera.height) == (width, height):
        return camera
    if abs(width * camera.height / (height * camera.width) - 1) > _ASPECT_TOLERANCE:
        why = f"The camera is for {camera.width} x {camera.height} pixels, the photo has {width} x {height}."
        raise InputError(f"The given camera does not fit the photo '{name}'.", why, "Give the camera of this photo.")
    return camera.scaled(width, height)
