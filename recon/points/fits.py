"""Planes and quadrics through neighbourhoods of several sizes: what the network is given of each point besides its place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from recon.points.neighbors import gather, knn


class Fits(NamedTuple):
    """Surfaces through the neighbours of each point, at S sizes of the neighbourhood; quadrics at the largest Q of them.

    Args:
        offsets: `[B, N, S, 3]`, from the point to the neighbours' mean.
        normals: `[B, N, S, 3]`, direction of the smallest variance; unit vectors of any sign.
        variances: `[B, N, S, 3]`, ascending.
        radii: `[B, N, S]`, distance of the farthest neighbour.
        to_plane: `[B, N, S, 3]`, from the point straight onto the plane.
        to_quadric: `[B, N, Q, 3]`, from the point along the normal onto the quadric.
    """

    offsets: Tensor
    normals: Tensor
    variances: Tensor
    radii: Tensor
    to_plane: Tensor
    to_quadric: Tensor


def fit(points: Tensor, sizes: Sequence[int], quadrics: int) -> Fits:
    """Principal components of the nearest neighbours (Hoppe et al. 1992, section 3.2), the point itself being one of them, and height
    fields of degree 2 over their planes (Alexa et al. 2003); no gradient.

    Args:
        points: `[B, N, 3]`.
        sizes: Ascending; those above N are taken as N.
        quadrics: At how many of the largest sizes.
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
        mean = torch.stack(means, 2)
        variances, axes = torch.linalg.eigh(torch.stack(covariances, 2))
        normals = axes[..., 0]
        radii = torch.stack([found.distances[:, :, size - 1] for size in sizes], 2)
        curved = [_onto_quadric(offsets[:, :, :size], axes[:, :, i], radii[:, :, i]) for i, size in list(enumerate(sizes))[-quadrics:]]
        to_plane = (mean * normals).sum(-1, keepdim=True) * normals
        return Fits(mean, normals, variances.clamp(min=0), radii, to_plane, torch.stack(curved, 2))


def _onto_quadric(offsets: Tensor, axes: Tensor, radius: Tensor) -> Tensor:
    """From points `[B, N, 3]` onto the height fields over their neighbours `[B, N, K, 3]`, along the first of `axes` `[B, N, 3, 3]`."""
    height, u, v = (offsets @ (axes / radius.clamp(min=1e-12)[..., None, None])).unbind(-1)
    terms = torch.stack([torch.ones_like(u), u, v, u * u, u * v, v * v], -1)
    matrix = terms.transpose(-1, -2) @ terms / terms.shape[-2]
    ridge = torch.tensor([1e-6, 1e-4, 1e-4, 1e-3, 1e-3, 1e-3], device=offsets.device)
    right = terms.transpose(-1, -2) @ height[..., None] / terms.shape[-2]
    level: Tensor = torch.linalg.solve(matrix + torch.diag(ridge), right)[..., 0, :]  # of the height field at the point, where u = v = 0
    return level * radius[..., None] * axes[..., 0]
