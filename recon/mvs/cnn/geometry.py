"""Rays of a reference into its sources at all levels of the cascade."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from recon.mvs.warp import SourceRays, source_rays
from recon.scene import View

LEVELS = 4
MULTIPLE = 8


def canvas_of(views: Sequence[View]) -> tuple[int, int]:
    """Width and height, multiples of 8, that hold the pictures of all views in their top-left corner."""
    width, height = (max(getattr(view.camera, name) for view in views) for name in ("width", "height"))
    return -(-width // MULTIPLE) * MULTIPLE, -(-height // MULTIPLE) * MULTIPLE


def cascade_rays(reference: View, sources: Sequence[View], canvas: tuple[int, int], device: torch.device) -> list[SourceRays]:
    """Rays at full, half, quarter and eighth size of a canvas that all pictures are put onto.

    Args:
        reference: The view.
        sources: Its S sources.
        canvas: From `canvas_of` of all of them.
        device: Where the rays are used.
    """
    width, height = canvas
    result = []
    for level in range(LEVELS):
        size = (width >> level, height >> level)
        views = [replace(v, camera=replace(v.camera, width=width, height=height).scaled(*size)) for v in (reference, *sources)]
        rays = source_rays(views[0], views[1:], size, device)
        ends = [
            ((v.camera.width / 2**level - 1) / rays.half_size[0] - 1, (v.camera.height / 2**level - 1) / rays.half_size[1] - 1)
            for v in sources
        ]
        result.append(replace(rays, limits=torch.tensor(ends, dtype=torch.float32, device=device)))
    return result


def batched(rays: Tensor, shifts: Tensor, limits: Tensor, size: tuple[int, int]) -> SourceRays:
    """Rays of a batch of references from stacked ones.

    Args:
        rays: `[B, S, 3, 3]`.
        shifts: `[B, S, 3]`.
        limits: `[B, S, 2]`.
        size: Width and height at this level.
    """
    half = ((size[0] - 1) / 2, (size[1] - 1) / 2)
    return SourceRays(rays.flatten(0, 1), shifts.flatten(0, 1), limits.flatten(0, 1), half)
