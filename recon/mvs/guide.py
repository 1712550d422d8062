"""Agreement with the depth maps of the sources: where pictures say little, views that agree with each other do.

Geometric consistency in the manner of Schoenberger et al. 2016 (COLMAP) and Xu and Tao 2019 (ACMM). Instead of projecting
forward and back, the depth a source knows is compared with the depth the point would have there: to first order the same
error in pixels, from one more sample of the source.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn.functional import grid_sample, interpolate, pad

from recon.mvs.warp import RowRays, SourceRays, inverse_depth_from_sources, inverse_depth_in_sources, project, row_rays, speeds


@dataclass(frozen=True, eq=False)
class Guide:
    """What the sources' depth maps ask for.

    Args:
        inverse_depth: `[S, 1, Hc, Wc]` of the sources on their common canvas, 0 = unknown.
        weight: Similarity lost by a point that a source's depth contradicts.
        tolerance: Error at which all of it is lost, pixels.
        scale: `[S, H, W]` pixels of the reference per unit of inverse depth in each source; None before `around`.
    """

    inverse_depth: Tensor
    weight: float
    tolerance: float
    scale: Tensor | None = None

    def around(self, rays: SourceRays, field: Tensor) -> Guide:
        """The guide for hypotheses near a field of inverse depth `[H, W]`, where errors are measured in pixels."""
        rows = row_rays(rays, *field.shape)
        there = inverse_depth_in_sources(rows, field)
        w = field / there.clamp_min(1e-12)
        return replace(self, scale=speeds(rays, field) * w.square() / rows.at_infinity[:, 2].clamp_min(1e-6))

    def penalty(self, rows: RowRays, inverse_depth: Tensor, seen: Tensor, valid: Tensor, top: int) -> Tensor:
        """Similarity lost in a band of rows from `top`, `[S, H, W]`.

        Args:
            rows: The band's rays.
            inverse_depth: `[H, W]` of the hypothesis.
            seen: `[S, H, W]` samples of the sources' inverse depth where the hypothesis leads to.
            valid: `[S, H, W]` False outside the sources.
            top: First row of the band.
        """
        assert self.scale is not None
        error = (inverse_depth_in_sources(rows, inverse_depth) - seen).abs_().mul_(self.scale[:, top : top + len(inverse_depth)])
        error = torch.where(valid & (seen > 0), error, self.tolerance)
        return error.clamp_max_(self.tolerance).mul_(self.weight / self.tolerance)

    def opinions(self, rays: SourceRays, field: Tensor) -> list[Tensor]:
        """For every source the inverse depth `[H, W]` it sees where `field` `[H, W]` leads to; `field` where it sees none."""
        rows = row_rays(rays, *field.shape)
        grid, valid = project(rows, field)
        seen = grid_sample(self.inverse_depth, grid, mode="nearest", padding_mode="border", align_corners=True)[:, 0]
        found = inverse_depth_from_sources(rows, seen)
        return list(torch.where(valid & (seen > 0) & (found > 0), found, field))


def make_guide(
    fields: Sequence[Tensor | None], sizes: Sequence[tuple[int, int]], weight: float, tolerance: float, device: torch.device
) -> Guide:
    """A guide from the sources' fields of inverse depth.

    Args:
        fields: `[h, w]` each, of any size; None where a source has none.
        sizes: Height and width of the sources at the level to be guided.
        weight: See `Guide`.
        tolerance: See `Guide`.
        device: Where the guide is used; the fields are there already.
    """
    height, width = max(h for h, _ in sizes), max(w for _, w in sizes)
    maps = []
    for field, (h, w) in zip(fields, sizes, strict=True):
        known = torch.zeros(1, 1, h, w, device=device)
        if field is not None:
            known = interpolate(field[None, None], (h, w), mode="bilinear", align_corners=False)
        maps.append(pad(known[0], (0, width - w, 0, height - h)))
    return Guide(torch.stack(maps), weight, tolerance)
