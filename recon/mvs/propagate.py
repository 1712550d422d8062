"""Propagation of surfaces between neighbours: a pixel takes a neighbour's plane when it agrees better with the pictures.

PatchMatch stereo (Bleyer et al. 2011) does this pixel by pixel; here the whole field moves at once, so one evaluation
of the cost serves all pixels and windows keep following the surface.
"""

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
    moves = [(dy * r, dx * r) for r in reach for dy, dx in ((0, 1), (0, -1), (1, 0), (-1, 0))]
    candidates = [field, *(shifted(field, dy, dx) for dy, dx in moves)]
    if matcher.guide is not None:
        candidates += matcher.guide.opinions(matcher.rays, field)
    costs = matcher.volume(candidates)
    costs[1:] += gain
    return torch.stack(candidates).gather(0, costs.argmin(0)[None])[0]


def shifted(field: Tensor, dy: int, dx: int) -> Tensor:
    """The field moved by (dy, dx) and continued along its slope: `2 f(p - d) - f(p - 2 d)`, border continued."""
    height, width = field.shape
    r = 2 * max(abs(dy), abs(dx))
    padded = pad(field[None, None], (r, r, r, r), mode="replicate")[0, 0]

    def moved(times: int) -> Tensor:
        y, x = r - times * dy, r - times * dx
        return padded[y : y + height, x : x + width]

    return 2 * moved(1) - moved(2)
