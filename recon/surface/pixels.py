"""Which pixels of a depth map may shape a surface, and how much."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recon.scene import Camera, DepthMap
from recon.surface.config import MeshConfig

Map = NDArray[np.float32]
_UNKNOWN_COSINE = 0.3
_GAP_WEIGHT = 0.5


@dataclass(frozen=True, eq=False)
class WeightedDepth:
    """Depths that count.

    Args:
        depth: `[H, W]` float32 z-depth, 0 = not used.
        weight: `[H, W]` float32 in [0, 1], 0 = not used.
        cosine: `[H, W]` float32, distance to the surface's plane per unit of z: |normal . (x/z, y/z, 1)|.
    """

    depth: Map
    weight: Map
    cosine: Map


def weigh(depth_map: DepthMap, camera: Camera, config: MeshConfig) -> WeightedDepth:
    """Drops unsure, grazing and edge pixels; the rest weigh by confidence and angle.

    Args:
        depth_map: Depth of one view; its size may be smaller than the camera's picture.
        camera: Intrinsics of the view's picture.
        config: Limits.
    """
    height, width = depth_map.depth.shape
    camera = camera.scaled(width, height)
    depth = np.where(np.isfinite(depth_map.depth) & (depth_map.depth > 0), depth_map.depth, 0).astype(np.float32)
    rays = pixel_rays(camera)
    normal = depth_map.normal if depth_map.normal is not None else normals_from_depth(depth, camera)
    projected = np.abs((normal * rays).sum(-1))
    angle = projected / np.linalg.norm(rays, axis=-1)
    known = (normal != 0).any(-1)
    angle = np.where(known, angle, np.float32(_UNKNOWN_COSINE))
    weight = angle * (1 if depth_map.confidence is None else depth_map.confidence)
    keep = (depth > 0) & (angle >= config.min_cosine) & ~depth_edges(depth, camera, config.edge_footprints)
    if depth_map.confidence is not None:
        keep &= depth_map.confidence >= config.min_confidence
    cosine = np.where(known, np.maximum(projected, max(config.min_cosine, 0.05)), np.float32(1))
    usable = WeightedDepth(np.where(keep, depth, 0), np.where(keep, weight, 0).astype(np.float32), cosine.astype(np.float32))
    return close_gaps(usable, camera, config)


def close_gaps(pixels: WeightedDepth, camera: Camera, config: MeshConfig) -> WeightedDepth:
    """Gives unknown pixels amid known ones the plane through their 5x5 neighbourhood, at a small weight.

    Only where at least a quarter of the neighbourhood is known, on both sides of the pixel, and all of it lies within
    `config.edge_footprints`, so that nothing grows over an edge or outward. Weight and cosine are those of the neighbours;
    `config.gap_passes` times.
    """
    import cv2

    depth, weight, cosine = pixels.depth.copy(), pixels.weight.copy(), pixels.cosine.copy()
    limit = np.float32(config.edge_footprints / min(camera.fx, camera.fy))
    kernel = np.ones((5, 5), np.uint8)
    for _ in range(config.gap_passes):
        known = (depth > 0).astype(np.float32)
        count = cv2.boxFilter(known, -1, (5, 5), normalize=False)
        total = np.maximum(count, 1)
        nearest = cv2.erode(np.where(depth > 0, depth, np.float32(1e30)), kernel)
        gap = (depth == 0) & (count >= 7) & (cv2.dilate(depth, kernel) - nearest < limit * nearest)
        inverse, fits = plane_through_neighbours(np.where(depth > 0, 1 / np.maximum(depth, 1e-30), 0).astype(np.float32), known)
        gap &= fits
        for values in (weight, cosine):
            values[gap] = (cv2.boxFilter(values * known, -1, (5, 5), normalize=False) / total)[gap]
        weight[gap] *= np.float32(_GAP_WEIGHT)
        depth[gap] = 1 / inverse[gap]
    return WeightedDepth(depth, weight, cosine)


def plane_through_neighbours(inverse: Map, known: Map) -> tuple[Map, NDArray[np.bool_]]:
    """Least squares plane through the known inverse depths of 5x5 pixels (a plane in space is linear in inverse depth).

    Args:
        inverse: `[H, W]` inverse depth, 0 where unknown.
        known: `[H, W]` 1 where known, else 0.

    Returns:
        Its value at the middle `[H, W]`, and where the neighbours determine it and lie around the pixel, `[H, W]`.
    """
    import cv2

    along = np.tile(np.arange(-2, 3, dtype=np.float32), (5, 1))
    ones = np.ones_like(along)

    def moment(values: Map, weights: Map) -> Map:
        return np.asarray(cv2.filter2D(values, -1, weights, borderType=cv2.BORDER_CONSTANT), np.float32)

    n = np.maximum(moment(known, ones), 1)
    x, y, q = moment(known, along) / n, moment(known, along.T) / n, moment(inverse, ones) / n
    xx, yy, xy = (moment(known, k) / n - m for k, m in ((along**2, x * x), (along.T**2, y * y), (along * along.T, x * y)))
    xq, yq = moment(inverse, along) / n - x * q, moment(inverse, along.T) / n - y * q
    determinant = xx * yy - xy * xy
    fits = (determinant > 0.2) & (x * x + y * y < 0.5)
    safe = np.where(fits, determinant, np.float32(1))
    middle = q - ((yy * xq - xy * yq) * x + (xx * yq - xy * xq) * y) / safe
    return middle.astype(np.float32), fits & (middle > 0)


def pixel_rays(camera: Camera) -> Map:
    """(x/z, y/z, 1) of every pixel, `[H, W, 3]`."""
    y, x = np.mgrid[: camera.height, : camera.width].astype(np.float32)
    return np.stack([(x - camera.cx) / camera.fx, (y - camera.cy) / camera.fy, np.ones_like(x)], axis=-1).astype(np.float32)


def depth_edges(depth: Map, camera: Camera, footprints: float) -> NDArray[np.bool_]:
    """Pixels `[H, W]` whose 3x3 neighbourhood holds a step larger than `footprints` pixel footprints."""
    import cv2

    kernel = np.ones((3, 3), np.uint8)
    far = cv2.dilate(depth, kernel)
    near = cv2.erode(np.where(depth > 0, depth, np.float32(np.inf)), kernel)
    limit = depth * np.float32(footprints / min(camera.fx, camera.fy))
    return np.asarray((depth > 0) & (np.maximum(far - depth, depth - near) > limit))


def normals_from_depth(depth: Map, camera: Camera) -> Map:
    """Normals `[H, W, 3]` in the camera frame facing the camera, 0 where a neighbour is unknown."""
    points = pixel_rays(camera) * depth[..., None]
    along_x, along_y = np.zeros_like(points), np.zeros_like(points)
    along_x[:, 1:-1] = points[:, 2:] - points[:, :-2]
    along_y[1:-1] = points[2:] - points[:-2]
    known = np.zeros(depth.shape, bool)
    known[1:-1, 1:-1] = (depth[1:-1, 2:] > 0) & (depth[1:-1, :-2] > 0) & (depth[2:, 1:-1] > 0) & (depth[:-2, 1:-1] > 0)
    known &= depth > 0
    normal = np.cross(along_y, along_x)
    length = np.linalg.norm(normal, axis=-1, keepdims=True)
    result: Map = np.where(known[..., None] & (length > 0), normal / np.where(length > 0, length, 1), 0).astype(np.float32)
    return result
