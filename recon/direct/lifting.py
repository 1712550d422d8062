"""From pictures into space: what the views show at points of the cube."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import grid_sample

from recon.direct.views import Views

_NEAR = 0.05
"""Homogeneous depth below which a point counts as behind the camera."""


def places(points: Tensor, projections: Tensor) -> Tensor:
    """Where points `[B, N, 3]` of the cube lie in pictures, `[B, N, 2]` (x, y), the picture being [-1, 1]; (2, 2) behind the camera.

    Args:
        points: In the cube's coordinates.
        projections: `[B, 3, 4]`.
    """
    homogeneous = points @ projections[:, :, :3].transpose(1, 2) + projections[:, None, :, 3]
    depth = homogeneous[..., 2:]
    return torch.where(depth > _NEAR, homogeneous[..., :2] / depth.clamp(min=_NEAR), 2.0)


def sampled(picture: Tensor, points: Tensor, projections: Tensor) -> Tensor:
    """Values `[B, C, N]` of pictures `[B, C, h, w]` at points, bilinear; 0 outside."""
    where = places(points, projections)[:, None]
    return grid_sample(picture, where, padding_mode="zeros", align_corners=False)[:, :, 0]


def lifted(pictures: Tensor, views: Views, points: Tensor) -> Tensor:
    """Mean and variance over the known views, `[B, 2 C, N]`, of feature pictures `[B, V, C, h, w]` at points `[B, N, 3]`."""
    weights = views.known / views.known.sum(1, keepdim=True).clamp(min=1)
    mean = square = torch.zeros((), device=points.device)
    for v in range(pictures.shape[1]):
        values, weight = sampled(pictures[:, v], points, views.projections[:, v]), weights[:, v, None, None]
        mean, square = mean + weight * values, square + weight * values.square()
    return torch.cat([mean, (square - mean.square()).clamp(min=0)], dim=1)


def hull(views: Views, points: Tensor) -> Tensor:
    """The visual hull (Laurentini 1994) at points `[B, N, 3]`: the least of what the masks of known views say there, `[B, N]` in [0, 1]."""
    least = torch.ones(points.shape[:2], device=points.device)
    for v in range(views.known.shape[1]):
        mask = sampled(views.pictures[:, v, 3:], points, views.projections[:, v])[:, 0]
        least = torch.minimum(least, torch.where(views.known[:, v, None] > 0, mask, 1.0))
    return least
