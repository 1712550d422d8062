"""Normals of a depth map."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recon.scene import Camera


def normals_from_depth(depth: NDArray[np.float32], camera: Camera) -> NDArray[np.float32]:
    """Unit normals in the camera frame that face the camera, from the closer of both neighbours along rows and columns.

    Args:
        depth: `[H, W]` z-depth, 0 = unknown.
        camera: Intrinsics.

    Returns:
        `[H, W, 3]`, 0 where the depth or its neighbours are unknown.
    """
    height, width = depth.shape
    with np.errstate(divide="ignore", invalid="ignore"):
        q = np.where(depth > 0, 1.0 / depth, np.nan).astype(np.float32)
    # A plane n.X = 1 has inverse depth q = n.r, r = ((x - cx) / fx, (y - cy) / fy, 1): gradients of q give the normal.
    qx, qy = _gentle_slope(q, 1), _gentle_slope(q, 0)
    nx, ny = qx * camera.fx, qy * camera.fy
    x = (np.arange(width, dtype=np.float32) - camera.cx) / camera.fx
    y = (np.arange(height, dtype=np.float32)[:, None] - camera.cy) / camera.fy
    normal = np.stack([-nx, -ny, -(q - nx * x - ny * y)], axis=-1)
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    facing = (normal[..., 0] * x + normal[..., 1] * y + normal[..., 2]) < 0
    return np.where((np.isfinite(normal).all(-1) & facing)[..., None], normal, 0).astype(np.float32)


def _gentle_slope(q: NDArray[np.float32], axis: int) -> NDArray[np.float32]:
    """Forward or backward difference, whichever is smaller, their mean where both are alike."""
    difference = np.diff(q, axis=axis)
    edge = np.full_like(np.take(q, [0], axis), np.nan)
    forward, backward = np.concatenate([difference, edge], axis), np.concatenate([edge, difference], axis)
    f, b = np.nan_to_num(np.abs(forward), nan=np.inf), np.nan_to_num(np.abs(backward), nan=np.inf)
    chosen = np.where(f < b, forward, backward)
    alike = (np.maximum(f, b) < 2 * np.minimum(f, b)) & (forward * backward > 0)
    return np.where(alike, 0.5 * (forward + backward), chosen)
