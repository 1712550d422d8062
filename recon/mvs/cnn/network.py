"""The network: a sweep over the whole range at a small size, then ever finer steps around what was found.

Cascade cost volumes after Gu et al. 2020 (CasMVSNet) and Wang et al. 2021 (PatchmatchNet), with hypotheses spaced by
pixels of parallax, so that nothing depends on the scale of the scene.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, pad, relu

from recon.errors import ShapeError
from recon.mvs.box import box_sum
from recon.mvs.cnn.features import CONTEXT, FeaturePyramid
from recon.mvs.cnn.regularise import Refinement, StepRegulariser, SweepRegulariser, Upsampler
from recon.mvs.cnn.volume import HALO, Gathering, similarities
from recon.mvs.warp import RowRays, SourceRays, row_rays, speeds

SWEEP = 3
"""Number of the sweep among what there is for each level; it is the same at a quarter and at an eighth of the size."""
GROUPS = (2, 4, 4, 4)
"""Correlation groups at full, half and quarter size, and of the sweep."""
COUNTS = (5, 7, 11)
"""Hypotheses at full, half and quarter size."""
STEPS = (0.5, 0.7, 0.7)
"""Pixels of parallax, at the level's size, between its hypotheses."""
SWEEP_STEP = 1.0
"""The same between the planes of the sweep, as far as `PLANES` allows."""
LEAST_SIDE = 48
"""Pixels that the shorter side has at least at an eighth of the size, for the sweep to be there and not at a quarter."""
_SHARPNESS = (60.0, 40.0, 25.0)
PLANES = (16, 64)
_WIDTH = (16, 32, 48, 8)
_HIDDEN = (16, 32, 48, 24)
_BELOW = (24, 48, 64)
# Channels that a step sees beside the context: certainty of the level before, and how the field bends.
_EXTRA = 3


@dataclass(frozen=True, eq=False)
class Level:
    """What one level found.

    Args:
        field: Inverse depth `[B, H, W]`.
        logits: `[B, N, H, W]` of the hypotheses.
        first: Inverse depth of hypothesis 0, `[B, H, W]`.
        step: Inverse depth between hypotheses, `[B, H, W]`.
        weights: `[B, S, H, W]` of the sources.
        peak: Probability near the winner, `[B, H, W]`.
        hidden: `[B, C, H, W]` for the heads.
        best: Cosine at the winner's best hypothesis, `[B, H, W]`.
        given: The field this level started from; None at the coarsest.
    """

    field: Tensor
    logits: Tensor
    first: Tensor
    step: Tensor
    weights: Tensor
    peak: Tensor
    hidden: Tensor
    best: Tensor
    given: Tensor | None = None


@dataclass(frozen=True, eq=False)
class Given:
    """What a level starts from: inverse depth and certainty `[B, H, W]`, weights of the sources `[B, S, H, W]`."""

    field: Tensor
    peak: Tensor
    weights: Tensor


@dataclass(frozen=True)
class Part:
    """A part of the reference at half size, that the two finest levels are computed for: its rows and columns."""

    top: int
    left: int
    height: int
    width: int

    def cut(self, x: Tensor, level: int) -> Tensor:
        """The part of `[..., H, W]` at `level` 0 or 1."""
        k = 2 - level
        return x[..., k * self.top : k * (self.top + self.height), k * self.left : k * (self.left + self.width)]


@dataclass(frozen=True, eq=False)
class Result:
    """Depth with all that training wants to see.

    Args:
        levels: Coarsest first.
        inverse_depth: `[B, H, W]`, refined.
        confidence: Logit that the depth is right to a pixel of parallax, `[B, H, W]`.
    """

    levels: list[Level]
    inverse_depth: Tensor
    confidence: Tensor


class MvsNetwork(nn.Module):
    """Depth of a reference from any number of sources.

    Args:
        view_weights: False = all sources count alike (for comparison).
        refinement: False = no edge-aware mean at full size (for comparison).

    Attributes:
        band_bytes: Memory for the similarities of single sources, which come and go in bands of rows; None = all at once.
        check: Called between bands; may raise to stop.
    """

    def __init__(self, view_weights: bool = True, refinement: bool = True) -> None:
        super().__init__()
        self.options = {"view_weights": view_weights, "refinement": refinement}
        self.pyramid = FeaturePyramid()
        self.gather = nn.ModuleList(Gathering(view_weights) for _ in range(4))
        self.sweep_regulariser = SweepRegulariser(GROUPS[3], CONTEXT[3], _WIDTH[3])
        self.regularise = nn.ModuleList(
            StepRegulariser(COUNTS[i], GROUPS[i], CONTEXT[i] + _EXTRA, _WIDTH[i], _BELOW[i], i > 0, _SHARPNESS[i]) for i in range(3)
        )
        self.upsample = nn.ModuleList(Upsampler(c) for c in _HIDDEN[1:])
        self.refine = Refinement(_WIDTH[0])
        self.judge = nn.ModuleList([nn.Conv2d(_WIDTH[0] + 5, 12, 3, padding=1), nn.Conv2d(12, 1, 1)])
        self.refinement = refinement
        self.band_bytes: int | None = None
        self.check: Callable[[], None] = lambda: None

    def architecture(self) -> dict[str, Any]:
        """What is needed to build it again."""
        return dict(self.options)

    def forward(
        self,
        images: Tensor,
        rays: Sequence[SourceRays],
        near: Tensor,
        far: Tensor,
        part: Part | None = None,
        coarsest: int | None = None,
    ) -> Result:
        """Depth of the first view of every set.

        Args:
            images: `[B, 1 + S, 3, H, W]` in [0, 1]; H and W are multiples of 8.
            rays: From the reference into the sources at full, half, quarter and eighth size, `B * S` each.
            near: `[B]` nearest depth.
            far: `[B]` farthest depth.
            part: Compute the two finest levels for this part only; None = everywhere.
            coarsest: Level of the sweep, 2 or 3; None = `sweep_level` of the pictures.

        Returns:
            See `Result`; the finest two levels and the maps are of the part's size.
        """
        if images.dim() != 5 or images.shape[1] < 2 or images.shape[-1] % 8 or images.shape[-2] % 8:
            raise ShapeError(f"images must be [B, 1 + S, 3, H, W] with H and W multiples of 8, not {tuple(images.shape)}")
        b, v = images.shape[:2]
        features, contexts = self.pyramid(images.flatten(0, 1))
        features = [f.unflatten(0, (b, v)) for f in features]
        contexts = [c.unflatten(0, (b, v))[:, 0] for c in contexts]
        whole = [(f[:, 0], f[:, 1:]) for f in features]
        last = sweep_level(images.shape[-1], images.shape[-2]) if coarsest is None else coarsest
        level = self.sweep(*whole[last], contexts[last], rays[last], near, far)
        levels = [level]
        coarse_step, lowest = level.step, 0.25 / far
        for i in range(last - 1, -1, -1):
            reference, sources = whole[i]
            context, origin = contexts[i], (0, 0)
            given = self.finer(level, i)
            if part is not None and i < 2:
                origin = ((2 - i) * part.top, (2 - i) * part.left)
                reference, context = part.cut(reference, i), part.cut(context, i)
                if i == 1:
                    given = Given(*(part.cut(x, 1) for x in (given.field, given.peak, given.weights)))
            level = self.step(i, reference, sources, context, rays[i], given, coarse_step.amax((1, 2)), lowest, origin)
            levels.append(level)
        return Result(levels, *self.finish(level, levels[-2]))

    def sweep(self, reference: Tensor, sources: Tensor, context: Tensor, rays: SourceRays, near: Tensor, far: Tensor) -> Level:
        """The coarsest level: planes over the whole range."""
        b, s = sources.shape[:2]
        height, width = reference.shape[-2:]
        low, high = 1.0 / far, 1.0 / near
        middle = (0.5 * (low + high))[:, None, None].expand(b, height, width)
        speed = speeds(rays, middle.repeat_interleave(s, 0)).view(b, s, height, width).mean((1, 2, 3))
        wanted = float(((high - low) * speed).max()) / SWEEP_STEP + 1
        count = 8 * round(min(max(wanted, PLANES[0]), PLANES[1]) / 8)
        step = ((high - low) / (count - 1))[:, None, None]
        planes = low[:, None, None] + step * torch.arange(count, device=low.device)[None, :, None]
        hypotheses = planes[..., None].expand(b, count, height, width)
        volume, weights = self.volume(SWEEP, reference, sources, row_rays(rays, height, width), hypotheses, None)
        said = self.sweep_regulariser(volume, context)
        first, step = hypotheses[:, 0], step.expand(b, height, width)
        index, peak = regress(said.logits)
        return Level(first + index * step, said.logits, first, step, weights, peak, said.hidden, volume[:, -1].amax(1))

    def volume(
        self, level: int, reference: Tensor, sources: Tensor, rows: RowRays, hypotheses: Tensor, before: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """Volume `[B, G + 1, N, H, W]` of the sources together and their weights `[B, S, H, W]`, see `Gathering`.

        Computed in bands of rows as `band_bytes` asks, with the same result.
        """
        height, width = reference.shape[-2:]
        row = 4 * width * hypotheses.shape[1] * sources.shape[0] * sources.shape[1] * (3 * GROUPS[level] + 8)
        band = height if self.band_bytes is None else max(16, self.band_bytes // row)
        parts = []
        for top in range(0, height, band):
            self.check()
            bottom = min(height, top + band)
            first, last = max(0, top - HALO), min(height, bottom + HALO)
            cut = slice(first, last)
            similarity, valid = similarities(reference[:, :, cut], sources, rows.band(cut), hypotheses[:, :, cut], GROUPS[level])
            found = self.gather[level](similarity, valid, None if before is None else before[:, :, cut])
            inner = slice(top - first, bottom - first)
            parts.append((found[0][..., inner, :], found[1][..., inner, :]))
        if len(parts) == 1:
            return parts[0]
        return torch.cat([p[0] for p in parts], -2), torch.cat([p[1] for p in parts], -2)

    def finer(self, level: Level, target: int) -> Given:
        """What the next level starts from, at twice the size."""
        size = (2 * level.field.shape[1], 2 * level.field.shape[2])
        field = self.upsample[SWEEP - 1 if level.given is None else target](level.field, level.hidden)
        peak = interpolate(level.peak.detach()[:, None], size, mode="bilinear", align_corners=False)[:, 0]
        return Given(field, peak, interpolate(level.weights, size, mode="bilinear", align_corners=False))

    def step(
        self,
        level: int,
        reference: Tensor,
        sources: Tensor,
        context: Tensor,
        rays: SourceRays,
        given: Given,
        largest: Tensor,
        lowest: Tensor,
        origin: tuple[int, int] = (0, 0),
    ) -> Level:
        """A finer level: hypotheses around the field given.

        Args:
            level: 2, 1 or 0.
            reference: Features `[B, C, H, W]`.
            sources: Features `[B, S, C, Hs, Ws]`.
            context: `[B, C, H, W]`.
            rays: At this level.
            given: From `finer`, `[B, H, W]`.
            largest: `[B]` bound of the step in inverse depth.
            lowest: `[B]` bound of inverse depth.
            origin: Row and column of the reference's first pixel.
        """
        b, s = sources.shape[:2]
        height, width = reference.shape[-2:]
        lowest = lowest[:, None, None]
        field = torch.maximum(given.field.detach(), lowest)
        speed = speeds(rays, field.repeat_interleave(s, 0), *origin).view(b, s, height, width).mean(1)
        step = torch.minimum(STEPS[level] / speed.clamp_min(1e-12), largest[:, None, None])
        count = COUNTS[level]
        first = torch.maximum(field - step * (count // 2), lowest)
        hypotheses = first[:, None] + step[:, None] * torch.arange(count, device=field.device)[:, None, None]
        rows = row_rays(rays, height, width, *origin)
        volume, weights = self.volume(level, reference, sources, rows, hypotheses, given.weights)
        facts = torch.cat([context, given.peak[:, None], bends(field, step)], 1)
        said = self.regularise[level](volume, facts)
        index, peak = regress(said.logits)
        return Level(first + index * step, said.logits, first, step, weights, peak, said.hidden, volume[:, -1].amax(1), given.field)

    def finish(self, level: Level, before: Level) -> tuple[Tensor, Tensor]:
        """Refined inverse depth and the logit of confidence, both `[B, H, W]`, from the finest level."""
        field = self.refine(level.field, level.hidden) if self.refinement else level.field
        earlier = interpolate(
            torch.stack([before.peak, before.best], 1).detach(), level.field.shape[1:], mode="bilinear", align_corners=False
        )
        bend = ((field - level.field) / level.step).detach()
        facts = torch.stack([level.peak, level.best, bend.abs().clamp_max(4.0)], 1).detach()
        known = torch.cat([level.hidden.detach(), facts, earlier], 1)
        confidence = self.judge[1](relu(self.judge[0](known)))[:, 0]
        return field, confidence


def sweep_level(width: int, height: int) -> int:
    """Level of the sweep for pictures of this size: an eighth of it for large pictures, else a quarter."""
    return 3 if min(width, height) >= LEAST_SIDE * 8 else 2


def regress(logits: Tensor, reach: int = 2) -> tuple[Tensor, Tensor]:
    """Expected hypothesis around the likeliest, and the probability found there.

    Args:
        logits: `[B, N, H, W]`.
        reach: Hypotheses on either side that count.

    Returns:
        Fractional index and probability, `[B, H, W]`.
    """
    share = logits.softmax(1)
    winner = logits.argmax(1, keepdim=True)
    number = torch.arange(logits.shape[1], device=logits.device)[:, None, None]
    near = share * ((number - winner).abs() <= reach)
    peak = near.sum(1)
    return (near * number).sum(1) / peak.clamp_min(1e-6), peak


def bends(field: Tensor, step: Tensor) -> Tensor:
    """How far the field `[B, H, W]` is from its mean over 3 x 3 and 9 x 9 pixels, in steps, squashed, `[B, 2, H, W]`."""
    parts = []
    for radius in (1, 4):
        padded = pad(field[:, None], (radius,) * 4, mode="replicate")[:, 0]
        mean = box_sum(padded, radius) / (2 * radius + 1) ** 2
        parts.append(((mean - field) / step).clamp(-8, 8) / 4)
    return torch.stack(parts, 1)
