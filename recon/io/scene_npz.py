"""A `Scene` as .npz: views as tables, sparse points and their observations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.errors import InputError
from recon.io.npz import DAMAGE, read_arrays, write_arrays
from recon.scene import Camera, Rigid3, Scene, SparsePoints, View


def write_scene(scene: Scene, path: Path) -> None:
    """Writes views and sparse points.

    Raises:
        ResourceError: The file cannot be written.
    """
    views, sparse = scene.views, scene.sparse
    intrinsics = [[v.camera.width, v.camera.height, v.camera.fx, v.camera.fy, v.camera.cx, v.camera.cy] for v in views]
    arrays = {
        "names": np.array([view.name for view in views], dtype=str),
        "intrinsics": np.array(intrinsics, np.float64).reshape(-1, 6),
        "rotations": np.array([v.cam_from_world.rotation for v in views], np.float64).reshape(-1, 3, 3),
        "translations": np.array([v.cam_from_world.translation for v in views], np.float64).reshape(-1, 3),
        "points": sparse.points,
        "colors": sparse.colors,
        "error": sparse.error,
        "point_index": sparse.point_index,
        "view_index": sparse.view_index,
    }
    write_arrays(path, arrays)


def read_scene(path: Path) -> Scene:
    """Reads what `write_scene` wrote.

    Raises:
        InputError: Missing, damaged or not a scene.
    """
    try:
        arrays = read_arrays(path)
        views = tuple(_views(arrays))
        sparse = SparsePoints(*(arrays[name] for name in ("points", "colors", "error", "point_index", "view_index")))
        for index, count in ((sparse.point_index, len(sparse)), (sparse.view_index, len(views))):
            if len(index) and not (index.min() >= 0 and index.max() < count):
                raise ValueError("observations name points or views that do not exist")
        return Scene(views, sparse)
    except DAMAGE as error:
        raise InputError(f"The cameras in '{Path(path).name}' cannot be read.", f"{error}.", "Run the undistort stage again.") from error


def _views(arrays: dict[str, NDArray[Any]]) -> list[View]:
    tables = [arrays[name] for name in ("names", "intrinsics", "rotations", "translations")]
    if len({len(table) for table in tables}) != 1 or tables[0].dtype.kind != "U" or tables[1].shape[1:] != (6,):
        raise ValueError("the tables of the views do not fit together")
    result = []
    for name, (width, height, *rest), rotation, translation in zip(*tables, strict=True):
        result.append(View(str(name), Camera(int(width), int(height), *map(float, rest)), Rigid3(rotation, translation)))
    return result
