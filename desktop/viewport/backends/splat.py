"""The last resort: points drawn with numpy alone, where no graphics driver works. Surfaces are drawn as dense points."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from desktop.viewport.backends.base import Batch, Content, KeptBatches, Picture, View

_SURFACE_POINTS = 400_000
_FEWER_POINTS = 120_000  # for small pictures
_SMALL_PICTURE = 250_000  # pixels
_EMPTY = np.uint64(2**64 - 1)


class SplatRenderer:
    """Z-buffered square points."""

    name = "software"

    def __init__(self) -> None:
        self._kept = KeptBatches()

    def draw(self, batches: Sequence[Batch], view: View, point_size: float, target: str) -> Picture:
        """See `Renderer`."""
        height, width = view.camera.height, view.camera.width
        depth = np.full((height, width), np.inf, np.float32)
        color = np.zeros((height, width, 3), np.uint8)
        for batch in batches:
            points, colors, normals = self._points_of(batch, _FEWER_POINTS if height * width < _SMALL_PICTURE else _SURFACE_POINTS)
            if normals is not None:
                colors = _lit(points, colors, normals, view.cam_from_world.center.astype(np.float32))
            size = point_size if batch.kind == "points" else 2.0
            _splat(points, colors, view, int(np.clip(round(size), 1, 7)), depth, color)
        depth[~np.isfinite(depth)] = 0.0
        return Picture(color, depth)

    def close(self) -> None:
        """See `Renderer`."""

    def _points_of(self, batch: Batch, count: int) -> tuple[NDArray[np.float32], NDArray[np.uint8], NDArray[np.float32] | None]:
        key = batch.key if batch.kind == "points" else (*batch.key, count)
        made = self._kept.get(key)
        if made is None:
            made = _sampled(batch.content(), count)
            self._kept.put(key, made, len(made[0]))
        return made  # type: ignore[return-value]


def _sampled(content: Content, count: int) -> tuple[NDArray[np.float32], NDArray[np.uint8], NDArray[np.float32] | None]:
    """The points, or `count` points spread evenly over triangles or lines, with colours and normals in between those of the corners."""
    index = content.index
    if index is None or not len(index):
        return content.vertices, content.colors, None
    rng = np.random.default_rng(0)
    corners = content.vertices[index]
    first = corners[:, 1] - corners[:, 0]
    amount = np.linalg.norm(np.cross(first, corners[:, 2] - corners[:, 0]) if index.shape[1] == 3 else first, axis=1).astype(np.float64)
    chosen = rng.choice(len(index), count, p=amount / max(amount.sum(), 1e-300)) if amount.sum() > 0 else np.arange(len(index))
    weights = rng.dirichlet(np.ones(index.shape[1]), len(chosen)).astype(np.float32)

    def blend(values: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(np.einsum("nk,nkc->nc", weights, values[index[chosen]]), np.float32)

    normals = None if content.normals is None else blend(content.normals)
    return blend(content.vertices), blend(content.colors.astype(np.float32)).astype(np.uint8), normals


def _lit(
    points: NDArray[np.float32], colors: NDArray[np.uint8], normals: NDArray[np.float32], eye: NDArray[np.float32]
) -> NDArray[np.uint8]:
    """Colours under a lamp at the eye, with a share of light from everywhere."""
    ray = points - eye
    facing = np.abs((ray * normals).sum(axis=1)) / np.maximum(np.linalg.norm(ray, axis=1) * np.linalg.norm(normals, axis=1), 1e-12)
    return np.asarray(colors * (0.35 + 0.65 * facing)[:, None], np.uint8)


def _splat(
    points: NDArray[np.float32],
    colors: NDArray[np.uint8],
    view: View,
    size: int,
    depth: NDArray[np.float32],
    color: NDArray[np.uint8],
) -> None:
    """Draws squares of `size` pixels into `depth` and `color`, nearer over farther."""
    height, width = depth.shape
    pose = view.cam_from_world
    matrix = (view.camera.matrix @ pose.rotation).astype(np.float32)
    offset = (view.camera.matrix @ pose.translation).astype(np.float32)
    seen = points @ matrix.T + offset
    z = seen[:, 2]
    index = np.flatnonzero((z > view.near) & (z < view.far))
    x, y = np.rint(seen[index, 0] / z[index]), np.rint(seen[index, 1] / z[index])
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    index, pixel = index[inside], (y[inside] * width + x[inside]).astype(np.int64)
    nearest = np.full(height * width, _EMPTY)
    np.minimum.at(nearest, pixel, (z[index].view(np.uint32).astype(np.uint64) << np.uint64(32)) | index.astype(np.uint64))
    nearest = nearest.reshape(height, width)
    for step, axis in ((s, a) for a in (0, 1) for s in _steps(size)):
        nearest = np.minimum(nearest, _shifted(nearest, step, axis))
    found = nearest != _EMPTY
    z_found = (nearest[found] >> np.uint64(32)).astype(np.uint32).view(np.float32)
    nearer = z_found < depth[found]
    rows, columns = (axis[nearer] for axis in np.nonzero(found))
    depth[rows, columns] = z_found[nearer]
    color[rows, columns] = colors[(nearest[found] & np.uint64(0xFFFFFFFF)).astype(np.int64)[nearer]]


def _steps(size: int) -> list[int]:
    """Shifts whose running minimum widens a pixel to `size` pixels about it."""
    steps: list[int] = []
    width = 1
    while width < size:
        step = min(width, size - width)
        steps.append(step if len(steps) % 2 else -step)
        width += step
    return steps


def _shifted(values: NDArray[np.uint64], step: int, axis: int) -> NDArray[np.uint64]:
    result = np.full_like(values, _EMPTY)
    source, target = [slice(None)] * 2, [slice(None)] * 2
    source[axis] = slice(-step, None) if step < 0 else slice(None, -step)
    target[axis] = slice(None, step) if step < 0 else slice(step, None)
    result[tuple(target)] = values[tuple(source)]
    return result
