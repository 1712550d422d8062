"""Training examples from rendered views with depth: what is seen in both, with parallax and occlusion."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from recon.features.cnn.data import Example, homography_example, pack
from recon.features.cnn.geometry import Matrix, Strength, apply, grid, inside, random_homography, translation, warped

if TYPE_CHECKING:
    from recon.learning.view_sets import ViewSet

_AGREE = 0.01
"""Relative difference of depth within which a point is seen in both views."""
_EDGE = 0.03
"""Relative jump of depth between neighbouring pixels that is an edge."""
_LEAST = 0.1
_TRIES = 8
_GREY = np.array([0.299, 0.587, 0.114], np.float32) / 255


def view_example(views: ViewSet, rng: np.random.Generator, size: int) -> Example:
    """Crops of two views of a set, the second turned, scaled and tilted a little besides; see `data.pack`.

    Views that have nothing in common give two crops of one of them.
    """
    best: tuple[float, tuple[int, int], list[Matrix]] | None = None
    count, height, width = views.inverse_depth.shape
    for _ in range(_TRIES):
        a, b = (int(i) for i in rng.choice(count, 2, replace=False))
        there = view_map(views, a, b, grid(height, width))
        seen = np.isfinite(there[..., 0])
        if seen.mean() < _LEAST:
            continue
        rows, columns = np.nonzero(seen)
        pick = int(rng.integers(len(rows)))
        here, middle = (columns[pick], rows[pick]), there[rows[pick], columns[pick]]
        change = random_homography(rng, size, Strength(shift=0.1).part(rng.uniform(0, 0.5)))
        crops = [_around(here, size, (height, width)), _around(middle, size, (height, width)) @ change]
        part = float(np.isfinite(_crop_map(views, (a, b), crops, size)[0]).mean())
        if best is None or part > best[0]:
            best = part, (a, b), crops
        if part > 2 * _LEAST:
            break
    if best is None:  # few views of such a set have anything in common
        view = views.images[int(rng.integers(count))]
        return homography_example(np.asarray(view @ _GREY, np.float32), rng, size, Strength())
    _, (a, b), crops = best
    maps = [_crop_map(views, (a, b), crops, size), _crop_map(views, (b, a), crops[::-1], size)]
    pictures = [warped(np.asarray(views.images[i] @ _GREY, np.float32), crop, size) for i, crop in zip((a, b), crops, strict=True)]
    return pack(pictures, maps, rng)


def view_map(views: ViewSet, a: int, b: int, pixels: NDArray[np.floating]) -> NDArray[np.float64]:
    """Where pixels `[H, W, 2]` of view a are in view b, NaN where nothing is there, or it is hidden or out of the picture."""
    inverse = _read_smooth(views.inverse_depth[a], pixels)
    k_a, k_b = (views.matrices[i].astype(np.float64) for i in (a, b))
    (r_a, t_a), (r_b, t_b) = ((views.poses[i, :, :3].astype(np.float64), views.poses[i, :, 3].astype(np.float64)) for i in (a, b))
    turn = r_b @ r_a.T
    move = t_b - turn @ t_a
    rays = np.concatenate([pixels, np.ones_like(pixels[..., :1])], -1) @ np.linalg.inv(k_a).T
    seen = rays @ turn.T + inverse[..., None] * move  # scaled by the inverse depth: points far away are no special case
    depth = np.where(seen[..., 2:] > 1e-9, seen[..., 2:], np.nan)
    moved = (seen / depth) @ k_b.T
    other = _read_smooth(views.inverse_depth[b], moved[..., :2])
    same = np.abs(other * depth[..., 0] - inverse) < _AGREE * inverse
    height, width = views.inverse_depth.shape[1:]
    keep = same & inside(moved[..., :2], height, width)
    return np.asarray(np.where(keep[..., None], moved[..., :2], np.nan))


def _read_smooth(inverse: NDArray[np.float32], pixels: NDArray[np.floating]) -> NDArray[np.float64]:
    """Inverse depth between pixels; NaN at edges, outside and where there is nothing."""
    inverse = np.where(inverse > 0, inverse, np.nan).astype(np.float32)
    low, high = cv2.erode(inverse, np.ones((2, 2), np.uint8)), cv2.dilate(inverse, np.ones((2, 2), np.uint8))
    with np.errstate(over="ignore", invalid="ignore"):
        edge = ~(high - low < _EDGE * high)
    edge = cv2.dilate(edge.astype(np.uint8), np.ones((2, 2), np.uint8)) > 0
    place = np.nan_to_num(pixels, nan=-9).astype(np.float32)
    usable = np.where(edge, np.nan, inverse).astype(np.float32)
    outside = float("nan")
    read = cv2.remap(usable, place[..., 0], place[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=outside)
    return np.asarray(read, np.float64)


def _around(middle: NDArray[np.floating] | tuple[int, int], size: int, shape: tuple[int, int]) -> Matrix:
    """Crop of `size` pixels around a point, moved to stay in the picture where that is large enough."""
    low = [min(max(float(m) - (size - 1) / 2, 0), max(length - size, 0)) for m, length in zip(middle, shape[::-1], strict=True)]
    return translation(*np.rint(low))


def _crop_map(views: ViewSet, pair: tuple[int, int], crops: list[Matrix], size: int) -> NDArray[np.float32]:
    """Map between crops of two views, `[2, size, size]`, NaN where not seen."""
    there = view_map(views, *pair, apply(crops[0], grid(size, size)))
    moved = apply(np.linalg.inv(crops[1]), there)
    keep = inside(moved, size, size)
    return np.where(keep, moved.transpose(2, 0, 1), np.nan).astype(np.float32)
