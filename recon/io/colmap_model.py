"""Cameras and poses of a COLMAP model that the user gives, binary or text.

Only `cameras` and `images` are read, so a model without points will do, and a damaged or hostile file ends in an error
(pycolmap reads on without end where a binary file is cut off). Format: https://colmap.github.io/format.html
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, TextIO

import numpy as np
from numpy.typing import NDArray

from recon.io.colmap import lens_from_colmap
from recon.io.given_camera import GivenCamera, checked_camera, checked_pose, explained
from recon.scene import Rigid3
from recon.scene.lens import LENS_MODELS, LensCamera

_MODELS = (
    *("SIMPLE_PINHOLE", "PINHOLE", "SIMPLE_RADIAL", "RADIAL", "OPENCV", "OPENCV_FISHEYE", "FULL_OPENCV", "FOV"),
    *("SIMPLE_RADIAL_FISHEYE", "RADIAL_FISHEYE"),
)
"""COLMAP's numbers of the camera models; later ones are not supported."""
_LONGEST_NAME = 4096
_POINT_BYTES = 24
_HELP = "It needs cameras.bin and images.bin, or cameras.txt and images.txt."


class ModelImage(NamedTuple):
    """A registered image."""

    name: str
    camera_id: int
    cam_from_world: Rigid3


def read_model_cameras(folder: Path) -> list[GivenCamera]:
    """Intrinsics and poses of the images of a model, sorted by name.

    Raises:
        InputError: No model, damaged, or a camera model that is not one of `LENS_MODELS`.
    """
    with explained(folder, _HELP):
        cameras = dict(_binary_cameras(folder) if _is_binary(folder) else _text_cameras(folder))
        images = _images(folder)
        missing = [image for image in images if image.camera_id not in cameras]
        if missing:
            raise ValueError(f"'{missing[0].name}' has camera {missing[0].camera_id}, which is not there")
        return [GivenCamera(i.name, checked_camera(i.name, cameras[i.camera_id]), i.cam_from_world) for i in images]


def read_model_poses(folder: Path) -> dict[str, Rigid3]:
    """Name -> pose of the images of a model, whatever their cameras are.

    Raises:
        InputError: No model, or damaged.
    """
    with explained(folder, _HELP):
        return {image.name: image.cam_from_world for image in _images(folder)}


def _is_binary(folder: Path) -> bool:
    return (folder / "images.bin").is_file()


def _images(folder: Path) -> list[ModelImage]:
    images = _binary_images(folder) if _is_binary(folder) else _text_images(folder)
    return sorted(images, key=lambda image: image.name)


def _binary_cameras(folder: Path) -> Iterator[tuple[int, LensCamera]]:
    with (folder / "cameras.bin").open("rb") as file:
        (count,) = _unpack(file, "<Q")
        for _ in range(count):
            number, kind, width, height = _unpack(file, "<IiQQ")
            model = _MODELS[kind] if 0 <= kind < len(_MODELS) else f"number {kind}"
            params = _unpack(file, f"<{len(LENS_MODELS.get(model, ()))}d")
            yield number, lens_from_colmap(model, width, height, params)


def _binary_images(folder: Path) -> Iterator[ModelImage]:
    with (folder / "images.bin").open("rb") as file:
        (count,) = _unpack(file, "<Q")
        for _ in range(count):
            values = _unpack(file, "<I7dI")
            name = _name(file)
            (points,) = _unpack(file, "<Q")
            file.seek(min(points * _POINT_BYTES, 1 << 62), 1)
            yield ModelImage(name, values[8], _pose(name, values[1:8]))


def _unpack(file: BinaryIO, layout: str) -> tuple[Any, ...]:
    data = file.read(struct.calcsize(layout))
    if len(data) < struct.calcsize(layout):
        raise ValueError(f"'{Path(file.name).name}' ends too early")
    return struct.unpack(layout, data)


def _name(file: BinaryIO) -> str:
    """A text that ends with a zero byte."""
    start = file.tell()
    name, zero, _ = file.read(_LONGEST_NAME).partition(b"\0")
    if not zero:
        raise ValueError(f"'{Path(file.name).name}' has a name without end")
    file.seek(start + len(name) + 1)
    return name.decode("utf-8")


def _text_cameras(folder: Path) -> Iterator[tuple[int, LensCamera]]:
    with (folder / "cameras.txt").open(encoding="utf-8") as file:
        for number, model, width, height, params in _rows(file, 5):
            yield int(number), lens_from_colmap(model, int(width), int(height), [float(value) for value in params.split()])


def _text_images(folder: Path) -> Iterator[ModelImage]:
    """Every image has a line, and a second one with its points, which may be empty."""
    with (folder / "images.txt").open(encoding="utf-8") as file:
        for _, *values, camera_id, name in _rows(file, 10):
            next(file, None)
            yield ModelImage(name, int(camera_id), _pose(name, [float(value) for value in values]))


def _rows(file: TextIO, count: int) -> Iterator[list[str]]:
    """Lines in `count` words, the last of which holds all that is left; comments and empty lines are left out."""
    for line in map(str.strip, file):
        if line and not line.startswith("#"):
            words = line.split(maxsplit=count - 1)
            if len(words) < count:
                raise ValueError(f"'{Path(file.name).name}' has the line '{line[:60]}'")
            yield words


def _pose(name: str, values: Any) -> Rigid3:
    """The pose of a quaternion (w, x, y, z) and a translation."""
    return checked_pose(name, _rotation(np.asarray(values[:4], np.float64)), values[4:])


def _rotation(quaternion: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rotation matrix of a quaternion (w, x, y, z) of any length; zeros when it has none."""
    w, x, y, z = quaternion / (float(np.linalg.norm(quaternion)) or 1.0)
    return np.array(
        [
            [w * w + x * x - y * y - z * z, 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), w * w - x * x + y * y - z * z, 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), w * w - x * x - y * y + z * z],
        ]
    )
