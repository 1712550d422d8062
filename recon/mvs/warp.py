"""Warping source pictures into the reference view along per-pixel inverse depth.

A reference pixel p at inverse depth q is seen by source s at `K_s (R K_r^-1 p + t q)`: linear in p and q, so a plane, a
slanted surface and any per-pixel depth cost the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import grid_sample

from recon.scene import View


@dataclass(frozen=True)
class SourceRays:
    """Projection of reference pixels into S sources, in grid_sample's coordinates (-1 and 1 are centres of the border pixels).

    Args:
        rays: `[S, 3, 3]` float32; `rays @ (x, y, 1)` is the source point at infinity.
        shifts: `[S, 3]` float32; its motion with inverse depth.
        limits: `[S, 2]` float32; grid coordinates of each source's last column and row on the common canvas.
        half_size: Half width and height of the canvas in pixels; turns grid units into pixels.
    """

    rays: Tensor
    shifts: Tensor
    limits: Tensor
    half_size: tuple[float, float]


def source_rays(reference: View, sources: Sequence[View], canvas: tuple[int, int], device: torch.device) -> SourceRays:
    """Rays of all sources, each in the top-left corner of a canvas (width, height)."""
    rays, shifts, limits = [], [], []
    inverse = np.linalg.inv(reference.camera.matrix)
    half = ((canvas[0] - 1) / 2, (canvas[1] - 1) / 2)
    to_grid = np.array([[1 / half[0], 0, -1], [0, 1 / half[1], -1], [0, 0, 1]])
    for view in sources:
        source_from_reference = view.cam_from_world @ reference.cam_from_world.inverse()
        projection = to_grid @ view.camera.matrix
        rays.append(projection @ source_from_reference.rotation @ inverse)
        shifts.append(projection @ source_from_reference.translation)
        limits.append(((view.camera.width - 1) / half[0] - 1, (view.camera.height - 1) / half[1] - 1))
    m, b, end = (torch.as_tensor(np.array(a), dtype=torch.float32, device=device) for a in (rays, shifts, limits))
    return SourceRays(m, b, end, half)


def project(rays: SourceRays, inverse_depth: Tensor, top: int = 0) -> tuple[Tensor, Tensor]:
    """Where the pixels of a band of rows fall in each source.

    Args:
        rays: Projections into S sources.
        inverse_depth: `[H, W]`, rows `top .. top + H` of the reference.
        top: First row.

    Returns:
        Grid `[S, H, W, 2]` and validity `[S, H, W]` (in front of the source and inside its picture).
    """
    height, width = inverse_depth.shape
    x = torch.arange(width, dtype=torch.float32, device=inverse_depth.device)
    y = torch.arange(top, top + height, dtype=torch.float32, device=inverse_depth.device)[:, None]
    m, b = rays.rays[..., None, None], rays.shifts[..., None, None]
    uvw = [m[:, i, 0] * x + (m[:, i, 1] * y + m[:, i, 2]) + b[:, i] * inverse_depth for i in range(3)]
    in_front = uvw[2] > 1e-6
    scale = 1.0 / uvw[2].clamp_min(1e-6)
    u, v = uvw[0] * scale, uvw[1] * scale
    limit_u, limit_v = (rays.limits[:, i, None, None] for i in range(2))
    inside = in_front & (u >= -1) & (v >= -1) & (u <= limit_u) & (v <= limit_v)
    return torch.stack([u, v], dim=-1).clamp_(-2.0, 2.0), inside


def warp(features_schw: Tensor, grid: Tensor) -> Tensor:
    """Bilinear samples `[S, C, H, W]` of source features at `grid`, border pixels continued outside."""
    return grid_sample(features_schw, grid, mode="bilinear", padding_mode="border", align_corners=True)


def pixels_per_inverse_depth(rays: SourceRays, inverse_depth: Tensor) -> Tensor:
    """Speed of the projections, pixels per unit of inverse depth, mean over the sources, `[H, W]`."""
    height, width = inverse_depth.shape
    x = torch.arange(width, dtype=torch.float32, device=inverse_depth.device)
    y = torch.arange(height, dtype=torch.float32, device=inverse_depth.device)[:, None]
    total = torch.zeros_like(inverse_depth)
    half = rays.half_size
    for m, b in zip(rays.rays, rays.shifts, strict=True):
        u, v, w = (m[i, 0] * x + (m[i, 1] * y + m[i, 2]) + b[i] * inverse_depth for i in range(3))
        w = w.clamp_min(1e-6)
        du, dv = (b[0] - b[2] * u / w) / w * half[0], (b[1] - b[2] * v / w) / w * half[1]
        total += (du.square() + dv.square()).sqrt()
    return total / len(rays.rays)
