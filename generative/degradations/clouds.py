"""Degradations of clouds `[B, N, 3]`: N stays, a dropped point moves onto its nearest kept one. No randomness when applied."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

CHUNK = 1024
"""Points whose distances to all others are held at once."""


@dataclass(frozen=True)
class Decimate:
    """Keeps the first `1 - s (1 - least)` of the points in a given order; the others move onto their nearest kept one.

    Args:
        order: Indices `[N]`, the most lasting first, e.g. `torch.randperm(N, generator=...)`.
        least: Part that is kept at s = 1.
    """

    order: Tensor
    least: float = 0.05

    def __call__(self, x: Tensor, s: float) -> Tensor:
        """`D(x, s)`."""
        count = max(round(x.shape[1] * (1 - s * (1 - self.least))), 1)
        kept = torch.zeros(x.shape[:2], dtype=torch.bool, device=x.device)
        kept[:, self.order[:count].to(x.device)] = True
        return onto_nearest_kept(x, kept)


@dataclass(frozen=True)
class Quantise:
    """Rounds to a grid of `s · cell`."""

    cell: float = 0.2

    def __call__(self, x: Tensor, s: float) -> Tensor:
        """`D(x, s)`."""
        return torch.round(x / (s * self.cell)) * (s * self.cell) if s > 0 else x


@dataclass(frozen=True)
class Jitter:
    """Moves the points along fixed displacements `[N, 3]` or `[B, N, 3]`: `x + s e`. TACoS undoes it exactly."""

    displacements: Tensor

    def __call__(self, x: Tensor, s: float) -> Tensor:
        """`D(x, s)`."""
        return x + s * self.displacements.to(x)


@dataclass(frozen=True)
class Flatten:
    """Presses the cloud onto a plane through the origin: `x - s ⟨x, n⟩ n`.

    Args:
        normal: Of the plane, `[3]`, any length.
    """

    normal: Tensor

    def __call__(self, x: Tensor, s: float) -> Tensor:
        """`D(x, s)`."""
        n: Tensor = self.normal.to(x) / torch.linalg.vector_norm(self.normal.to(x))
        return x - s * (x @ n)[..., None] * n


@dataclass(frozen=True)
class Crop:
    """Takes off the part `s · most` of the points that lies farthest in a direction.

    Args:
        direction: `[3]`, any length.
        most: Part that is gone at s = 1.
    """

    direction: Tensor
    most: float = 0.5

    def __call__(self, x: Tensor, s: float) -> Tensor:
        """`D(x, s)`."""
        count = max(round(x.shape[1] * (1 - s * self.most)), 1)
        nearest = (x @ self.direction.to(x)).argsort(1)[:, :count]
        return onto_nearest_kept(x, torch.zeros(x.shape[:2], dtype=torch.bool, device=x.device).scatter(1, nearest, True))


def onto_nearest_kept(x: Tensor, kept: Tensor) -> Tensor:
    """Moves points outside of `kept` `[B, N]` onto the nearest point inside; those inside stay to the bit."""
    moved = x.clone()
    for cloud, points, mask in zip(moved, x, kept, strict=True):
        targets, dropped = points[mask], (~mask).nonzero()[:, 0]
        for part in dropped.split(CHUNK):
            cloud[part] = targets[torch.cdist(points[part], targets).argmin(1)]
    return moved
