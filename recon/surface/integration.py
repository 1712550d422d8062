"""Running averages of distance and weight in blocks of voxels: one view at a time, in torch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from recon.surface.config import MeshConfig
from recon.surface.voxels import BLOCK, Frame

_CHUNK = 2048
_TILE = 16


class Integrator:
    """Adds the depths of one view to a grid.

    Args:
        frame: The view.
        offsets: Position of each voxel in its block, torch `[BLOCK ** 3, 3]`, scene units.
        voxel: Edge of a voxel, scene units.
        config: Truncation and carving.
    """

    def __init__(self, frame: Frame, offsets: Any, voxel: float, config: MeshConfig) -> None:
        import torch

        pose = frame.cam_from_world
        self.camera = frame.camera
        self.rotation = torch.from_numpy(pose.rotation.T.astype(np.float32).copy())
        self.translation = torch.from_numpy(pose.translation.astype(np.float32))
        self.local = offsets @ self.rotation
        self.band = config.truncation * voxel
        self.radius = 0.5 * BLOCK * voxel * 3**0.5
        self.middle = self.local.mean(dim=0)
        self.carving = config.carving
        self.behind = config.behind
        self.depth, self.weight, self.cosine = (
            torch.from_numpy(np.ascontiguousarray(m).reshape(-1)) for m in (frame.pixels.depth, frame.pixels.weight, frame.pixels.cosine)
        )
        self.farthest = _farthest(self.depth.view(frame.camera.height, frame.camera.width))

    def add(self, tsdf: Any, weight: Any, rows: Any, corners: Any, pulse: Callable[[], None]) -> None:
        """Updates the grid in place.

        Args:
            tsdf: Distances in units of the band, torch `[capacity, BLOCK ** 3]`.
            weight: Their weights, same shape.
            rows: `[B]` int64 rows of the blocks.
            corners: `[B, 3]` world position of each block's first voxel.
            pulse: Called every few thousand blocks; may raise to stop.
        """
        import torch

        for start in range(0, len(rows), _CHUNK):
            pulse()
            base = corners[start : start + _CHUNK] @ self.rotation + self.translation
            visible = self.visible(base + self.middle)
            if not visible.any():
                continue
            distance, new = self.observe(base[visible])
            at = rows[start : start + _CHUNK][visible]
            old = weight[at]
            total = old + new
            average = (tsdf[at] * old + distance * new) / torch.where(total > 0, total, 1.0)
            tsdf[at] = torch.where(new > 0, average, tsdf[at])
            weight[at] = total

    def visible(self, centers: Any) -> Any:
        """Which blocks with `centers` `[B, 3]` in the camera frame reach into the view and are not hidden: `[B]` bool."""
        import torch

        camera, z = self.camera, centers[:, 2]
        result = z > -self.radius
        for axis, focal, center, size in ((0, camera.fx, camera.cx, camera.width), (1, camera.fy, camera.cy, camera.height)):
            low, high = (-0.5 - center) / focal, (size - 0.5 - center) / focal
            result &= centers[:, axis] >= low * z - self.radius * (1 + low * low) ** 0.5
            result &= centers[:, axis] <= high * z + self.radius * (1 + high * high) ** 0.5
        small = (z > 2 * self.radius) & (self.radius * max(camera.fx, camera.fy) / z < _TILE)
        safe = torch.where(z > 0, z, 1.0)
        column = ((centers[:, 0] / safe * camera.fx + camera.cx) / _TILE).long().clamp(0, self.farthest.shape[1] - 1)
        row = ((centers[:, 1] / safe * camera.fy + camera.cy) / _TILE).long().clamp(0, self.farthest.shape[0] - 1)
        reached = z - self.radius <= self.farthest[row, column] + 4 * self.band
        return result & (reached | ~small)

    def observe(self, base: Any) -> tuple[Any, Any]:
        """Distance in [-1, 1] and weight `[B, BLOCK ** 3]` for blocks whose first voxel is at `base` in the camera frame."""
        import torch

        camera = self.camera
        x, y, z = (base[:, None, axis] + self.local[None, :, axis] for axis in range(3))
        safe = torch.where(z > 0, z, 1.0)
        column = torch.round(x / safe * camera.fx + camera.cx)
        row = torch.round(y / safe * camera.fy + camera.cy)
        inside = (z > 0) & (column >= 0) & (column < camera.width) & (row >= 0) & (row < camera.height)
        pixel = torch.where(inside, row * camera.width + column, 0.0).long()
        depth = self.depth[pixel]
        distance = (depth - z) * self.cosine[pixel] / self.band
        fading = torch.clamp((distance + self.behind) / (0.5 * self.behind), 0, 1)
        weight = self.weight[pixel] * torch.where(distance > 1, self.carving, 1.0) * fading
        weight = torch.where(inside & (depth > 0), weight, 0.0)
        return distance.clamp(-1, 1), weight


def _farthest(depth: Any) -> Any:
    """Largest depth in and around each tile of `_TILE` pixels; 0 where none is known."""
    import torch

    coarse = torch.nn.functional.max_pool2d(depth[None, None], _TILE, ceil_mode=True)
    return torch.nn.functional.max_pool2d(coarse, 3, stride=1, padding=1)[0, 0]
