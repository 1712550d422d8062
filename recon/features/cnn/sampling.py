"""Reading maps at points between their pixels."""

from __future__ import annotations

import torch
from torch import Tensor


def sample(maps: Tensor, points: Tensor, step: int = 1) -> Tensor:
    """Bilinear samples `[B, N, C]` of maps `[B, C, H / step, W / step]`; outside, the border's values.

    Args:
        maps: Fastest in channels-last order.
        points: `[B, N, 2]` x, y in pixels of the full resolution; the centre of the top-left pixel is 0.
        step: Pixels a cell of the maps.
    """
    batch, channels, height, width = maps.shape
    rows = maps.permute(0, 2, 3, 1).reshape(batch * height * width, channels)
    place = (points.detach() + 0.5) / step - 0.5
    x, y = place[..., 0].clamp(0, width - 1), place[..., 1].clamp(0, height - 1)
    left, top = x.floor().clamp(max=max(width - 2, 0)), y.floor().clamp(max=max(height - 2, 0))
    u, v = x - left, y - top
    first = torch.arange(batch, device=maps.device)[:, None] * (height * width)
    index = first + top.long() * width + left.long()
    right, below = int(width > 1), width * int(height > 1)
    result = rows.new_zeros(*index.shape, channels)
    for offset, weight in ((0, (1 - u) * (1 - v)), (right, u * (1 - v)), (below, (1 - u) * v), (right + below, u * v)):
        result = result + rows[index + offset] * weight[..., None]
    return result


def sample_patches(maps: Tensor, points: Tensor, step: int) -> Tensor:
    """Samples of 3x3 cells around points, `[B, N, C * 9]`, ordered as the weights of a 3x3 convolution."""
    batch, count, _ = points.shape
    shifts = torch.tensor([(x * step, y * step) for y in (-1, 0, 1) for x in (-1, 0, 1)], dtype=points.dtype, device=points.device)
    around = (points[:, :, None] + shifts).reshape(batch, count * 9, 2)
    return sample(maps, around, step).reshape(batch, count, 9, maps.shape[1]).transpose(2, 3).flatten(2)
