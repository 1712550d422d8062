"""Meshes as solids: filled grids and surfaces of grids."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.scene import TriMesh


def filled_grid(points: NDArray[np.floating], side: int) -> NDArray[np.bool_]:
    """Cells `[Z, Y, X]` of the cube [-1, 1] that a surface goes through or shuts in.

    Args:
        points: `[N, 3]` (x, y, z) on the surface, closer together than the cells; those outside of the cube are left out.
        side: Cells along each axis.
    """
    from scipy.ndimage import binary_fill_holes

    cells = np.floor((np.asarray(points, np.float64) + 1) * (side / 2)).astype(np.int64)
    cells = cells[((cells >= 0) & (cells < side)).all(axis=1)]
    grid = np.zeros((side, side, side), bool)
    grid[cells[:, 2], cells[:, 1], cells[:, 0]] = True
    return np.asarray(binary_fill_holes(grid), bool)


def surface(values: NDArray[np.floating], level: float) -> TriMesh:
    """The surface where a grid `[Z, Y, X]` over the cube [-1, 1] crosses `level`, closed at the cube's faces (flying edges, Schroeder
    et al. 2015); more is inside.

    Returns:
        A mesh in the cube's coordinates, without vertices if nothing is above the level.
    """
    import open3d as o3d

    tensor: Any = o3d.core.Tensor
    highest = float(values.max(initial=level))
    if highest <= level:
        return TriMesh(np.zeros((0, 3), np.float32), np.zeros((0, 3), np.int32))
    padded = np.pad(values.astype(np.float32), 1, constant_values=np.float32(2 * level - highest))
    found: Any = o3d.t.geometry.TriangleMesh.create_isosurfaces(tensor(padded), [level])
    vertices = found.vertex.positions.numpy()
    cells = np.array(values.shape[::-1])
    return TriMesh((vertices - 0.5) * (2 / cells) - 1, found.triangle.indices.numpy().astype(np.int32))


def boxes(occupied: NDArray[np.bool_]) -> TriMesh:
    """The outer faces of the occupied cells of a grid `[Z, Y, X]` over the cube [-1, 1], two triangles each, corners shared."""
    cells = np.array(occupied.shape[::-1])
    padded = np.pad(occupied, 1)
    quads = []
    for axis in range(3):  # 0 = x
        for step in (-1, 1):
            free = occupied & ~np.roll(padded, -step, axis=2 - axis)[1:-1, 1:-1, 1:-1]
            corner = np.argwhere(free)[:, ::-1]
            quads.append(corner[:, None] + _FACES[axis, step])
    places = np.concatenate(quads)
    if not len(places):
        return TriMesh(np.zeros((0, 3), np.float32), np.zeros((0, 3), np.int32))
    corners, index = np.unique(places.reshape(-1, 3), axis=0, return_inverse=True)
    quad = index.reshape(-1, 4)
    faces = np.concatenate([quad[:, [0, 1, 2]], quad[:, [0, 2, 3]]]).astype(np.int32)
    return TriMesh((corners * (2 / cells) - 1).astype(np.float32), faces)


def _face(axis: int, step: int) -> NDArray[np.int64]:
    """Corners `[4, 3]` of a unit cell's face, counter-clockwise from outside."""
    first, second = (axis + 1) % 3, (axis + 2) % 3
    corners = np.zeros((4, 3), np.int64)
    corners[:, axis] = step > 0
    corners[[1, 2], first] = 1
    corners[[2, 3], second] = 1
    return corners if step > 0 else corners[::-1]


_FACES = {(axis, step): _face(axis, step) for axis in range(3) for step in (-1, 1)}
