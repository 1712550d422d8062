"""Depth of one view: coarse to fine, each level searching around the depth found by the one before.

The coarsest level sweeps planes over the whole range. Finer levels shift the whole *field* found so far by steps of
about a pixel, so matching windows follow the surface instead of a fronto-parallel plane. The finest level, with most of
the work, also listens to what the sources found at the levels above; earlier that would make views agree on what is
wrong, because errors of coarse levels are alike.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from recon.errors import ShapeError
from recon.mvs.config import DepthConfig
from recon.mvs.costs import make_cost
from recon.mvs.guide import Guide, make_guide
from recon.mvs.matcher import Matcher, Picture, make_matcher, plane_stack
from recon.mvs.normals import normals_from_depth
from recon.mvs.propagate import propagate
from recon.mvs.refine import edge_strength, median3, winner
from recon.mvs.semiglobal import semi_global
from recon.mvs.warp import pixels_per_inverse_depth
from recon.scene import DepthMap

# The coarsest level sees the least texture and has the most hypotheses: it is smoothed more.
_COARSE_SMOOTHNESS = 2.0
# A jump over several hypotheses costs this many single steps.
_JUMP = 4.0
# Pixels of parallax by which something has to stand in front of what the network saw, and cost it has to save.
_IN_FRONT, _SAVED = 1.0, 0.15
# Steps of a brief search.
_FEW = 2
# Pixels by which depths of two views may differ before they contradict each other fully.
_TOLERANCE = 6.0
# Bands of rows that stay in a processor's cache are the fastest there.
_CPU_BAND = 1 << 25


@dataclass(frozen=True)
class Effort:
    """How a view may be computed.

    Args:
        device: Where torch computes.
        memory: Bytes to stay under.
        check: Called several times a second; may raise to stop.
    """

    device: str = "cpu"
    memory: int = 1 << 31
    check: Callable[[], None] = lambda: None


def rough_depth(
    reference: Picture,
    sources: Sequence[Picture],
    near: float,
    far: float,
    config: DepthConfig,
    effort: Effort | None = None,
    finest: int = 1,
) -> Tensor:
    """Depth from pictures alone, without the finest level.

    Args:
        reference: The view.
        sources: At least one neighbour.
        near: Nearest depth searched.
        far: Farthest depth searched.
        config: Settings.
        effort: Device, memory, cancellation.
        finest: Halvings of the last level.

    Returns:
        Inverse depth at half the size of the reference (at its size when it is hardly larger than `config.coarse_side`), or after
        `finest` halvings.

    Raises:
        ShapeError: No source, or a range that is not 0 < near < far.
        ResourceError: Out of memory even in the smallest bands.
    """
    if not sources or not 0 < near < far:
        raise ShapeError(f"need at least one source and 0 < near < far, got {len(sources)} sources, {near} and {far}")
    levels = _levels(reference, config.coarse_side)
    field = _coarse(_matcher(reference, sources, levels, config, effort), near, far, config)
    for level in range(levels - 1, finest - 1, -1):
        field = _finer(_matcher(reference, sources, level, config, effort), _within(field, near, far), config)
    return _within(field, near, far)


def settled(
    reference: Picture,
    sources: Sequence[Picture],
    near: float,
    far: float,
    config: DepthConfig,
    rough: Tensor,
    effort: Effort | None = None,
) -> Tensor:
    """Rough depth by the network, mended by the pictures at half size: outlines become sharp, and what is thin comes back.

    The network sees surfaces without texture, but loses thin things before a background. Correlation from a quarter of the size finds
    those, so where it has something in front that agrees clearly better with the pictures, that is taken.

    Args:
        reference: The view.
        sources: At least one neighbour.
        near: Nearest depth.
        far: Farthest depth.
        config: Settings.
        rough: Inverse depth of the reference at half size.
        effort: Device, memory, cancellation.

    Returns:
        Inverse depth at half the size of the reference.

    Raises:
        ResourceError: Out of memory even in the smallest bands.
    """
    matcher, brief = _matcher(reference, sources, 1, config, effort), _brief(config)
    seen = rough.to(matcher.reference.device)
    found = _finer(matcher, rough_depth(reference, sources, near, far, replace(config, rounds=1), effort, finest=2), brief)
    costs = matcher.volume([seen, found])
    in_front = (found - seen) * pixels_per_inverse_depth(matcher.rays, seen) > _IN_FRONT
    costs[1] = torch.where(in_front, costs[1] + _SAVED, 2.0)
    costs = semi_global(costs, edge_strength(matcher.reference), config.smoothness, config.smoothness, matcher.check)
    return _within(_finer(matcher, torch.where(costs[1] < costs[0], found, seen), brief), near, far)


def fine_depth(
    reference: Picture,
    sources: Sequence[Picture],
    near: float,
    far: float,
    config: DepthConfig,
    rough: Tensor,
    rough_sources: Sequence[Tensor | None] = (),
    effort: Effort | None = None,
) -> DepthMap:
    """The finest level: pictures and the rough depths of the sources decide together.

    Args:
        reference: The view; pixels outside its mask get no depth.
        sources: At least one neighbour; their masks do not matter.
        near: Nearest depth searched.
        far: Farthest depth searched.
        config: Settings.
        rough: Inverse depth of the reference from `rough_depth` or `settled`.
        rough_sources: The same of each source, None where there is none; empty = pictures alone.
        effort: Device, memory, cancellation.

    Returns:
        Depth map of the size of the reference. Confidence is the mean ZNCC (or agreement) of the best sources, cut to [0, 1].

    Raises:
        ResourceError: Out of memory even in the smallest bands.
    """
    matcher = _matcher(reference, sources, 0, config, effort)
    guide = None
    if config.agreement > 0 and any(field is not None for field in rough_sources):
        place = matcher.reference.device
        fields = [None if field is None else field.to(place) for field in rough_sources]
        guide = make_guide(fields, matcher.sizes, config.agreement, _TOLERANCE, place)
    field = rough.to(matcher.reference.device)
    if config.method == "classical":
        field = _finer(matcher, field, config, guide)
    else:
        field = _searched(matcher, _finer(matcher, field, _brief(config), guide), 0.5, _FEW, config, guide)
    field, matcher.guide = _within(field, near, far), None
    return _depth_map(reference, field, 1.0 - matcher.volume([field])[0])


def _matcher(reference: Picture, sources: Sequence[Picture], level: int, config: DepthConfig, effort: Effort | None) -> Matcher:
    """Compares the pictures after `level` halvings."""
    effort = effort or Effort()
    place = torch.device(effort.device)
    band = min(effort.memory // 8, _CPU_BAND) if place.type == "cpu" else effort.memory // 8
    cost = make_cost(config.cost, config.window)
    return make_matcher(reference, sources, 0.5**level, cost, config.best, device=place, memory=band, check=effort.check)


def _levels(reference: Picture, coarse_side: int) -> int:
    """Halvings until the shorter side is about `coarse_side`."""
    side = min(reference.view.camera.width, reference.view.camera.height)
    return max(0, int(np.floor(np.log2(side / coarse_side))))


def _within(field: Tensor, near: float, far: float) -> Tensor:
    """The field kept well in front of the camera."""
    return field.clamp(0.5 / far, 2.0 / near)


def _coarse(matcher: Matcher, near: float, far: float, config: DepthConfig) -> Tensor:
    """Full sweep of the depth range by planes about a pixel apart, regularised; inverse depth `[H, W]`."""
    like = torch.empty(matcher.reference.shape[1:], device=matcher.reference.device)
    span = 1 / near - 1 / far
    speed = pixels_per_inverse_depth(matcher.rays, torch.full_like(like, 1 / far + span / 2)).median()
    count = int(np.clip(np.ceil(float(speed) * span), 24, 256))
    planes = plane_stack(near, far, count, like)
    costs = _smoothed(matcher, matcher.volume(planes), _COARSE_SMOOTHNESS * config.smoothness)
    return winner(costs, planes[0], torch.full_like(like, span / (count - 1)))


def _finer(matcher: Matcher, coarser: Tensor, config: DepthConfig, guide: Guide | None = None) -> Tensor:
    """Searches around the field of the level above, each round with half the step of the one before."""
    size = matcher.reference.shape[1:]
    field = interpolate(coarser[None, None], size, mode="bilinear", align_corners=False)[0, 0]
    pixels, steps = 1.0, config.steps
    for _ in range(config.rounds):
        field = propagate(matcher, _searched(matcher, field, pixels, steps, config, guide))
        pixels, steps = pixels / 2, max(_FEW, steps // 2)
    return field


def _searched(matcher: Matcher, field: Tensor, pixels: float, steps: int, config: DepthConfig, guide: Guide | None) -> Tensor:
    """The best of `steps` steps of so many pixels of parallax on either side of the field."""
    matcher.guide = None if guide is None else guide.around(matcher.rays, field)
    step = pixels / pixels_per_inverse_depth(matcher.rays, field).clamp_min(1e-9)
    hypotheses = [(field + k * step).clamp_min(1e-9) for k in range(-steps, steps + 1)]
    costs = _smoothed(matcher, matcher.volume(hypotheses), config.smoothness)
    return median3(winner(costs, hypotheses[0], step))


def _brief(config: DepthConfig) -> DepthConfig:
    """Settings after the network, which leaves a pixel or two to search, once."""
    return replace(config, rounds=1, steps=_FEW)


def _smoothed(matcher: Matcher, costs: Tensor, smoothness: float) -> Tensor:
    """Costs after semi-global regularisation."""
    return semi_global(costs, edge_strength(matcher.reference), smoothness, _JUMP * smoothness, matcher.check)


def _depth_map(reference: Picture, inverse_depth: Tensor, similarity: Tensor) -> DepthMap:
    """Depth map with normals, masked."""
    depth = (1.0 / inverse_depth).cpu().numpy()
    confidence = similarity.clamp(0, 1).cpu().numpy()
    if reference.mask is not None:
        depth, confidence = np.where(reference.mask, depth, 0), np.where(reference.mask, confidence, 0)
    return DepthMap(depth, confidence, normals_from_depth(depth, reference.view.camera))
