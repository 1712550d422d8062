"""PointNet++ layers (Qi et al. 2017) on torch-geometric's `PointNetConv`: set abstraction and feature propagation.

Features are `[B, N, C]`, points `[B, N, 3]`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch_geometric.nn import PointNetConv
from torch_geometric.nn.aggr import Aggregation

from recon.points.neighbors import ball_query, farthest_points, gather, interpolation


def mlp(*widths: int) -> nn.Sequential:
    """Linear layers, each with a ReLU behind it."""
    layers: list[nn.Module] = []
    for before, after in pairwise(widths):
        layers += [nn.Linear(before, after), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers)


class GroupMax(Aggregation):
    """Maximum over neighbourhoods that all have one size and come one after the other: no scatter is needed."""

    def forward(
        self, x: Tensor, index: Tensor | None = None, ptr: Tensor | None = None, dim_size: int | None = None, dim: int = -2
    ) -> Tensor:
        """`[M K, C]` -> `[M, C]`."""
        assert dim_size is not None
        return x.view(dim_size, -1, x.shape[-1]).max(1).values


@dataclass(frozen=True)
class Scale:
    """One neighbourhood of a set abstraction.

    Args:
        neighbors: How many.
        widths: Of the network that every neighbour goes through.
        radius: Of the ball; infinite = plain nearest neighbours.
        unit: Offsets are divided by it, to be about 1.
    """

    neighbors: int
    widths: tuple[int, ...]
    radius: float = float("inf")
    unit: float = 1.0


class SetAbstraction(nn.Module):
    """Fewer points that know more: each describes its neighbourhood by the maximum over a small network (a PointNet).

    Args:
        width: Channels that come in; 0 = positions alone.
        ratio: Part of the points that stay, by farthest-point sampling; 1 = all.
        scales: One for single-scale grouping, several for multi-scale grouping (their features are put side by side).
    """

    def __init__(self, width: int, ratio: float, scales: Sequence[Scale]) -> None:
        super().__init__()
        self.ratio, self.scales = ratio, tuple(scales)
        self.width = sum(scale.widths[-1] for scale in scales)
        """Channels that come out."""
        self.convs = nn.ModuleList(PointNetConv(mlp(width + 3, *scale.widths), add_self_loops=False, aggr=GroupMax()) for scale in scales)

    def forward(self, features: Tensor | None, points: Tensor) -> tuple[Tensor, Tensor]:
        """Abstracts.

        | | shape |
        | --- | --- |
        | features | `[B, N, width]`, None with width 0 |
        | points | `[B, N, 3]` |
        | returns | features `[B, M, self.width]`, points `[B, M, 3]`, with M = ratio x N, at least 1 |
        """
        b, n, _ = points.shape
        m = max(1, round(n * self.ratio))
        centers = points if m == n else gather(points, farthest_points(points, m))
        x = None if features is None else features.flatten(0, 1)
        first = torch.arange(b, device=points.device).view(b, 1, 1) * n
        outputs = []
        for scale, conv in zip(self.scales, self.convs, strict=True):
            index = ball_query(points, centers, scale.radius, scale.neighbors)
            target = torch.arange(b * m, device=points.device).repeat_interleave(scale.neighbors)
            edges = torch.stack([(index + first).flatten(), target])
            positions = (points.flatten(0, 1) / scale.unit, centers.flatten(0, 1) / scale.unit)
            outputs.append(conv((x, None), positions, edges).view(b, m, -1))
        return torch.cat(outputs, -1), centers


class FeaturePropagation(nn.Module):
    """Brings features back to more points: inverse-distance interpolation, then a small network at every point.

    What is interpolated also depends on where the known point lies, seen from the query, so that positions are not lost.

    Args:
        coarse: Channels at the few points.
        fine: Channels already known at the many points; 0 = none.
        widths: Of the network at every point.
        unit: Offsets are divided by it, to be about 1.
    """

    def __init__(self, coarse: int, fine: int, widths: Sequence[int], unit: float = 1.0) -> None:
        super().__init__()
        self.unit = unit
        self.known, self.offset = nn.Linear(coarse, widths[0]), nn.Linear(3, widths[0], bias=False)
        self.mlp = mlp(widths[0] + fine, *widths[1:])

    def forward(self, coarse: Tensor, known: Tensor, fine: Tensor | None, points: Tensor) -> Tensor:
        """Propagates.

        | | shape |
        | --- | --- |
        | coarse, known | features `[B, M, coarse]` at points `[B, M, 3]` |
        | fine, points | features `[B, N, fine]` (None with fine 0) at points `[B, N, 3]` |
        | returns | `[B, N, widths[-1]]` |
        """
        index, weight = interpolation(known, points)
        offset = (gather(known, index) - points[:, :, None]) / self.unit
        values = torch.relu(gather(self.known(coarse), index) + self.offset(offset))
        mixed = (values * weight[..., None]).sum(2)
        return self.mlp(mixed if fine is None else torch.cat([mixed, fine], -1))  # type: ignore[no-any-return]
