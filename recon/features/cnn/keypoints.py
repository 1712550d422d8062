"""Keypoints from a score map: local maxima, and where exactly between the pixels they lie.

Sub-pixel positions are differentiable, so that they can be trained (Zhao et al., ALIKE, IEEE Trans. Multimedia 2022); by a paraboloid
as in Brown and Lowe, Invariant features from interest point groups, BMVC 2002, which was more exact than a soft-argmax here.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

RADIUS = 2
"""Of non-maximum suppression, pixels."""
_DAMPING = 0.05
"""Added curvature, in logits a square pixel: flat maxima stay where they are."""


@dataclass(frozen=True, eq=False)
class Keypoints:
    """Keypoints of a batch of pictures, strongest first.

    Args:
        points: `[B, N, 2]` x, y; gradients flow into the score map.
        logits: `[B, N]` score at the pixel of the maximum, with gradients.
        valid: `[B, N]` False where there were fewer maxima.
    """

    points: Tensor
    logits: Tensor
    valid: Tensor


def local_maxima(score: Tensor, radius: int = RADIUS, border: int = 4) -> Tensor:
    """Where `[B, 1, H, W]` is the largest within `radius` pixels, and not within `border` of the edge: bool `[B, H, W]`."""
    size = 2 * radius + 1
    best = F.max_pool2d(F.max_pool2d(score, (1, size), 1, (0, radius)), (size, 1), 1, (radius, 0))
    found = (score == best)[:, 0]
    inside = torch.zeros_like(found)
    inside[:, border : found.shape[1] - border, border : found.shape[2] - border] = True
    return found & inside


def detect(score: Tensor, count: int, *, border: int = 8) -> Keypoints:
    """The `count` highest local maxima of each score map `[B, 1, H, W]`."""
    width = score.shape[3]
    with torch.no_grad():
        ranked = torch.where(local_maxima(score, border=border), score[:, 0], -torch.inf).flatten(1)
        values, index = ranked.topk(min(count, ranked.shape[1]))
        pixels = torch.stack([index % width, index // width], -1)
    points, logits = refine(score, pixels)
    return Keypoints(points, logits, torch.isfinite(values))


def refine(score: Tensor, pixels: Tensor) -> tuple[Tensor, Tensor]:
    """Sub-pixel positions of maxima: the top of the paraboloid that fits the 3x3 pixels around best.

    Args:
        score: `[B, 1, H, W]` logits.
        pixels: `[B, N, 2]` integer x, y.

    Returns:
        Points `[B, N, 2]`, at most one pixel off, and the logits at the pixels `[B, N]`; both with gradients.
    """
    window, (dx, dy, dxx, dyy, dxy) = _surroundings(score, pixels)
    dxx, dyy = dxx - _DAMPING, dyy - _DAMPING
    determinant = dxx * dyy - dxy * dxy
    top = (determinant > 0) & (dxx < 0)
    safe = torch.where(top, determinant, torch.ones_like(determinant))
    offset = torch.stack([dxy * dy - dyy * dx, dxy * dx - dxx * dy], -1) / safe[..., None]
    offset = torch.where(top[..., None], offset, torch.zeros_like(offset)).clamp(-1, 1)
    largest = torch.tensor([score.shape[3] - 1, score.shape[2] - 1], device=score.device, dtype=offset.dtype)
    return torch.minimum((pixels + offset).clamp(min=0), largest), window[..., 4]


def sharpness(score: Tensor, pixels: Tensor) -> Tensor:
    """Curvature of maxima in the direction in which they are flattest, `[B, N]`: what is flat there, as along an edge, is placed badly."""
    _, (_, _, dxx, dyy, dxy) = _surroundings(score, pixels)
    return -(dxx + dyy) / 2 - ((dxx - dyy) ** 2 / 4 + dxy**2).sqrt()


def _surroundings(score: Tensor, pixels: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
    """The 3x3 logits `[B, N, 9]` around pixels and the derivatives x, y, xx, yy, xy there."""
    height, width = score.shape[2:]
    shifts = torch.tensor([(x, y) for y in (-1, 0, 1) for x in (-1, 0, 1)], device=score.device)
    x, y = (pixels[:, :, None] + shifts).unbind(-1)
    index = y.clamp(0, height - 1) * width + x.clamp(0, width - 1)
    window = score.flatten(1).gather(1, index.flatten(1)).reshape(index.shape)
    return window, (window @ _FIT.to(window)).unbind(-1)


def _paraboloid() -> Tensor:
    """`[9, 5]`: values of 3x3 pixels, row by row, to the derivatives x, y, xx, yy, xy of the paraboloid that fits best."""
    place = [(x, y) for y in (-1.0, 0.0, 1.0) for x in (-1.0, 0.0, 1.0)]
    design = torch.tensor([(1.0, x, y, x * x / 2, y * y / 2, x * y) for x, y in place], dtype=torch.float64)
    inverse: Tensor = torch.linalg.pinv(design)
    return inverse[1:].T.contiguous()


_FIT = _paraboloid()
