"""Clouds of any size as overlapping patches, and what was found on the patches put together without seams."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

SIZE = 1024
"""Points of a patch."""
_COVERED = 0.85
"""Points up to this part of a patch's radius are seen well enough by it."""
_SAMPLES = 64


@dataclass(frozen=True)
class PatchFrame:
    """Where a patch lies and how large it is, so that patches of all scenes look alike; invertible.

    The unit is chosen so that a flat, even patch has the same spacing whatever its number of points; one of SIZE points fills the unit
    disc.

    Args:
        center: `[B, 1, 3]`.
        scale: `[B, 1, 1]`, length of the unit; above 0.
    """

    center: Tensor
    scale: Tensor

    @classmethod
    def of(cls, patches: Tensor) -> PatchFrame:
        """The frames of patches `[B, N, 3]`; patches without extent get the unit 1."""
        center = patches.mean(1, keepdim=True)
        spread = (patches - center).square().sum(-1).mean(1).sqrt()
        scale = spread * (2 * SIZE / patches.shape[1]) ** 0.5
        return cls(center, torch.where(scale > 0, scale, 1.0)[:, None, None])

    def inward(self, points: Tensor) -> Tensor:
        """World -> patch coordinates."""
        return (points - self.center) / self.scale

    def outward(self, points: Tensor) -> Tensor:
        """Patch -> world coordinates."""
        return points * self.scale + self.center


def blend_weight(distance: Tensor, radius: Tensor) -> Tensor:
    """How much a patch has to say about points at `distance` from its seed: 1 there, falling smoothly to nearly 0 at `radius`."""
    return (1 - (distance / radius.clamp(min=1e-30)).square()).clamp(min=0).square() + 1e-3


def voxel_seeds(points: NDArray[np.floating], side: float) -> NDArray[np.int64]:
    """Numbers of points `[N, 3]`, one in each occupied cube of the grid: the one nearest to the cube's middle."""
    cells = points / side
    corner = np.floor(cells)
    off_middle = np.square(cells - corner - 0.5).sum(1)
    corner -= corner.min(0)
    x, y, z = corner.astype(np.int64).T
    key = (x * (int(y.max()) + 1) + y) * (int(z.max()) + 1) + z
    order = np.lexsort((off_middle, key))
    first = np.ones(len(order), bool)
    first[1:] = np.diff(key[order]) != 0
    return order[first].astype(np.int64)


def patches(points: NDArray[np.float32], size: int = SIZE, batch: int = 16) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
    """Overlapping patches of the nearest points around seeds, until every point lies well inside of one.

    Seeds are spread by a voxel grid of about a patch's radius; what is not covered then (where the density changes) is sown again, more
    closely.

    Args:
        points: `[N, 3]`, N > 0, finite.
        size: Points of a patch; all points if there are fewer.
        batch: Patches at once.

    Yields:
        Numbers of points `[B, size]`, nearest to the seed first, and their distances from it.
    """
    from scipy.spatial import cKDTree

    n = len(points)
    size = min(size, n)
    tree = cKDTree(points, leafsize=32, balanced_tree=False, compact_nodes=False)
    sample = points[np.linspace(0, n - 1, min(n, _SAMPLES)).astype(np.int64)]
    radius = float(np.median(tree.query(sample, k=[size])[0]))
    left = np.arange(n)
    side = max(1.3 * radius, 1e-6 * float(np.ptp(points, axis=0).max()))
    covered = np.zeros(n, bool)
    while len(left):
        seeds = left[voxel_seeds(points[left], side)] if side > 0 else left[:1]
        for some in np.split(seeds, range(batch, len(seeds), batch)):
            distance, index = tree.query(points[some], k=np.arange(1, size + 1))
            index[:, 0] = np.where((index == some[:, None]).any(1), index[:, 0], some)  # more equal points than a patch holds
            covered[index[distance <= _COVERED * distance[:, -1:]]] = True
            covered[some] = True
            yield index.astype(np.int64), distance.astype(np.float32)
        left = left[~covered[left]]
        side /= 1.5


def merged(
    points: NDArray[np.float32],
    support: NDArray[np.float32],
    channels: int,
    compute: Callable[[Tensor, Tensor, PatchFrame], Tensor],
    *,
    device: str = "cpu",
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> NDArray[np.float32]:
    """A value at every point, as the weighted mean of what `compute` finds on the patches that hold it.

    Args:
        points: `[N, 3]`, N > 0, finite; any scale.
        support: `[N, S]`, what is known of the points besides.
        channels: Of the value.
        compute: Patches `[B, size, 3]` in patch coordinates, their support `[B, size, S]` and their frames -> values `[B, size, channels]`.
        device: Where `compute` runs.
        progress: Is told how many points were covered, of how many; may raise.

    Returns:
        `[N, channels]`.
    """
    total = np.zeros((len(points), channels), np.float32)
    weights = np.zeros(len(points), np.float32)
    done = 0
    for index, distance in patches(points):
        patch = torch.from_numpy(points[index] - points[index[:, :1]]).to(device)  # around the seed: exact far from the origin
        frame = PatchFrame.of(patch)
        values = compute(frame.inward(patch), torch.from_numpy(support[index]).to(device), frame)
        away = torch.from_numpy(distance).to(device)
        weight = blend_weight(away, away[:, -1:])
        for i, rows in enumerate(index):  # a patch holds a point once, so plain indexing adds right
            done += int((weights[rows] == 0).sum())
            total[rows] += (values[i] * weight[i, :, None]).cpu().numpy()
            weights[rows] += weight[i].cpu().numpy()
        progress(done, len(points))
    return total / weights[:, None]
