"""Keypoints from a score map: local maxima, and where exactly between the pixels they lie.

Sub-pixel position: soft-argmax in a window around the maximum, differentiable; after Zhao et al., ALIKE, IEEE Trans. Multimedia 2022.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

RADIUS = 2
"""Of non-maximum suppression and of the window of the sub-pixel position."""


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


def refine(score: Tensor, pixels: Tensor, radius: int = RADIUS) -> tuple[Tensor, Tensor]:
    """Sub-pixel positions of maxima.

    Args:
        score: `[B, 1, H, W]` logits.
        pixels: `[B, N, 2]` integer x, y.
        radius: Of the window; outside the picture there is no weight.

    Returns:
        Points `[B, N, 2]` and the logits at the pixels `[B, N]`.
    """
    height, width = score.shape[2:]
    side = torch.arange(-radius, radius + 1, device=score.device)
    shifts = torch.stack(torch.meshgrid(side, side, indexing="xy"), -1).reshape(-1, 2)
    around = pixels[:, :, None] + shifts
    x, y = around[..., 0], around[..., 1]
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    index = y.clamp(0, height - 1) * width + x.clamp(0, width - 1)
    window = score.flatten(1).gather(1, index.flatten(1)).reshape(index.shape)
    weights = window.masked_fill(~inside, -torch.inf).softmax(-1)
    points = pixels + (weights[..., None] * shifts.to(score.dtype)).sum(2)
    return points, window[..., len(shifts) // 2]
