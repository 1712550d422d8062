"""Points drawn from surfaces, and clouds thinned to an even density."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recon.errors import ShapeError
from recon.scene import TriMesh


def sample_triangles(corners: NDArray[np.floating], count: int, rng: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Points drawn evenly by area (Osada et al. 2002, "Shape Distributions", eq. 1).

    Args:
        corners: `[F, 3, 3]`.
        count: Number of points.
        rng: Randomness.

    Returns:
        Points `[N, 3]` and the number of each one's triangle `[N]`.

    Raises:
        ShapeError: The triangles have no area.
    """
    a, b, c = np.moveaxis(np.asarray(corners, np.float64), 1, 0)
    area = 0.5 * np.linalg.norm(np.cross(b - a, c - a), axis=1)
    if not area.sum() > 0:
        raise ShapeError("the triangles have no area")
    index = np.searchsorted(np.cumsum(area) / area.sum(), rng.random(count), side="right").clip(max=len(area) - 1)
    root, other = np.sqrt(rng.random((count, 1))), rng.random((count, 1))
    points = (1 - root) * a[index] + root * (1 - other) * b[index] + root * other * c[index]
    return points.astype(np.float32), index.astype(np.int64)


def sample_mesh(mesh: TriMesh, count: int, rng: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Points `[N, 3]` drawn evenly by area from a mesh, and the face of each `[N]`.

    Raises:
        ShapeError: The mesh has no area.
    """
    return sample_triangles(mesh.vertices[mesh.faces], count, rng)


def evened(points: NDArray[np.floating], spacing: float) -> NDArray[np.int64]:
    """Numbers of the points that stay when each cube of side `spacing` keeps its first point.

    Args:
        points: `[N, 3]`.
        spacing: Side of the cubes, > 0.
    """
    if not spacing > 0:
        raise ShapeError(f"spacing must be above 0, got {spacing}")
    cells = np.floor(np.asarray(points, np.float64) / spacing).astype(np.int64)
    _, first = np.unique(cells, axis=0, return_index=True)
    return np.sort(first).astype(np.int64)
