"""The last resort: everything drawn as points with numpy alone, where no graphics driver works."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from desktop.viewport.backends.base import Batch, Content, KeptBatches, Picture, View

_MOST_SAMPLES = 1_200_000
_PER_PIXEL = {"triangles": 1.6, "lines": 1.5}
"""Points drawn for each pixel that a triangle covers or a line crosses."""
_LARGE = 4096.0  # pixels that one triangle or line covers before it is cut
_SPLITS = 8
_EMPTY = np.uint64(2**64 - 1)

Sizes = NDArray[np.float64]
Points = tuple[NDArray[np.float32], NDArray[np.uint8]]


class SplatRenderer:
    """Z-buffered square points; triangles and lines are covered with as many as they need in the picture."""

    name = "software"

    def __init__(self) -> None:
        self._kept = KeptBatches()

    def draw(self, batches: Sequence[Batch], view: View, point_size: float, target: str) -> Picture:
        """See `Renderer`."""
        height, width = view.camera.height, view.camera.width
        depth = np.full((height, width), np.inf, np.float32)
        color = np.zeros((height, width, 3), np.uint8)
        for batch in batches:
            content = self._content(batch)
            if batch.kind == "points":
                _splat(content.vertices, content.colors, view, int(np.clip(round(point_size), 1, 7)), depth, color)
            else:
                _splat(*_sampled(content, batch.kind, view), view, 2 if batch.kind == "triangles" else 1, depth, color)
        depth[~np.isfinite(depth)] = 0.0
        return Picture(color, depth)

    def close(self) -> None:
        """See `Renderer`."""

    def _content(self, batch: Batch) -> Content:
        content = self._kept.get(batch.key)
        if not isinstance(content, Content):
            content = batch.content()
            self._kept.put(batch.key, content, batch.size)
        return content


def _sampled(content: Content, kind: str, view: View) -> Points:
    """Points spread evenly, as seen in the picture, over the triangles or lines in sight, with lit colours."""
    if content.index is None or not len(content.index):
        return content.vertices[:0], content.colors[:0]
    values = [content.vertices, content.colors.astype(np.float32), content.normals, content.uv]
    table, index, sizes = _split(np.concatenate([v for v in values if v is not None], axis=1), content.index, view)
    sizes = sizes * _PER_PIXEL[kind]
    sizes *= min(1.0, _MOST_SAMPLES / max(float(sizes.sum()), 1.0))
    rng = np.random.default_rng(0)
    chosen = index[np.repeat(np.arange(len(index)), np.floor(sizes + rng.random(len(sizes))).astype(np.int64))]
    weights = _weights(len(chosen), index.shape[1], rng)
    drawn = np.zeros((len(chosen), table.shape[1]), np.float32)
    for k in range(index.shape[1]):
        drawn += weights[:, k, None] * table[chosen[:, k]]
    points, colors = drawn[:, :3], drawn[:, 3:6]
    if content.uv is not None and content.texture is not None:
        height, width = content.texture.shape[:2]
        column, row = (np.clip(drawn[:, -2:], 0, 1) * (width - 1, height - 1) + 0.5).astype(np.int64).T
        colors = content.texture[row, column].astype(np.float32)
    if content.normals is not None:
        colors *= _light(points, drawn[:, 6:9], view.cam_from_world.center.astype(np.float32))[:, None]
    return np.ascontiguousarray(points, np.float32), colors.astype(np.uint8)


def _split(table: NDArray[np.float32], index: NDArray[np.int32], view: View) -> tuple[NDArray[np.float32], NDArray[np.int32], Sizes]:
    """What is in sight, with triangles and lines that are large in the picture cut into smaller ones.

    Args:
        table: `[N, C]` corners; the first three columns are the position.
        index: `[M, K]` corners of each triangle (K = 3) or line (K = 2).
        view: From where.

    Returns:
        Table with new corners, what is in sight `[S, K]`, and its size in pixels `[S]`.
    """
    done: list[tuple[NDArray[np.int32], Sizes]] = []
    for turn in range(_SPLITS + 1):
        index, sizes = _in_sight(table, index, view)
        large = sizes > _LARGE
        done.append((index[~large], sizes[~large]) if turn < _SPLITS else (index[np.isfinite(sizes)], sizes[np.isfinite(sizes)]))
        if turn == _SPLITS or not large.any():
            break
        table, index = _halved(table, index[large])
    return table, np.concatenate([i for i, _ in done]), np.concatenate([s for _, s in done])


def _in_sight(table: NDArray[np.float32], index: NDArray[np.int32], view: View) -> tuple[NDArray[np.int32], Sizes]:
    """Triangles or lines that may be seen, and their areas or lengths in pixels; infinite where one reaches behind the viewer."""
    flat = table[index.reshape(-1), :3] if 3 * index.size < len(table) else table[:, :3]
    pixels, depth = view.camera.project(view.cam_from_world.apply(flat))
    order = np.arange(index.size).reshape(index.shape) if 3 * index.size < len(table) else index
    corners, ahead = np.nan_to_num(pixels)[order], depth[order] > view.near
    inside = (corners.max(axis=1) >= 0).all(axis=1) & (corners.min(axis=1) <= [view.camera.width, view.camera.height]).all(axis=1)
    keep = ahead.any(axis=1) & (inside | ~ahead.all(axis=1))
    corners, whole = corners[keep], ahead[keep].all(axis=1)
    first, other = corners[:, 1] - corners[:, 0], corners[:, -1] - corners[:, 0]
    if index.shape[1] == 2:
        sizes = np.linalg.norm(first, axis=1)
    else:
        sizes = 0.5 * np.abs(first[:, 0] * other[:, 1] - first[:, 1] * other[:, 0])
    return index[keep], np.where(whole, sizes, np.inf)


def _halved(table: NDArray[np.float32], index: NDArray[np.int32]) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Triangles cut into four, lines into two, at the middles of their edges."""
    count, size = index.shape
    ends = [(0, 1)] if size == 2 else [(0, 1), (1, 2), (2, 0)]
    middles = [(table[index[:, i]] + table[index[:, j]]) / 2.0 for i, j in ends]
    new = [np.arange(count, dtype=np.int32) + len(table) + k * count for k in range(len(ends))]
    old = list(index.T)
    parts: list[tuple[NDArray[np.int32], ...]]
    if size == 2:
        parts = [(old[0], new[0]), (new[0], old[1])]
    else:
        parts = [(old[0], new[0], new[2]), (new[0], old[1], new[1]), (new[2], new[1], old[2]), (new[0], new[1], new[2])]
    return np.concatenate([table, *middles]), np.concatenate([np.stack(part, axis=1) for part in parts])


def _weights(count: int, corners: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Even barycentric weights `[count, corners]`."""
    u = rng.random(count, np.float32)
    if corners == 2:
        return np.stack([u, 1.0 - u], axis=1)
    v, root = rng.random(count, np.float32), np.sqrt(u)
    return np.stack([1.0 - root, root * (1.0 - v), root * v], axis=1)


def _light(points: NDArray[np.float32], normals: NDArray[np.float32], eye: NDArray[np.float32]) -> NDArray[np.float32]:
    """Brightness under a lamp at the eye, with a share of light from everywhere."""
    ray = points - eye
    facing = np.abs((ray * normals).sum(axis=1)) / np.maximum(np.linalg.norm(ray, axis=1) * np.linalg.norm(normals, axis=1), 1e-12)
    return np.asarray(0.35 + 0.65 * facing, np.float32)


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
