"""Normals of a depth map."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recon.scene import Camera

# Offsets of the samples of a fit: 5 x 5, two pixels apart, so that noise between pixels averages out.
_OFFSETS = [(dy, dx) for dy in range(-4, 5, 2) for dx in range(-4, 5, 2)]
# Neighbours farther from the pixel than a surface of about 76 degrees slant would be belong to something else.
_STEEPEST = 4.0


def normals_from_depth(depth: NDArray[np.float32], camera: Camera) -> NDArray[np.float32]:
    """Unit normals in the camera frame that face the camera, by least squares over 9 x 9 pixels of the same surface.

    A plane n.X = 1 has inverse depth q = n.r with r = ((x - cx) / fx, (y - cy) / fy, 1), so q is linear in the pixel and
    its gradient gives the normal.

    Args:
        depth: `[H, W]` z-depth, 0 = unknown.
        camera: Intrinsics.

    Returns:
        `[H, W, 3]`, 0 where the depth is unknown or has too few neighbours.
    """
    height, width = depth.shape
    q = np.where(depth > 0, 1.0 / np.maximum(depth, 1e-12), 0).astype(np.float32)
    slope_x, slope_y, fitted = _fit(q, _STEEPEST / min(camera.fx, camera.fy))
    nx, ny = slope_x * np.float32(camera.fx), slope_y * np.float32(camera.fy)
    x = ((np.arange(width) - camera.cx) / camera.fx).astype(np.float32)
    y = ((np.arange(height)[:, None] - camera.cy) / camera.fy).astype(np.float32)
    normal = np.stack([-nx, -ny, nx * x + ny * y - q], axis=-1)
    length = np.linalg.norm(normal, axis=-1, keepdims=True)
    return np.where(fitted[..., None] & (length > 0), normal / np.maximum(length, 1e-20), 0).astype(np.float32)


def _fit(q: NDArray[np.float32], steepest: float) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_]]:
    """Gradient of `q` along x and y, and where there were enough neighbours; `steepest` is in shares of q a pixel."""
    height, width = q.shape
    padded = np.pad(q, 4)
    sums: NDArray[np.float32] = np.zeros((9, height, width), np.float32)
    w, wx, wy, wxx, wxy, wyy, wq, wqx, wqy = sums
    for dy, dx in _OFFSETS:
        other = padded[4 + dy : 4 + dy + height, 4 + dx : 4 + dx + width]
        difference = other - q
        near = ((other > 0) & (q > 0) & (np.abs(difference) <= steepest * max(abs(dx), abs(dy)) * q)).astype(np.float32)
        difference *= near
        w += near
        for total, factor in ((wx, dx), (wy, dy), (wxx, dx * dx), (wxy, dx * dy), (wyy, dy * dy)):
            if factor:
                total += np.float32(factor) * near
        wq += difference
        wqx += np.float32(dx) * difference
        wqy += np.float32(dy) * difference
    # Normal equations with the constant eliminated.
    count = np.maximum(w, 1)
    a, b, c = wxx - wx * wx / count, wxy - wx * wy / count, wyy - wy * wy / count
    u, v = wqx - wx * wq / count, wqy - wy * wq / count
    determinant = a * c - b * b
    fitted = (w >= 6) & (determinant > 1)
    safe = np.where(fitted, determinant, np.float32(1))
    slope_x, slope_y = (c * u - b * v) / safe, (a * v - b * u) / safe
    return slope_x.astype(np.float32), slope_y.astype(np.float32), fitted
