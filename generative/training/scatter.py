"""Clouds as pictures, to look at a training."""

from __future__ import annotations

import math

import torch
from torch import Tensor

TURN, TILT = math.radians(35), math.radians(25)
"""The view: about the vertical (z), then down."""


def drawn(clouds: Tensor, side: int = 96) -> Tensor:
    """Clouds `[B, N, 3]` in the unit sphere, seen from above at a slant: `[B, 3, side, side]` in [-1, 1], near points dark."""
    x, y, z = clouds.cpu().unbind(2)
    right, away = x * math.cos(TURN) - y * math.sin(TURN), x * math.sin(TURN) + y * math.cos(TURN)
    up, depth = z * math.cos(TILT) + away * math.sin(TILT), away * math.cos(TILT) - z * math.sin(TILT)
    columns, rows = (((v + 1.1) * (side / 2.2)).long().clamp(1, side - 2) for v in (right, -up))
    pictures = torch.ones(len(clouds), side * side)
    shades = depth.clamp(-1, 1) * 0.7 - 0.3
    for down, across in ((0, 0), (0, 1), (1, 0), (1, 1)):
        pictures.scatter_reduce_(1, (rows + down) * side + columns + across, shades, "amin")
    return pictures.view(-1, 1, side, side).expand(-1, 3, -1, -1)
