"""Surface that no depth map saw, from the outlines of the object: its visual hull, emptied where depth maps see through it.

Laurentini, "The visual hull concept for silhouette-based image understanding" (1994). Nothing lies outside of the hull; whether the surface
is where the hull ends, outlines cannot say: it is a bound, not a measurement.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from recon.scene import DepthMap, Origin, PointCloud, Scene, View
from recon.surface.poisson import point_spacing

_COARSE, _FINE = 48, 160
"""Cells along the longest side of the box: to find the hull, and to know its surface."""
_AROUND = 0.5
"""Rim around the measured points where the hull is looked for, in the longest side of their box."""
_OPEN = 0.1
"""Share of that rim's outside that the hull may take: masks that only leave out a background take more, and are no outlines."""
_STRAY = 0.001
_PIXELS = 1000
"""Longest side of the outlines that are compared."""
_FEWEST, _MOST = 100, 1_000_000
"""Points."""
_MARGIN = 2.0
"""Depth maps empty what lies more than so many cells in front of them."""
_APART = 3.0
"""Cells between points of the hull and measured surface of a like normal, at least."""
_NEIGHBOURS, _ALIKE = 16, 0.5
"""Measured patches that are asked, and cosine between normals: behind a thin wall another side begins."""
_DENSE = 0.25
"""Share of the points that a patch of surface in a cell has when it is well measured."""
_FACING = 0.5
"""Cosine between normal and the direction of some camera, at least: the hull goes on below an object as far as cameras look up."""

Mask = Callable[[str], NDArray[np.bool_] | None]
Array = NDArray[np.float64]


def outline_points(
    scene: Scene, mask: Mask, depths: Mapping[str, DepthMap], cloud: PointCloud, check_cancelled: Callable[[], None] = lambda: None
) -> PointCloud | None:
    """Points with outward normals on the emptied hull, away from what was measured; marked as generated.

    Args:
        scene: Views.
        mask: View name -> `[H, W]` of its camera, true on the object; None where there is no mask.
        depths: View name -> depth map, unknown where nothing is sure.
        cloud: Measured points with normals.
        check_cancelled: Called for every view; may raise to stop.

    Returns:
        The points, as dense as the measured ones; None where they are few, not every view has a mask, or the masks do not enclose what was
        measured.
    """
    low, high = np.quantile(cloud.points, [_STRAY, 1 - _STRAY], axis=0).astype(np.float64)
    rim = _AROUND * float((high - low).max())
    box = Box.around(low - rim, high + rim, _COARSE)
    field = _field(box, scene, mask, {}, check_cancelled)
    if field is None or _open(field > 0) or not (field > 0).any():
        return None
    inner = box.places(np.nonzero(field > 0))
    box = Box.around(inner.min(axis=0) - 2 * box.cell, inner.max(axis=0) + 2 * box.cell, _FINE)
    field = _field(box, scene, mask, depths, check_cancelled)
    assert field is not None
    points, normals = _zero_points(field, box)
    spacing = point_spacing(cloud)
    chosen = _looked_at(points, normals, scene) & ~_measured(points, normals, cloud, box.cell, spacing)
    if chosen.sum() < _FEWEST:
        return None
    return _spread(points[chosen], normals[chosen], box.cell, spacing)


@dataclass(frozen=True, eq=False)
class Box:
    """A grid of cubic cells.

    Args:
        low: `[3]` centre of the first cell, scene units.
        cell: Side of a cell.
        counts: Cells along each axis.
    """

    low: Array
    cell: float
    counts: tuple[int, int, int]

    @staticmethod
    def around(low: Array, high: Array, cells: int) -> Box:
        """The box between two corners, with so many cells along its longest side."""
        cell = float((high - low).max()) / (cells - 1)
        x, y, z = (int(count) for count in np.ceil((high - low) / cell) + 1)
        return Box(low, cell, (x, y, z))

    def places(self, index: tuple[NDArray[np.int64], ...]) -> Array:
        """Centres `[N, 3]` of the cells `index`, three arrays `[N]`."""
        return np.asarray(self.low + self.cell * np.stack(index, axis=-1))


def _field(
    box: Box, scene: Scene, mask: Mask, depths: Mapping[str, DepthMap], check_cancelled: Callable[[], None]
) -> NDArray[np.float32] | None:
    """How far the cells are from being ruled out by some view, scene units; None where a view has no mask."""
    inside = np.full(np.prod(box.counts), np.inf, np.float32)
    for view in scene.views:
        check_cancelled()
        outline = mask(view.name)
        if outline is None:
            return None
        left = np.flatnonzero(inside > -2 * box.cell)
        places = box.places(np.unravel_index(left, box.counts))
        inside[left] = np.minimum(inside[left], _inside(places, view, outline, depths.get(view.name), _MARGIN * box.cell))
    return inside.reshape(box.counts)


def _open(full: NDArray[np.bool_]) -> bool:
    sides = [np.take(full, place, axis) for axis in range(3) for place in (0, -1)]
    return bool(sum(int(side.sum()) for side in sides) > _OPEN * sum(side.size for side in sides))


def _inside(points: Array, view: View, outline: NDArray[np.bool_], depth: DepthMap | None, margin: float) -> NDArray[np.float32]:
    """How far points are from being ruled out by a view, `[N]`: negative outside of the outline or in front of the depth."""
    from scipy.ndimage import map_coordinates

    within = _to_outline(outline)
    height, width = within.shape
    camera = view.camera.scaled(width, height)
    pixels, z = camera.project(view.cam_from_world.apply(points))
    seen = np.flatnonzero(z > 0)
    pixels, z = pixels[seen], z[seen]
    inside = pixels.clip(0, [width - 1, height - 1])
    away = map_coordinates(within, inside[:, ::-1].T, order=1, mode="nearest") * z / camera.fx
    beyond = np.abs(pixels - inside).sum(axis=1) > 0.5  # ruled out unless the outline itself is cut off there
    found: NDArray[np.float32] = np.full(len(points), np.inf, np.float32)
    found[seen] = np.where(beyond & (away > 0), np.inf, away)
    if depth is not None:
        rows, columns = depth.depth.shape
        column, row = (inside * [columns / width, rows / height]).round().astype(np.int64).clip(0, [columns - 1, rows - 1]).T
        measured = depth.depth[row, column]
        found[seen] = np.minimum(found[seen], np.where((measured > 0) & ~beyond, z - measured + margin, np.inf))
    return found


def _to_outline(mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Pixels to the outline of a mask, negative outside; shrunk when it is large."""
    height, width = mask.shape
    scale = min(1.0, _PIXELS / max(height, width))
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    small = cv2.resize(mask.astype(np.uint8) * 255, size, interpolation=cv2.INTER_AREA) > 127
    inner, outer = (cv2.distanceTransform(part.astype(np.uint8), cv2.DIST_L2, 5) for part in (small, ~small))
    return np.asarray(inner - outer, np.float32)


def _zero_points(field: NDArray[np.float32], box: Box) -> tuple[Array, Array]:
    """Points and outward normals where the field goes through 0: its cells inside with a neighbour outside, moved along the gradient."""
    inner = field > 0
    border = np.zeros_like(inner)
    for axis in range(3):
        here, there = (np.moveaxis(array, axis, 0) for array in (border, inner))
        changes = there[1:] != there[:-1]
        here[1:] |= changes & there[1:]
        here[:-1] |= changes & there[:-1]
    at = np.nonzero(border)
    slope = np.stack([_shifted(field, at, axis, 1) - _shifted(field, at, axis, -1) for axis in range(3)], axis=-1) / (2 * box.cell)
    steep = np.linalg.norm(slope, axis=-1, keepdims=True)
    usable = np.isfinite(steep[:, 0]) & (steep[:, 0] > 0)
    normals = -slope[usable] / steep[usable]
    way = np.minimum(field[at][usable, None] / steep[usable], box.cell)
    return box.places(at)[usable] + way * normals, normals


def _shifted(field: NDArray[np.float32], at: tuple[NDArray[np.int64], ...], axis: int, by: int) -> NDArray[np.float32]:
    """Values beside the cells `at`."""
    moved = list(at)
    moved[axis] = np.clip(moved[axis] + by, 0, field.shape[axis] - 1)
    return np.asarray(field[tuple(moved)])


def _looked_at(points: Array, normals: Array, scene: Scene) -> NDArray[np.bool_]:
    """Which points `[N, 3]` face some camera."""
    faced = np.zeros(len(points), bool)
    for view in scene.views:
        towards = view.cam_from_world.center - points
        faced |= (normals * towards).sum(axis=1) > _FACING * np.linalg.norm(towards, axis=1)
    return faced


def _measured(points: Array, normals: Array, cloud: PointCloud, cell: float, spacing: float) -> NDArray[np.bool_]:
    """Which points `[N, 3]` have measured surface with a like normal near them; single points are none."""
    from scipy.spatial import cKDTree

    assert cloud.normals is not None
    octant = (cloud.normals > 0) @ [1, 2, 4]
    patch = np.column_stack([np.floor(cloud.points / cell).astype(np.int64), octant])
    _, first, which, count = np.unique(patch, axis=0, return_index=True, return_inverse=True, return_counts=True)
    dense = np.flatnonzero(count >= _DENSE * (cell / spacing) ** 2)
    if not len(dense):
        return np.zeros(len(points), bool)
    weights = cloud.normals.astype(np.float64)
    total: Array = np.stack([np.bincount(which.ravel(), column, len(first)).astype(np.float64) for column in weights.T], axis=1)[dense]
    mean = np.append(total / np.linalg.norm(total, axis=1, keepdims=True), np.zeros((1, 3), np.float64), axis=0)
    _, nearest = cKDTree(cloud.points[first[dense]]).query(points, _NEIGHBOURS, distance_upper_bound=_APART * cell, workers=-1)
    return np.asarray((np.einsum("nkc,nc->nk", mean[nearest], normals) > _ALIKE).any(axis=1))


def _spread(points: Array, normals: Array, cell: float, spacing: float) -> PointCloud:
    """Several points on a square of one cell around each, so that they are `spacing` apart and count as much as measured ones."""
    copies = int(np.clip(round((cell / spacing) ** 2), 1, max(_MOST // len(points), 1)))
    normals = np.repeat(normals, copies, axis=0)
    across = np.cross(normals, np.eye(3)[np.abs(normals).argmin(axis=1)])
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    u, v = np.random.default_rng(0).uniform(-cell / 2, cell / 2, (2, len(normals), 1))
    spread = np.repeat(points, copies, axis=0) + u * across + v * np.cross(normals, across)
    return PointCloud(spread.astype(np.float32), normals.astype(np.float32), origin=np.full(len(spread), Origin.GENERATED, np.uint8))
