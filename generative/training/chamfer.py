"""Chamfer distances between clouds: mean squared nearest distances (Fan et al. 2017, equation 2, means in place of sums)."""

from __future__ import annotations

import torch
from torch import Tensor


def one_sided(points: Tensor, others: Tensor) -> Tensor:
    """Mean squared distance of points `[B, N, 3]` to the nearest of others `[B, M, 3]`: `[B]`, with a gradient for both."""
    with torch.no_grad():
        nearest = torch.cdist(points, others).argmin(2, keepdim=True)
    return (points - others.gather(1, nearest.expand(-1, -1, 3))).square().sum(2).mean(1)


def chamfer(points: Tensor, others: Tensor) -> Tensor:
    """Both ways, summed: `[B, N, 3]` and `[B, M, 3]` to `[B]`, with a gradient for both."""
    return one_sided(points, others) + one_sided(others, points)


@torch.no_grad()
def all_chamfer(clouds: Tensor, others: Tensor) -> Tensor:
    """Between all clouds `[N, P, 3]` and all others `[M, Q, 3]`: `[N, M]`."""
    return torch.stack([_to_all(cloud, others) for cloud in clouds])


def _to_all(cloud: Tensor, others: Tensor) -> Tensor:
    squared = torch.cdist(cloud.expand(len(others), -1, -1), others).square()
    return squared.amin(2).mean(1) + squared.amin(1).mean(1)
