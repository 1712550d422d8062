"""Layers that go over every point of a cloud alike, so that no order of the points matters."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

OCTAVES = 3
WAVES = 3 + 6 * OCTAVES
"""Channels of `waves`."""


def waves(points: Tensor) -> Tensor:
    """Points `[..., 3]` with their sines and cosines (Mildenhall et al. 2020, equation 4), `[..., WAVES]`: fine detail is seen."""
    angles = torch.cat([points * (torch.pi * 2**octave) for octave in range(OCTAVES)], -1)
    return torch.cat([points, angles.sin(), angles.cos()], -1)


def pooled(points: Tensor) -> Tensor:
    """Maximum and mean over the points: what the whole cloud is, `[B, N, C]` to `[B, 2 C]`."""
    return torch.cat([points.amax(1), points.mean(1)], 1)


class Modulated(nn.Module):
    """Two layers at every point, added to what comes in; what the cloud is told scales and shifts in between (Perez et al. 2018, "FiLM").

    Args:
        width: Channels at every point.
        told: Channels of what the cloud is told.
    """

    def __init__(self, width: int, told: int) -> None:
        super().__init__()
        self.enter, self.leave = nn.Linear(width, width), nn.Linear(width, width)
        self.told = nn.Linear(told, 2 * width)

    def forward(self, h: Tensor, told: Tensor) -> Tensor:
        """`[B, N, width]` and `[B, told]` to `[B, N, width]`."""
        scale, shift = self.told(told)[:, None].chunk(2, 2)
        out: Tensor = h + self.leave(leaky_relu(self.enter(h) * (1 + scale) + shift, 0.2))
        return out
