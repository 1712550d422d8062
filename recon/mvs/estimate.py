"""Depth of one view: coarse to fine, each level searching around the depth found by the one before.

The coarsest level sweeps planes over the whole range. Finer levels shift the whole *field* found so far by steps of
about a pixel, so matching windows follow the surface instead of a fronto-parallel plane.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from recon.mvs.config import DepthConfig
from recon.mvs.costs import make_cost
from recon.mvs.matcher import Matcher, Picture, make_matcher, plane_stack
from recon.mvs.normals import normals_from_depth
from recon.mvs.propagate import propagate
from recon.mvs.refine import edge_strength, median3, winner
from recon.mvs.semiglobal import semi_global
from recon.mvs.warp import pixels_per_inverse_depth
from recon.scene import DepthMap


COARSE = 2.0


def estimate_depth(
    reference: Picture,
    sources: Sequence[Picture],
    near: float,
    far: float,
    config: DepthConfig,
    *,
    device: str = "cpu",
    memory: int = 1 << 28,
    check: Callable[[], None] = lambda: None,
) -> DepthMap:
    """Depth, normal and photometric confidence of `reference`."""
    place = torch.device(device)
    side = min(reference.view.camera.width, reference.view.camera.height)
    levels = max(0, int(np.floor(np.log2(max(1.0, side / config.coarse_side)))))
    cost = make_cost(config.cost, config.window)
    field: Tensor | None = None
    for level in range(levels, -1, -1):
        matcher = make_matcher(
            reference, sources, 0.5**level, cost, config.best, device=place, memory=min(memory // 8, 1 << 25), check=check
        )
        field = _coarse(matcher, near, far, config) if field is None else _finer(matcher, field, near, far, config, last=level == 0)
    assert field is not None
    final = matcher.volume([field])[0]
    return _depth_map(reference, field, 1.0 - final)


def _coarse(matcher: Matcher, near: float, far: float, config: DepthConfig) -> Tensor:
    """Full sweep of the depth range, regularised."""
    like = torch.empty(matcher.reference.shape[1:], device=matcher.reference.device)
    middle = torch.full_like(like, 0.5 / near + 0.5 / far)
    span = float(pixels_per_inverse_depth(matcher.rays, middle).median()) * (1 / near - 1 / far)
    count = int(np.clip(np.ceil(span), 24, 256))
    planes = list(plane_stack(near, far, count, like))
    costs = semi_global(
        matcher.volume(planes), edge_strength(matcher.reference), COARSE * config.smoothness, 4 * COARSE * config.smoothness, matcher.check
    )
    step = torch.full_like(like, (1 / near - 1 / far) / (count - 1))
    field = winner(costs, planes[0], step)
    return field


def _finer(matcher: Matcher, coarser: Tensor, near: float, far: float, config: DepthConfig, last: bool) -> Tensor:
    """Search around the field of the level above."""
    size = matcher.reference.shape[1:]
    field = interpolate(coarser[None, None], size, mode="bilinear", align_corners=False)[0, 0]
    edge = edge_strength(matcher.reference)
    step_px = 1.0
    steps = config.steps
    for _ in range(config.rounds):
        step = step_px / pixels_per_inverse_depth(matcher.rays, field).clamp_min(1e-9)
        hypotheses = [(field + k * step).clamp(1e-9) for k in range(-steps, steps + 1)]
        costs = matcher.volume(hypotheses)
        costs = semi_global(costs, edge, config.smoothness, 4 * config.smoothness, matcher.check)
        field = median3(winner(costs, hypotheses[0], step))
        field = propagate(matcher, field).clamp(0.5 / far, 2.0 / near)
        step_px, steps = step_px * 0.5, max(2, steps // 2)
    return field


def _depth_map(reference: Picture, inverse_depth: Tensor, similarity: Tensor) -> DepthMap:
    depth = (1.0 / inverse_depth).cpu().numpy()
    confidence = similarity.clamp(0, 1).cpu().numpy()
    if reference.mask is not None:
        depth = np.where(reference.mask, depth, 0).astype(np.float32)
        confidence = np.where(depth > 0, confidence, 0).astype(np.float32)
    return DepthMap(depth, confidence, normals_from_depth(depth, reference.view.camera))
