"""Clean surfaces to learn from: points with normals, packed into one file, so that a training needs no reader of meshes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recon.errors import InputError, ShapeError
from recon.io.npz import DAMAGE, read_arrays, write_arrays

STEPS = 65535
_NORMAL_STEPS = 127


@dataclass(frozen=True, eq=False)
class Shape:
    """A surface as points, scaled into the unit sphere.

    Args:
        name: Of the mesh.
        points: `[N, 3]` float32, dense; the first `even` of them in farthest-point order, so that any beginning of it is evenly spread.
        normals: `[N, 3]` float32 unit vectors of the faces.
        even: How many are in that order.
    """

    name: str
    points: NDArray[np.float32]
    normals: NDArray[np.float32]
    even: int


def unit_sphere(points: NDArray[np.floating]) -> tuple[NDArray[np.float64], float]:
    """Middle of the bounding box `[3]` of points `[N, 3]`, and the largest distance from it.

    Raises:
        ShapeError: There are no two different points.
    """
    if len(points) == 0:
        raise ShapeError("there are no points")
    middle = (points.min(0).astype(np.float64) + points.max(0)) / 2
    radius = float(np.linalg.norm(points - middle, axis=1).max())
    if not radius > 0:
        raise ShapeError("all points are equal")
    return middle, radius


def write_shapes(shapes: list[Shape], path: Path) -> None:
    """Packs shapes: coordinates in [-1, 1] as 16-bit, normals as 8-bit integers."""
    names = np.array([shape.name for shape in shapes])
    points = np.stack([np.rint((shape.points + 1) / 2 * STEPS).clip(0, STEPS).astype(np.uint16) for shape in shapes])
    normals = np.stack([np.rint(shape.normals * _NORMAL_STEPS).astype(np.int8) for shape in shapes])
    write_arrays(path, {"names": names, "points": points, "normals": normals, "even": np.asarray(shapes[0].even, np.int64)})


class Shapes:
    """The shapes of a packed file, unpacked when asked for.

    Raises:
        InputError: The file is missing or holds something else.
    """

    def __init__(self, path: Path) -> None:
        try:
            file = read_arrays(path)
            self._points, self._normals, self.even = file["points"], file["normals"], int(file["even"])
            self.names = tuple(map(str, file["names"]))
        except DAMAGE as error:
            raise InputError(f"'{path.name}' holds no shapes.", f"{error}.", "Make it with 'python -m recon.points.pack'.") from error
        sizes = (len(self.names), *self._points.shape[1:])
        if self._points.shape != self._normals.shape or self._points.shape != sizes or sizes[2:] != (3,) or not 0 < self.even <= sizes[1]:
            raise InputError(f"'{path.name}' holds no shapes.", "Its arrays do not fit together.", "Make it again.")

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> Shape:
        points = self._points[index].astype(np.float32) * np.float32(2 / STEPS) - 1
        normals = self._normals[index].astype(np.float32)
        normals /= np.linalg.norm(normals, axis=1, keepdims=True).clip(1e-6)
        return Shape(self.names[index], points, normals, self.even)
