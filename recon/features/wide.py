"""Matching of photos taken from far apart, with keypoints found in tilted views of each photo.

Tilted views (ASIFT): Morel and Yu, ASIFT: A new framework for fully affine invariant image comparison, SIAM J. Imaging Sciences
2009. They find one place many times over, so the nearest neighbour is compared with the next *elsewhere*: Mishkin, Matas and
Perdoch, MODS: Fast and robust method for two-view matching, CVIU 2015 ("first geometrically inconsistent").
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from recon.features.matching import TILE_BYTES, unit_distance

if TYPE_CHECKING:
    import torch

_RIVALS = 8
"""Nearest neighbours among which the next place is looked for."""


def match_places(
    first: tuple[NDArray[np.float32], NDArray[np.float32]],
    second: tuple[NDArray[np.float32], NDArray[np.float32]],
    *,
    ratio: float = 0.8,
    max_distance: float = 0.7,
    radius: float = 6.0,
    device: str = "cpu",
    tile_bytes: int = TILE_BYTES,
) -> NDArray[np.int32]:
    """Pairs of keypoints whose places are each other's nearest neighbour; every pair of places once.

    Args:
        first: Points `[N, 2]` (pixels) and unit descriptors `[N, D]`.
        second: The same of the other photo, `[M, 2]` and `[M, D]`.
        ratio: The nearest must be closer than this times the nearest at another place, seen from both sides.
        max_distance: Farther pairs do not count, Euclidean distance in [0, 2].
        radius: Keypoints closer than this show the same place, pixels.
        device: Where torch works.
        tile_bytes: Size of the piece of the similarity matrix held at a time.

    Returns:
        `[K, 2]` int32, sorted by the first index.
    """
    import torch

    if not len(first[0]) or not len(second[0]):
        return np.zeros((0, 2), np.int32)
    with torch.inference_mode():
        (p, a), (q, b) = ([torch.from_numpy(np.ascontiguousarray(x)).to(device) for x in one] for one in (first, second))
        there, distance, clear = _nearest(a, b, q, ratio, radius, tile_bytes)
        back, _, back_clear = _nearest(b, a, p, ratio, radius, tile_bytes)
        returned = (p[back[there]] - p).norm(dim=1) <= radius
        keep = torch.nonzero(clear & back_clear[there] & returned & (distance <= max_distance))[:, 0]
        keep = keep[torch.argsort(distance[keep], stable=True)]
        pairs = torch.stack([keep, there[keep]], 1).to(torch.int32).cpu().numpy()
    pairs = pairs[_first_of_each_place(np.concatenate([first[0][pairs[:, 0]], second[0][pairs[:, 1]]], 1), radius)]
    return np.asarray(pairs[np.argsort(pairs[:, 0], kind="stable")], np.int32)


def _nearest(
    a: torch.Tensor, b: torch.Tensor, points: torch.Tensor, ratio: float, radius: float, tile_bytes: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """For every row of `a` its nearest in `b`, the distance, and whether it is clearly nearer than the next elsewhere."""
    import torch

    index, distance, clear = [], [], []
    for tile in a.split(max(1, tile_bytes // (4 * len(b)))):
        value, where = (tile @ b.T).topk(min(_RIVALS, len(b)), dim=1)
        elsewhere = (points[where] - points[where[:, :1]]).norm(dim=2) > radius
        elsewhere[:, -1] = True  # all of one place: the last is a rival that is too near rather than too far
        rival = value.gather(1, elsewhere.int().argmax(dim=1, keepdim=True))[:, 0]
        near, far = unit_distance(value[:, 0]), unit_distance(rival)
        index.append(where[:, 0])
        distance.append(near)
        clear.append(near < ratio * far)
    return torch.cat(index), torch.cat(distance), torch.cat(clear)


def _first_of_each_place(points: NDArray[np.float32], radius: float) -> NDArray[np.intp]:
    """Indices of rows `[K, 4]` that are in no cell of `radius` pixels, on either side, of an earlier row."""
    left = {tuple(cell): i for i, cell in reversed(list(enumerate(np.floor(points[:, :2] / radius).astype(int).tolist())))}
    right = {tuple(cell): i for i, cell in reversed(list(enumerate(np.floor(points[:, 2:] / radius).astype(int).tolist())))}
    return np.array(sorted(set(left.values()) & set(right.values())), np.intp)
