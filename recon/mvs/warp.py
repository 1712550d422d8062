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

_SMALLEST = 1e-6


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


@dataclass(frozen=True)
class RowRays:
    """Source points at infinity of a band of reference rows; what all hypotheses of a band share.

    Args:
        at_infinity: `[S, 3, H, W]` homogeneous.
        shifts: `[S, 3, 1, 1]` motion with inverse depth.
        limits: `[S, 2, 1, 1]` last column and row of each source.
    """

    at_infinity: Tensor
    shifts: Tensor
    limits: Tensor

    def band(self, rows: slice) -> RowRays:
        """Some of the rows."""
        return RowRays(self.at_infinity[:, :, rows], self.shifts, self.limits)

    def stacked(self) -> RowRays:
        """The same with an axis before the rows, for `project` of several hypotheses `[S, N, H, W]` at once."""
        return RowRays(self.at_infinity[:, :, None], self.shifts[..., None], self.limits[..., None])


def row_rays(rays: SourceRays, rows: int, width: int, top: int = 0, left: int = 0) -> RowRays:
    """Rays of the rows `top .. top + rows` and columns `left .. left + width` of the reference."""
    device = rays.rays.device
    x = torch.arange(left, left + width, dtype=torch.float32, device=device)
    y = torch.arange(top, top + rows, dtype=torch.float32, device=device)[:, None]
    m = rays.rays[..., None, None]
    return RowRays(m[:, :, 0] * x + (m[:, :, 1] * y + m[:, :, 2]), rays.shifts[..., None, None], rays.limits[..., None, None])


def project(rows: RowRays, inverse_depth: Tensor) -> tuple[Tensor, Tensor]:
    """Where the pixels of a band of rows fall in each source.

    Args:
        rows: The band's rays into S sources.
        inverse_depth: `[H, W]`, or `[S, H, W]` when it differs between the sources (a batch of references).

    Returns:
        Grid `[S, H, W, 2]` and validity `[S, H, W]` (in front of the source and inside its picture).
    """
    w = torch.addcmul(rows.at_infinity[:, 2], rows.shifts[:, 2], inverse_depth)
    scale = w.clamp_min(_SMALLEST).reciprocal_()
    u = torch.addcmul(rows.at_infinity[:, 0], rows.shifts[:, 0], inverse_depth).mul_(scale)
    v = torch.addcmul(rows.at_infinity[:, 1], rows.shifts[:, 1], inverse_depth).mul_(scale)
    inside = (u.abs() <= 1) & (v.abs() <= 1) & (u <= rows.limits[:, 0]) & (v <= rows.limits[:, 1]) & (w > _SMALLEST)
    return torch.stack([u.clamp_(-2, 2), v.clamp_(-2, 2)], dim=-1), inside


def warp(features_schw: Tensor, grid: Tensor) -> Tensor:
    """Bilinear samples `[S, C, H, W]` of source features at `grid`, border pixels continued outside."""
    return grid_sample(features_schw, grid, mode="bilinear", padding_mode="border", align_corners=True)


def inverse_depth_in_sources(rows: RowRays, inverse_depth: Tensor) -> Tensor:
    """Inverse depth `[S, H, W]` that the points have in each source."""
    w = torch.addcmul(rows.at_infinity[:, 2], rows.shifts[:, 2], inverse_depth)
    return inverse_depth / w.clamp_min(_SMALLEST)


def inverse_depth_from_sources(rows: RowRays, seen: Tensor) -> Tensor:
    """Inverse depth in the reference `[S, H, W]` of points that have the inverse depth `seen` `[S, H, W]` in each source."""
    return seen * rows.at_infinity[:, 2] / (1 - rows.shifts[:, 2] * seen).clamp_min(_SMALLEST)


def speeds(rays: SourceRays, inverse_depth: Tensor, top: int = 0, left: int = 0) -> Tensor:
    """Speed of each projection, pixels per unit of inverse depth, `[S, H, W]`, for `inverse_depth` `[H, W]` or `[S, H, W]`."""
    height, width = inverse_depth.shape[-2:]
    rows = row_rays(rays, height, width, top, left)
    half = rays.half_size
    u, v, w = (torch.addcmul(rows.at_infinity[:, i], rows.shifts[:, i], inverse_depth) for i in range(3))
    scale = w.clamp_min(_SMALLEST).reciprocal_()
    du = (rows.shifts[:, 0] - rows.shifts[:, 2] * u * scale) * scale * half[0]
    dv = (rows.shifts[:, 1] - rows.shifts[:, 2] * v * scale) * scale * half[1]
    return torch.hypot(du, dv)


def pixels_per_inverse_depth(rays: SourceRays, inverse_depth: Tensor) -> Tensor:
    """Mean speed over the sources, `[H, W]`."""
    return speeds(rays, inverse_depth).mean(0)
