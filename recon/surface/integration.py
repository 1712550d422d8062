"""Averages of the views' distances at the corners of voxels, block by block, in torch.

The average at a place depends on the place and its band alone, to the last bit: blocks that touch agree on their common corners.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.surface.config import MeshConfig
from recon.surface.voxels import Frame

_TILE = 16


def average(
    sights: Sequence[Sight], ticks: Any, band: Any, check_cancelled: Callable[[], None] = lambda: None
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Weighted means over the views.

    Args:
        sights: The views.
        ticks: Coordinates of `n` planes of places along each axis in each block, torch `[B, 3, n]`, scene units from the origin.
        band: Half width of the band, torch `[B, 1]` or, for each place, `[B, n ** 3]`, scene units.
        check_cancelled: Called for every view; may raise to stop.

    Returns:
        Distances in [-band, band] and the sums of their weights, both float32 `[B, n, n, n]`.
    """
    import torch

    n = ticks.shape[-1]
    total, weights = (torch.zeros(len(ticks), n**3) for _ in range(2))
    for sight in sights:
        check_cancelled()
        near = sight.reaches(ticks, band.amax(dim=1))
        if near.any():
            distance, weight = sight.observe(ticks[near], band[near])
            total[near] += distance * weight
            weights[near] += weight
    mean = total / torch.where(weights > 0, weights, 1.0)
    return mean.view(-1, n, n, n).numpy(), weights.view(-1, n, n, n).numpy()


class Sight:
    """One view.

    Args:
        frame: Its depths.
        origin: `[3]` where places are counted from, world frame.
        config: Truncation and carving.
    """

    def __init__(self, frame: Frame, origin: NDArray[np.float64], config: MeshConfig) -> None:
        import torch

        pose = frame.cam_from_world
        self.camera = frame.camera
        self.rotation = torch.from_numpy(pose.rotation.astype(np.float32).copy())
        self.translation = torch.from_numpy(pose.apply(origin[None])[0].astype(np.float32))
        self.carving, self.behind = config.carving, config.behind
        self.reach = config.behind / max(config.min_cosine, 0.05)
        self.depth, self.weight, self.cosine = (
            torch.from_numpy(np.ascontiguousarray(m).reshape(-1)) for m in (frame.pixels.depth, frame.pixels.weight, frame.pixels.cosine)
        )
        self.farthest = _farthest(self.depth.view(frame.camera.height, frame.camera.width))

    def reaches(self, ticks: Any, band: Any) -> Any:
        """Which blocks may hold a place that the view tells something about: `[B]` bool.

        Args:
            ticks: `[B, 3, n]` as for `average`.
            band: `[B]`.
        """
        import torch

        camera = self.camera
        low, high = ticks[:, :, 0], ticks[:, :, -1]
        radius = 0.51 * torch.linalg.vector_norm(high - low, dim=1)
        centers = (0.5 * (low + high)) @ self.rotation.T + self.translation
        z = centers[:, 2]
        result = z > -radius
        for axis, focal, center, size in ((0, camera.fx, camera.cx, camera.width), (1, camera.fy, camera.cy, camera.height)):
            left, right = (-0.5 - center) / focal, (size - 0.5 - center) / focal
            result &= centers[:, axis] >= left * z - radius * (1 + left * left) ** 0.5
            result &= centers[:, axis] <= right * z + radius * (1 + right * right) ** 0.5
        small = (z > 2 * radius) & (radius * max(camera.fx, camera.fy) / z < _TILE)
        safe = torch.where(z > 0, z, 1.0)
        column = ((centers[:, 0] / safe * camera.fx + camera.cx) / _TILE).long().clamp(0, self.farthest.shape[1] - 1)
        row = ((centers[:, 1] / safe * camera.fy + camera.cy) / _TILE).long().clamp(0, self.farthest.shape[0] - 1)
        return result & ((z - radius <= self.farthest[row, column] + self.reach * band) | ~small)

    def observe(self, ticks: Any, band: Any) -> tuple[Any, Any]:
        """Distances, cut at the band, and weights `[B, n ** 3]`; arguments as for `average`."""
        import torch

        camera, count = self.camera, len(ticks)
        x, y, z = (self._coordinate(ticks, axis).reshape(count, -1) for axis in range(3))
        safe = torch.where(z > 0, z, 1.0)
        column = torch.round(x / safe * camera.fx + camera.cx)
        row = torch.round(y / safe * camera.fy + camera.cy)
        inside = (z > 0) & (column >= 0) & (column < camera.width) & (row >= 0) & (row < camera.height)
        pixel = torch.where(inside, row * camera.width + column, 0.0).long()
        depth = self.depth[pixel]
        distance = (depth - z) * self.cosine[pixel] / band
        fading = torch.clamp((distance + self.behind) / (0.5 * self.behind), 0, 1)
        weight = self.weight[pixel] * torch.where(distance > 1, self.carving, 1.0) * fading
        return distance.clamp(-1, 1) * band, torch.where(inside & (depth > 0), weight, 0.0)

    def _coordinate(self, ticks: Any, axis: int) -> Any:
        """One coordinate of the places in the camera frame `[B, n, n, n]`: equal places get equal numbers."""
        across, down, along = (ticks[:, k] * self.rotation[axis, k] for k in range(3))
        return (across + self.translation[axis])[:, :, None, None] + down[:, None, :, None] + along[:, None, None, :]


def _farthest(depth: Any) -> Any:
    """Largest depth in and around each tile of `_TILE` pixels; 0 where none is known."""
    import torch

    coarse = torch.nn.functional.max_pool2d(depth[None, None], _TILE, ceil_mode=True)
    return torch.nn.functional.max_pool2d(coarse, 3, stride=1, padding=1)[0, 0]
