"""Fusion of consistent depth maps to one cloud without duplicates."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from recon.mvs.consistency import Estimate
from recon.scene import PointCloud


def fuse(
    count: int,
    load: Callable[[int], Estimate],
    image: Callable[[int], NDArray[np.uint8]],
    neighbours: Sequence[Sequence[int]],
    *,
    depth_error: float = 0.01,
    check: Callable[[], None] = lambda: None,
) -> PointCloud:
    """One point for every pixel that no earlier view has already given.

    Args:
        count: Number of views.
        load: View index -> consistent depth map; called several times, so that only few maps are in memory.
        image: View index -> picture of the size of its depth map.
        neighbours: For every view the views that may see the same surface.
        depth_error: Relative difference in depth up to which a pixel of another view shows the same point.
        check: Called between views; may raise to stop.

    Returns:
        Cloud with normals, colours, confidence and num_views.
    """
    taken: dict[int, NDArray[np.bool_]] = {}
    parts: list[PointCloud] = []
    for i in range(count):
        check()
        estimate = load(i)
        keep = estimate.depth_map.depth > 0
        if i in taken:
            keep &= ~taken.pop(i)
        cloud = points_of(estimate, image(i), keep)
        parts.append(cloud)
        for j in neighbours[i]:
            if j > i:
                other = load(j)
                claimed = taken.setdefault(j, np.zeros(other.depth_map.depth.shape, bool))
                _claim(cloud.points, other, claimed, depth_error)
    return concatenate(parts)


def points_of(estimate: Estimate, image: NDArray[np.uint8], keep: NDArray[np.bool_]) -> PointCloud:
    """Points of the pixels in `keep`, in the world frame."""
    depth_map, view = estimate.depth_map, estimate.view
    y, x = np.nonzero(keep)
    world_from_cam = view.cam_from_world.inverse()
    points = world_from_cam.apply(view.camera.unproject(np.stack([x, y], -1), depth_map.depth[y, x]))
    return PointCloud(
        points.astype(np.float32),
        None if depth_map.normal is None else world_from_cam.rotate(depth_map.normal[y, x]).astype(np.float32),
        image[y, x].astype(np.float32) / 255.0,
        None if depth_map.confidence is None else depth_map.confidence[y, x],
        None if depth_map.num_views is None else depth_map.num_views[y, x],
        np.full(len(x), depth_map.origin, np.uint8),
    )


def _claim(points: NDArray[np.float32], other: Estimate, claimed: NDArray[np.bool_], depth_error: float) -> None:
    """Marks the pixels of `other` that show one of the points."""
    depth = other.depth_map.depth
    height, width = depth.shape
    pixels, z = other.view.camera.project(other.view.cam_from_world.apply(points))
    with np.errstate(invalid="ignore"):
        inside = (z > 0) & (pixels > -0.5).all(-1) & (pixels[:, 0] < width - 0.5) & (pixels[:, 1] < height - 0.5)
    x, y = np.rint(pixels[inside]).astype(np.int64).T
    same = np.abs(depth[y, x] - z[inside]) <= depth_error * z[inside]
    claimed[y[same], x[same]] = True


def concatenate(parts: Sequence[PointCloud]) -> PointCloud:
    """All points of several clouds that carry the same attributes."""
    if not parts:
        return PointCloud(np.zeros((0, 3), np.float32))

    def join(name: str) -> NDArray | None:
        values = [getattr(part, name) for part in parts]
        return None if any(value is None for value in values) else np.concatenate(values)

    return PointCloud(*(join(name) for name in ("points", "normals", "colors", "confidence", "num_views", "origin")))  # type: ignore[arg-type]
