"""Photometric cost of whole fields of inverse depth at one level of the pyramid, band of rows by band of rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import interpolate, pad

from recon.errors import ResourceError
from recon.mvs.costs import MatchingCost
from recon.mvs.guide import Guide
from recon.mvs.warp import SourceRays, project, row_rays, source_rays, warp
from recon.scene import View

_SMALLEST_BAND = 8


@dataclass(frozen=True, eq=False)
class Picture:
    """A view and its pixels.

    Args:
        view: Pose and intrinsics.
        image: uint8 `[H, W, 3]`, the size of `view.camera`.
        mask: bool `[H, W]`, True = use, or None.
    """

    view: View
    image: NDArray[np.uint8]
    mask: NDArray[np.bool_] | None = None


@dataclass
class Matcher:
    """Compares one reference with its sources at one pyramid level.

    Args:
        cost: Photometric cost.
        reference: Features `[C, H, W]`.
        sources: Features `[S, C, Hc, Wc]` on a common canvas.
        rays: Projections from the reference into the canvas.
        best: Sources that count at a pixel, those that agree best.
        band: Rows treated at once; halved when memory runs out.
        check: Called between bands; may raise to stop.
        guide: Depths of the sources, to be agreed with; None = pictures alone decide.
        sizes: Height and width of each source on the canvas.
    """

    cost: MatchingCost
    reference: Tensor
    sources: Tensor
    rays: SourceRays
    best: int
    band: int
    check: Callable[[], None] = lambda: None
    guide: Guide | None = None
    sizes: Sequence[tuple[int, int]] = ()

    def volume(self, hypotheses: Sequence[Tensor]) -> Tensor:
        """Costs `[N, H, W]` in [0, 2] of N fields of inverse depth `[H, W]`."""
        height, width = self.reference.shape[1:]
        result = torch.empty((len(hypotheses), height, width), device=self.reference.device)
        top = 0
        while top < height:
            rows = min(self.band, height - top)
            try:
                self._fill(result, hypotheses, top, rows)
            except (RuntimeError, MemoryError) as error:
                self._halve(error)
                continue
            top += rows
        return result

    def _halve(self, error: BaseException) -> None:
        """Smaller bands after an out-of-memory error; any other error goes on."""
        if not (isinstance(error, MemoryError | torch.cuda.OutOfMemoryError) or "allocate memory" in str(error)):
            raise error
        if self.band <= _SMALLEST_BAND:
            remedy = "Close other programs, lower 'max_size' of the stage depth, or use the other device."
            raise ResourceError("Out of memory while matching pictures.", f"Even {self.band} rows at once do not fit.", remedy) from error
        self.band //= 2
        if self.reference.is_cuda:
            torch.cuda.empty_cache()

    def _fill(self, result: Tensor, hypotheses: Sequence[Tensor], top: int, rows: int) -> None:
        """Costs of the rows `top .. top + rows`."""
        radius = self.cost.radius
        height = self.reference.shape[1]
        first, last = max(0, top - radius), min(height, top + rows + radius)
        margin = (radius, radius, radius - (top - first), radius - (last - top - rows))
        prepared = self.cost.reference(pad(self.reference[:, first:last], margin, mode="replicate"))
        rays = row_rays(self.rays, last - first, self.reference.shape[2], first)
        inner = slice(top - first, top - first + rows)
        sampled = self.sources if self.guide is None else torch.cat([self.sources, self.guide.inverse_depth], dim=1)
        for i, inverse_depth in enumerate(hypotheses):
            self.check()
            grid, valid = project(rays, inverse_depth[first:last])
            warped = warp(sampled, grid)
            similarity = self.cost.similarity(prepared, pad(warped[:, : self.sources.shape[1]], margin, mode="replicate"))
            similarity.masked_fill_(~valid[:, inner], 0.0)
            if self.guide is not None:
                at = inverse_depth[top : top + rows]
                similarity -= self.guide.penalty(rays.band(inner), at, warped[:, -1, inner], valid[:, inner], top)
            result[i, top : top + rows] = 1.0 - mean_of_best(similarity, self.best)


def mean_of_best(similarity: Tensor, best: int) -> Tensor:
    """Mean of the `best` largest of S values, `[S, H, W]` -> `[H, W]`, by insertion (a sort along S is far slower)."""
    count = min(best, len(similarity))
    if count == len(similarity):
        return similarity.mean(0)
    kept: list[Tensor] = []
    for value in similarity:
        for i, other in enumerate(kept):
            kept[i], value = torch.maximum(other, value), torch.minimum(other, value)
        if len(kept) < count:
            kept.append(value)
    return torch.stack(kept).mean(0)


def make_matcher(
    reference: Picture,
    sources: Sequence[Picture],
    scale: float,
    cost: MatchingCost,
    best: int,
    *,
    device: torch.device,
    memory: int,
    check: Callable[[], None] = lambda: None,
) -> Matcher:
    """A matcher for pictures reduced by `scale` (1 = as they are).

    Args:
        memory: Bytes the temporaries of a band may take.
    """
    small = [_reduced(picture, scale, device) for picture in (reference, *sources)]
    features = [cost.features(image) for _, image in small]
    width, height = (max(view.camera.width for view, _ in small[1:]), max(view.camera.height for view, _ in small[1:]))
    canvas = [pad(f[None], (0, width - f.shape[2], 0, height - f.shape[1]), mode="replicate")[0] for f in features[1:]]
    rays = source_rays(small[0][0], [view for view, _ in small[1:]], (width, height), device)
    stacked = torch.stack(canvas)
    row = features[0].shape[2] * len(canvas) * (stacked.shape[1] + 12) * 4
    band = int(np.clip(memory // row, _SMALLEST_BAND, features[0].shape[1]))
    sizes = [(f.shape[1], f.shape[2]) for f in features[1:]]
    return Matcher(cost, features[0], stacked, rays, best, band, check, sizes=sizes)


def _reduced(picture: Picture, scale: float, device: torch.device) -> tuple[View, Tensor]:
    """View and float picture `[3, H, W]` in [0, 1] at the reduced size (area averages)."""
    image = torch.from_numpy(np.ascontiguousarray(picture.image)).to(device).permute(2, 0, 1).float() / 255.0
    if scale == 1.0:
        return picture.view, image
    camera = picture.view.camera
    width, height = max(8, round(camera.width * scale)), max(8, round(camera.height * scale))
    image = interpolate(image[None], (height, width), mode="bilinear", antialias=True, align_corners=False)[0]
    return replace(picture.view, camera=camera.scaled(width, height)), image


def plane_stack(near: float, far: float, count: int, like: Tensor) -> list[Tensor]:
    """`count` constant fields of inverse depth `[H, W]`, evenly from 1 / far to 1 / near."""
    return [torch.full_like(like, value) for value in torch.linspace(1.0 / far, 1.0 / near, count).tolist()]
