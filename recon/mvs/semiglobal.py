"""Semi-global regularisation of a cost volume (Hirschmueller 2008), with step penalties lowered across picture edges."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


def semi_global(cost: Tensor, edge: Tensor, small: float, large: float, check: Callable[[], None] = lambda: None) -> Tensor:
    """Mean of the costs aggregated along four directions.

    Args:
        cost: `[N, H, W]`, N ordered hypotheses.
        edge: `[H, W]` in [0, 1]; the penalty of large steps is divided by `1 + 3 edge`.
        small: Penalty of a step by one hypothesis.
        large: Penalty of a larger step.
        check: Called now and then, may raise to stop.

    Returns:
        `[N, H, W]`.
    """
    vertical = _both_ways(cost.permute(1, 0, 2), edge, small, large, check).permute(1, 0, 2)
    horizontal = _both_ways(cost.permute(2, 0, 1), edge.t(), small, large, check).permute(1, 2, 0)
    return (vertical + horizontal) * 0.25


def _both_ways(cost: Tensor, edge: Tensor, small: float, large: float, check: Callable[[], None]) -> Tensor:
    """Sum of the aggregations along the first axis of `cost [L, N, M]`, forward and backward."""
    length = len(cost)
    jump = (large / (1.0 + 3.0 * edge)).clamp_min(small)
    paths = torch.stack([cost, cost.flip(0)], dim=1)
    jumps = torch.stack([jump, jump.flip(0)], dim=1)[:, :, None]
    previous = paths[0]
    for i in range(1, length):
        if i % 64 == 0:
            check()
        lowest = previous.amin(1, keepdim=True)
        best = torch.minimum(previous, lowest + jumps[i])
        best[:, 1:] = torch.minimum(best[:, 1:], previous[:, :-1] + small)
        best[:, :-1] = torch.minimum(best[:, :-1], previous[:, 1:] + small)
        paths[i] += best.sub_(lowest)
        previous = paths[i]
    return paths[:, 0] + paths[:, 1].flip(0)
