"""Planes through neighbourhoods of several sizes: what the network is given of each point besides its place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from recon.points.neighbors import gather, knn


class Fits(NamedTuple):
    """Planes through the neighbours of each point, at S sizes of the neighbourhood.

    Args:
        offsets: `[B, N, S, 3]`, from the point to the neighbours' mean.
        normals: `[B, N, S, 3]`, direction of the smallest variance; unit vectors of any sign.
        variances: `[B, N, S, 3]`, ascending.
        radii: `[B, N, S]`, distance of the farthest neighbour.
    """

    offsets: Tensor
    normals: Tensor
    variances: Tensor
    radii: Tensor

    @property
    def to_plane(self) -> Tensor:
        """`[B, N, S, 3]`, from the point straight onto the plane."""
        return (self.offsets * self.normals).sum(-1, keepdim=True) * self.normals


def fit_planes(points: Tensor, sizes: Sequence[int]) -> Fits:
    """Principal components of the nearest neighbours (Hoppe et al. 1992, section 3.2), the point itself being one of them; no gradient.

    Args:
        points: `[B, N, 3]`.
        sizes: Ascending; those above N are taken as N.
    """
    sizes = [min(size, points.shape[1]) for size in sizes]
    with torch.no_grad():
        found = knn(points, points, sizes[-1])
        offsets = gather(points, found.indices) - points[:, :, None]
        total = squares = torch.zeros((), device=points.device)
        means, covariances, begin = [], [], 0
        for size in sizes:
            ring = offsets[:, :, begin:size]
            total, squares, begin = total + ring.sum(2), squares + ring.transpose(-1, -2) @ ring, size
            mean = total / size
            means.append(mean)
            covariances.append(squares / size - mean[..., :, None] * mean[..., None, :])
        variances, axes = torch.linalg.eigh(torch.stack(covariances, 2))
        radii = torch.stack([found.distances[:, :, size - 1] for size in sizes], 2)
        return Fits(torch.stack(means, 2), axes[..., 0], variances.clamp(min=0), radii)
