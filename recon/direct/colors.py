"""Colours of points from the photographs that see them."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from recon.direct.lifting import places, sampled
from recon.direct.views import Views
from recon.points.neighbors import knn

_CELLS = 20
"""Cells along each side of a crop in which the nearest points hide those behind."""
_THICK = 0.15
"""How far behind the nearest one a point is still seen, in the cube's coordinates."""


def point_colors(views: Views, points: Tensor) -> NDArray[np.float32] | None:
    """Colours `[N, 3]` of points `[N, 3]` of one object: the mean of the known views that see them; others have that of the nearest point
    that is seen. None when no point is seen.
    """
    total, seen = torch.zeros(len(points), 3), torch.zeros(len(points), 1)
    for v in torch.nonzero(views.known[0])[:, 0].tolist():
        values = sampled(views.pictures[:, v], points[None], views.projections[:, v])[0].T
        weight = (visible(points, views.projections[0, v]) & (values[:, 3] > 0.5))[:, None].float()
        total, seen = total + weight * values[:, :3] / values[:, 3:].clamp(min=0.5), seen + weight
    known = seen[:, 0] > 0
    if not known.any():
        return None
    colors = total / seen.clamp(min=1)
    nearest = knn(points[known][None], points[None], 1).indices[0, :, 0]
    return np.asarray(torch.where(known[:, None], colors, colors[known][nearest]).clamp(0, 1).numpy())


def visible(points: Tensor, projection: Tensor) -> Tensor:
    """Whether no other of the points `[N, 3]` lies clearly before each in a picture, `[N]`."""
    where = places(points[None], projection[None])[0]
    depth = points @ projection[2, :3] + projection[2, 3]
    cell = ((where.clamp(-1, 0.999) + 1) * (_CELLS / 2)).long()
    number = cell[:, 1] * _CELLS + cell[:, 0]
    nearest = torch.full((_CELLS**2,), torch.inf).scatter_reduce(0, number, depth, "amin")
    return (where.abs() < 1).all(1) & (depth <= nearest[number] + _THICK)
