"""The matches of a pair drawn between its two photos."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.inspection.colors import Colors, wheel
from recon.inspection.overlay import draw_dots, draw_lines, empty_layer, laid_over

Points = NDArray[np.float32]
Size = tuple[int, int]

COLORINGS = {"position": "By place", "direction": "By direction"}
_GAP = 8
_GROUND = (24, 24, 26)
VEIL = 0.62
"""Brightness of the photos under the lines."""


def match_colors(left: Points, right: Points, sizes: tuple[Size, Size], by: str = "position") -> Colors:
    """A colour for each match, alike for matches that lie or run alike, so that a wrong one stands out.

    Args:
        left: `[N, 2]` ends in the first photo, pixels.
        right: `[N, 2]` ends in the second photo.
        sizes: Width and height of both photos.
        by: 'position' in the first photo, or 'direction' of the way from the first to the second, seen from the median way.

    Returns:
        `[N, 3]` uint8 RGB.
    """
    if not len(left):
        return np.zeros((0, 3), np.uint8)
    one, two = (_middle(points, size) for points, size in zip((left, right), sizes, strict=True))
    if by == "position":
        return wheel(one / 0.8)
    way = two - one
    way = way - np.median(way, axis=0)
    reach = float(np.percentile(np.hypot(*way.T), 90))
    return wheel(way / max(reach, 1e-6))


def _middle(points: Points, size: Size) -> Points:
    """Places seen from the middle of the photo, in halves of its longer side."""
    middle = (np.array(size, np.float32) - 1) / 2
    return np.asarray((points - middle) / max(float(max(size)) / 2, 1.0), np.float32)


def spread(points: Points, most: int) -> NDArray[np.int64]:
    """Numbers of at most `most` of the points `[N, 2]`, spread over the picture: a grid's cells give one point each in turn.

    Deterministic; a larger `most` keeps those of a smaller one.
    """
    if len(points) <= most:
        return np.arange(len(points))
    low, high = points.min(axis=0), points.max(axis=0)
    cells = np.minimum(((points - low) / np.maximum(high - low, 1e-9) * 12).astype(np.int64), 11)
    cell = cells[:, 1] * 12 + cells[:, 0]
    order = np.argsort(cell, kind="stable")
    start = np.searchsorted(cell[order], cell[order], side="left")
    turn = np.empty(len(points), np.int64)
    turn[order] = np.arange(len(points)) - start  # which of its cell's points this is
    return np.sort(np.lexsort((cell * 7 % 144, turn))[:most])


def opacity(count: int) -> float:
    """How opaque each of `count` lines is, so that many do not hide the photos."""
    return float(np.clip(9 / np.sqrt(max(count, 1)), 0.45, 1.0))


def draw_matches(
    pictures: tuple[NDArray[np.uint8], NDArray[np.uint8]],
    ends: tuple[Points, Points],
    sizes: tuple[Size, Size],
    *,
    keypoints: tuple[Points, Points] | None = None,
    most: int = 200,
    by: str = "position",
) -> NDArray[np.uint8]:
    """Two photos side by side with lines between their matches.

    Args:
        pictures: Both photos, RGB uint8, of any size; the second is scaled to the height of the first.
        ends: `[N, 2]` each: the matches, in full-size pixels of each photo.
        sizes: Full width and height of both photos.
        keypoints: All keypoints, drawn as faint dots.
        most: So many lines at most, spread over the photo.
        by: See `match_colors`.

    Returns:
        `[H, W, 3]` uint8 RGB.
    """
    left, right = pictures
    right = _to_height(right, left.shape[0])
    offset = left.shape[1] + _GAP
    canvas = np.full((left.shape[0], offset + right.shape[1], 3), _GROUND, np.uint8)
    canvas[:, : left.shape[1]], canvas[:, offset:] = left * VEIL, right * VEIL
    shift = np.array([offset, 0], np.float32)
    if keypoints is not None:
        dots = empty_layer(canvas.shape[1], canvas.shape[0])
        draw_dots(dots, _scaled(keypoints[0], sizes[0], left), (255, 255, 255), 1.4, 0.5)
        draw_dots(dots, _scaled(keypoints[1], sizes[1], right) + shift, (255, 255, 255), 1.4, 0.5)
        canvas = laid_over(canvas, dots)
    places = np.concatenate([_scaled(ends[0], sizes[0], left), _scaled(ends[1], sizes[1], right) + shift], axis=1)
    chosen = spread(places[:, :2], most)
    colors, places = match_colors(ends[0], ends[1], sizes, by)[chosen], places[chosen]
    layer = empty_layer(canvas.shape[1], canvas.shape[0])
    draw_lines(layer, places, colors)
    canvas = laid_over(canvas, layer, opacity(len(chosen)))
    layer[:] = 0
    draw_dots(layer, places.reshape(-1, 2), np.repeat(colors, 2, axis=0), 4)
    return laid_over(canvas, layer)


def _to_height(picture: NDArray[np.uint8], height: int) -> NDArray[np.uint8]:
    import cv2

    if picture.shape[0] == height:
        return picture
    width = max(1, round(picture.shape[1] * height / picture.shape[0]))
    return np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _scaled(points: Points, size: Size, picture: NDArray[Any]) -> Points:
    """Full-size pixels to those of a picture of the photo; pixel centres are whole numbers in both."""
    scale = np.array([picture.shape[1] / size[0], picture.shape[0] / size[1]], np.float32)
    return np.asarray((points + 0.5) * scale - 0.5, np.float32)
