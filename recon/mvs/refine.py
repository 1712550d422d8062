"""Choosing among hypotheses, and small filters."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import pad


def winner(costs: Tensor, first: Tensor, step: Tensor) -> Tensor:
    """Inverse depth of the cheapest of N evenly spaced hypotheses, refined by a parabola through its neighbours.

    Args:
        costs: `[N, H, W]`.
        first: Inverse depth of hypothesis 0, `[H, W]`.
        step: Inverse depth between hypotheses, `[H, W]`.

    Returns:
        `[H, W]`.
    """
    count = len(costs)
    index = costs.argmin(0)
    at = [costs.gather(0, (index + k).clamp(0, count - 1)[None])[0] for k in (-1, 0, 1)]
    curvature = (at[0] + at[2] - 2 * at[1]).clamp_min(1e-6)
    offset = (0.5 * (at[0] - at[2]) / curvature).clamp(-0.5, 0.5)
    offset[(index == 0) | (index == count - 1)] = 0.0
    return first + (index + offset) * step


def median3(values: Tensor) -> Tensor:
    """Median over 3 x 3 pixels, `[H, W]`."""
    height, width = values.shape
    padded = pad(values[None, None], (1, 1, 1, 1), mode="replicate")[0, 0]
    v = [padded[y : y + height, x : x + width] for y in range(3) for x in range(3)]
    for a, b in _MEDIAN9:
        v[a], v[b] = torch.minimum(v[a], v[b]), torch.maximum(v[a], v[b])
    return v[4]


# Smallest exchange network that brings the median of nine to the middle (Devillard 1998).
_MEDIAN9 = (
    (1, 2),
    (4, 5),
    (7, 8),
    (0, 1),
    (3, 4),
    (6, 7),
    (1, 2),
    (4, 5),
    (7, 8),
    (0, 3),
    (5, 8),
    (4, 7),
    (3, 6),
    (1, 4),
    (2, 5),
    (4, 7),
    (4, 2),
    (6, 4),
    (4, 2),
)


def edge_strength(features_chw: Tensor) -> Tensor:
    """Gradient of the first feature over its typical value, squashed into [0, 1), `[H, W]`."""
    grey = features_chw[0]
    dx, dy = torch.zeros_like(grey), torch.zeros_like(grey)
    dx[:, 1:] = (grey[:, 1:] - grey[:, :-1]).abs()
    dy[1:] = (grey[1:] - grey[:-1]).abs()
    gradient = torch.maximum(dx, dy)
    return gradient / (gradient + 0.05)
