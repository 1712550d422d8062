"""All textures of a scene with their mip levels in one table, sampled for any number of rays in one call."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

Array = NDArray[np.float32]


def to_linear(srgb: NDArray[np.floating]) -> Array:
    """sRGB in [0, 1] to linear light (IEC 61966-2-1)."""
    srgb = np.clip(srgb, 0.0, 1.0)
    return np.asarray(np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4), np.float32)


def to_srgb(linear: torch.Tensor) -> torch.Tensor:
    """Linear light to sRGB in [0, 1] (IEC 61966-2-1); clips."""
    linear = linear.clamp(0.0, 1.0)
    return torch.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear.clamp_min(1e-8) ** (1 / 2.4) - 0.055)


class TextureBank:
    """Mip-mapped, repeating texture look-up.

    Args:
        textures: `[H, W, 3]` sRGB float in [0, 1] each.
    """

    def __init__(self, textures: Sequence[Array]) -> None:
        rows: list[Array] = []
        offset: list[int] = []
        width: list[int] = []
        height: list[int] = []
        first: list[int] = []
        last: list[int] = []
        total = 0
        for texture in textures:
            first.append(len(offset))
            for level in _pyramid(to_linear(texture)):
                offset.append(total)
                height.append(level.shape[0])
                width.append(level.shape[1])
                rows.append(level.reshape(-1, 3))
                total += len(rows[-1])
            last.append(len(offset) - 1)
        self._table = torch.from_numpy(np.concatenate(rows))
        self._offset = torch.tensor(offset, dtype=torch.int32)
        self._width = torch.tensor(width, dtype=torch.int32)
        self._height = torch.tensor(height, dtype=torch.int32)
        self._first = torch.tensor(first, dtype=torch.int32)
        self._last = torch.tensor(last, dtype=torch.int32)

    def sample(self, texture: torch.Tensor, uv: torch.Tensor, lod: torch.Tensor) -> torch.Tensor:
        """Linear colours, bilinear within the level next below `lod`.

        Levels are blended by adding a different offset to the `lod` of each ray of a pixel, which costs half of blending two levels for
        each ray.

        Args:
            texture: `[N]` integer index of the texture.
            uv: `[N, 2]` float32 in repeats.
            lod: `[N]` float32 level of detail, 0 = full resolution, +1 halves it.

        Returns:
            `[N, 3]` float32.
        """
        first, last = self._first[texture], self._last[texture]
        level = torch.minimum(first + lod.clamp(0.0, 30.0).to(torch.int32), last)
        index, weight = self._taps(level, uv)
        return torch.nn.functional.embedding_bag(index, self._table, per_sample_weights=weight, mode="sum")

    def _taps(self, level: torch.Tensor, uv: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Row numbers `[N, 4]` and weights `[N, 4]` of the four texels around each point of a level."""
        width, height, offset = self._width[level], self._height[level], self._offset[level]
        uv = uv - uv.floor()
        x = uv[:, 0] * width - 0.5
        y = uv[:, 1] * height - 0.5
        x0, y0 = x.floor(), y.floor()
        fx, fy = x - x0, y - y0
        left, top = x0.to(torch.int32), y0.to(torch.int32)
        left = torch.where(left < 0, left + width, left)
        top = torch.where(top < 0, top + height, top)
        right = torch.where(left + 1 >= width, left + 1 - width, left + 1)
        bottom = torch.where(top + 1 >= height, top + 1 - height, top + 1)
        upper, lower = offset + top * width, offset + bottom * width
        index = torch.stack([upper + left, upper + right, lower + left, lower + right], dim=1)
        weight = torch.stack([(1 - fx) * (1 - fy), fx * (1 - fy), (1 - fx) * fy, fx * fy], dim=1)
        return index, weight


def _pyramid(texture: Array) -> list[Array]:
    """The texture and its area-averaged halves down to one texel."""
    import cv2

    levels = [np.ascontiguousarray(texture, np.float32)]
    while max(levels[-1].shape[:2]) > 1:
        height, width = levels[-1].shape[:2]
        smaller = cv2.resize(levels[-1], (max(width // 2, 1), max(height // 2, 1)), interpolation=cv2.INTER_AREA)
        levels.append(np.asarray(smaller, np.float32).reshape(max(height // 2, 1), max(width // 2, 1), 3))
    return levels
