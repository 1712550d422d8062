"""Propagation of surfaces between neighbours: a pixel takes a neighbour's plane when it agrees better with the pictures."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import pad

from recon.mvs.matcher import Matcher


def propagate(matcher: Matcher, field: Tensor, reach: tuple[int, ...] = (2, 6), gain: float = 0.05) -> Tensor:
    """Replaces pixels by the surface of a neighbour where that agrees better with the pictures.

    Args:
        matcher: Gives the costs.
        field: Inverse depth `[H, W]`.
        reach: Distances of the neighbours in pixels; each is tried in four directions.
        gain: Cost that must be saved.
    """
    candidates = [field]
    for r in reach:
        for dy, dx in ((0, r), (0, -r), (r, 0), (-r, 0)):
            candidates.append(shifted(field, dy, dx))
    costs = matcher.volume(candidates)
    costs[1:] += gain
    best = costs.argmin(0)
    return torch.stack(candidates).gather(0, best[None])[0]


def shifted(field: Tensor, dy: int, dx: int) -> Tensor:
    """The field moved by (dy, dx) and continued along its slope."""
    height, width = field.shape
    r = max(abs(dy), abs(dx))
    p = pad(field[None, None], (2 * r, 2 * r, 2 * r, 2 * r), mode="replicate")[0, 0]
    near = p[2 * r - dy : 2 * r - dy + height, 2 * r - dx : 2 * r - dx + width]
    far = p[2 * r - 2 * dy : 2 * r - 2 * dy + height, 2 * r - 2 * dx : 2 * r - 2 * dx + width]
    return 2 * near - far
