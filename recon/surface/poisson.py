"""Screened Poisson surface of an oriented cloud, trimmed where no points are.

Kazhdan and Hoppe, "Screened Poisson surface reconstruction" (2013), Open3D's build of the authors' code.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.errors import ReconstructionError, ResourceError
from recon.pipeline.child import ChildFailed, run_child
from recon.scene import Origin, PointCloud, TriMesh
from recon.surface.cleaning import keep_faces
from recon.surface.config import MeshConfig

_WHAT = "No surface could be made."
_FEWEST = 100
_DEEPEST = 11
_SAMPLE = 50_000
_FEWER = 3
"""Octree levels that the density of points may be below the usual one: the level at which the samples around a vertex are one a cell, so a
64th of the points on the same surface."""
_CLOSING = 3.0
"""Reach of points that close the surface, in their spacing."""
_BRIDGED = 0.01
"""A gap is closed when it has at most this share of the faces near points."""
_FAR = (0.0, 0.001, 0.005, 0.01, 0.02)
"""Shares of the points at either end of each axis that may lie outside the octree, tried in turn."""


def poisson_mesh(
    cloud: PointCloud,
    config: MeshConfig,
    *,
    spacing: float | None = None,
    closing: PointCloud | None = None,
    threads: int = 2,
    check_cancelled: Callable[[], None] = lambda: None,
    note: Callable[[str, Any], None] = lambda key, value: None,
) -> TriMesh:
    """Fits a smooth surface to the points.

    Args:
        cloud: Points with normals.
        config: Octree depth and trimming.
        spacing: Distance between neighbouring points; measured when left out.
        closing: Points with normals that were not measured and close the surface; faces near them are marked as generated.
        threads: For the solver.
        check_cancelled: Called a few times a second; may raise to stop.
        note: Takes facts for the report.

    Raises:
        ReconstructionError: Too few points, or no normals.
        ResourceError: The solver ended early, mostly for lack of memory.
    """
    cloud = usable(cloud)
    if len(cloud) > config.poisson_points:
        note("points_thinned", f"{len(cloud)} points were thinned to {config.poisson_points}.")
        cloud = cloud.select(np.random.default_rng(0).permutation(len(cloud))[: config.poisson_points])
    spacing = spacing or point_spacing(cloud)
    cloud = within_reach(cloud, config.poisson_cell * spacing, note)
    depth = config.poisson_depth or octree_depth(cloud, config.poisson_cell * spacing)
    note("point_spacing", spacing)
    note("octree_depth", depth)
    with tempfile.TemporaryDirectory(prefix="photolith-poisson-") as folder:
        source, target = Path(folder) / "in.npz", Path(folder) / "out.npz"
        center = cloud.points.mean(axis=0)
        given = [cloud, *([closing] if closing is not None else [])]
        normals = np.concatenate([np.asarray(part.normals) for part in given])
        np.savez(source, points=np.concatenate([part.points for part in given]) - center, normals=normals)
        _solve([str(source), str(target), str(depth), str(threads)], check_cancelled)
        with np.load(target, allow_pickle=False) as data:
            mesh = TriMesh((data["vertices"] + center).astype(np.float32), data["faces"])
            density = data["density"]
    near = _near(mesh, cloud, config.trim * spacing) & (density > np.median(density) - _FEWER)
    closed = _near(mesh, closing, _CLOSING * point_spacing(closing)) if closing is not None else np.zeros_like(near)
    return _trim(mesh, near, closed, config)


def point_spacing(cloud: PointCloud) -> float:
    """Median distance to the sixth neighbour over the root of two: the grid step of evenly spread points."""
    from scipy.spatial import cKDTree

    step = max(1, len(cloud) // _SAMPLE)
    distance = cKDTree(cloud.points).query(cloud.points[::step], k=7, workers=-1)[0][:, 6]
    return max(float(np.median(distance)) / 2**0.5, 1e-12)


def octree_depth(cloud: PointCloud, cell: float) -> int:
    """Levels at which the cells of the octree around the cloud are about `cell` wide, 5 to 11."""
    extent = float((cloud.points.max(axis=0) - cloud.points.min(axis=0)).max())
    wanted = int(np.round(np.log2(max(1.1 * extent / cell, 2))))
    return int(np.clip(wanted, 5, _DEEPEST))


def within_reach(cloud: PointCloud, cell: float, note: Callable[[str, Any], None] = lambda key, value: None) -> PointCloud:
    """The cloud without the few points so far out that the deepest octree around them would have cells wider than `cell`.

    Args:
        cloud: Points.
        cell: Width wanted, scene units.
        note: Told how many points were left out.
    """
    reach = cell * 2**_DEEPEST / 1.1
    for share in _FAR:
        low, high = np.quantile(cloud.points, [share, 1 - share], axis=0)
        if (high - low).max() <= reach:
            break
    inside = ((cloud.points >= low) & (cloud.points <= high)).all(axis=1)
    if not inside.all():
        note("points_far_out", f"{int((~inside).sum())} points far from the others were left out of the surface.")
    return cloud.select(inside)


def usable(cloud: PointCloud) -> PointCloud:
    """Measured points with finite coordinates and a normal.

    Raises:
        ReconstructionError: Too few of them, or all in one place.
    """
    if cloud.normals is None or cloud.origin is None:
        raise ReconstructionError(
            "No surface could be made.", "The points have no normals.", "Make the point cloud again, or use method 'tsdf'."
        )
    finite = np.isfinite(cloud.points).all(axis=1) & np.isfinite(cloud.normals).all(axis=1)
    chosen = cloud.select(finite & (cloud.normals != 0).any(axis=1) & (cloud.origin != Origin.GENERATED))
    if len(chosen) < _FEWEST:
        why = f"The point cloud has {len(chosen)} usable points; {_FEWEST} are the least."
        raise ReconstructionError(
            "No surface could be made.", why, "Take photos with more overlap, or loosen the settings of the point cloud."
        )
    if not np.ptp(chosen.points, axis=0).any():
        raise ReconstructionError(_WHAT, "All points lie in one place.", "Make the point cloud again.")
    return chosen


def _solve(arguments: list[str], check_cancelled: Callable[[], None]) -> None:
    """Runs the child and watches for the wish to stop."""
    try:
        run_child("recon.surface.poisson_child", arguments, check=check_cancelled)
    except ChildFailed as error:
        why = f"The Poisson solver failed: {error}"
        raise ResourceError(_WHAT, why, "Lower poisson_depth, close other programs, or use method 'tsdf'.") from error


def _near(mesh: TriMesh, cloud: PointCloud, reach: float) -> NDArray[np.bool_]:
    """Which vertices have a point within reach."""
    from scipy.spatial import cKDTree

    distance = cKDTree(cloud.points).query(mesh.vertices, distance_upper_bound=reach, workers=-1)[0]
    return np.asarray(np.isfinite(distance))


def _trim(mesh: TriMesh, near: NDArray[np.bool_], closed: NDArray[np.bool_], config: MeshConfig) -> TriMesh:
    """Removes faces whose vertices are neither near measured points nor closed by others.

    What spans small gaps stays, and all of it for a watertight surface. All but what is near is marked as generated.
    """
    mesh = replace(mesh, origin=np.where(near, Origin.MEASURED, Origin.GENERATED).astype(np.uint8))
    if config.watertight:
        return mesh
    kept = np.asarray((near | closed)[mesh.faces].all(axis=1))
    trimmed = keep_faces(mesh, kept | spans_gap(mesh.faces, kept, config.bridge))
    if not len(trimmed.faces):
        raise ReconstructionError(_WHAT, "Nothing is left after trimming.", "Raise 'trim', or use method 'tsdf'.")
    return trimmed


def spans_gap(faces: NDArray[np.int32], near: NDArray[np.bool_], longest: int) -> NDArray[np.bool_]:
    """Which of the faces that are not near points close a small gap between faces that are.

    They are the connected pieces with at most `longest` edges towards those, no more faces than a hundredth of those, and no more than
    twice what a flat disc with such a rim has (`b² / (√3 π)` about equal triangles): neither undersides nor bubbles.

    Args:
        faces: `[F, 3]` of a closed surface.
        near: `[F]`.
        longest: Edges.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    edges = np.sort(faces[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1)
    order = np.lexsort(edges.T)
    twice = np.flatnonzero((edges[order[1:]] == edges[order[:-1]]).all(axis=1))
    a, b = order[twice] // 3, order[twice + 1] // 3
    inner = ~near[a] & ~near[b]
    links = coo_array((np.ones(inner.sum(), bool), (a[inner], b[inner])), shape=(len(faces), len(faces)))
    piece = connected_components(links, directed=False)[1]
    rim = near[a] != near[b]
    around = np.bincount(piece[np.where(near[a], b, a)[rim]], minlength=len(faces))
    size = np.bincount(piece, minlength=len(faces))
    closes: NDArray[np.bool_] = (
        (around > 0) & (around <= longest) & (size <= _BRIDGED * near.sum()) & (size <= 2 * around**2 / (3**0.5 * np.pi))
    )
    return np.asarray(~near & closes[piece])
