"""Lines and dots over pictures, fast enough to be drawn anew while somebody zooms.

A layer is `[H, W, 4]` uint8: RGB premultiplied with its opacity, and the opacity.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.inspection.colors import Colors

Layer = NDArray[np.uint8]
Points = NDArray[np.float32]

_BITS = 4
"""Fractional bits of OpenCV's coordinates."""
_FAR = 1 << 24
"""Pixels from which on a place is outside every picture."""


def empty_layer(width: int, height: int) -> Layer:
    """A layer that hides nothing."""
    return np.zeros((height, width, 4), np.uint8)


def draw_lines(layer: Layer, ends: Points, colors: Colors, width: int = 1) -> None:
    """Draws smooth lines; later ones hide earlier ones.

    Args:
        layer: Changed in place.
        ends: `[L, 4]` x, y of both ends in pixels (top-left pixel centre = 0).
        colors: `[L, 3]` RGB.
        width: Pixels.
    """
    import cv2

    seen = _touches(ends, layer)
    ends, colors = ends[seen], colors[seen]
    if not len(ends):
        return
    fixed = np.rint(ends * (1 << _BITS)).astype(np.int32).reshape(-1, 2, 2)
    _, first, group = np.unique(colors >> 4, axis=0, return_index=True, return_inverse=True)
    for number, color in enumerate(colors[first].tolist()):
        cv2.polylines(layer, list(fixed[group.ravel() == number]), False, (*color, 255), width, cv2.LINE_AA, _BITS)


def _touches(ends: Points, layer: Layer) -> NDArray[np.bool_]:
    """Which lines may be seen."""
    height, width = layer.shape[:2]
    low, high = np.minimum(ends[:, :2], ends[:, 2:]), np.maximum(ends[:, :2], ends[:, 2:])
    near = (np.abs(ends) < _FAR).all(axis=1)
    return np.asarray(near & (high >= -8).all(axis=1) & (low <= (width + 8, height + 8)).all(axis=1))


def draw_dots(layer: Layer, points: Points, colors: Any, diameter: float, opacity: float = 1.0) -> None:
    """Draws round dots.

    Args:
        layer: Changed in place.
        points: `[N, 2]` x, y.
        colors: `[N, 3]` RGB, or one colour for all.
        diameter: Pixels.
        opacity: From 0 to 1.
    """
    height, width = layer.shape[:2]
    inside = ((points > -diameter) & (points < (width + diameter, height + diameter))).all(axis=1)
    places = points[inside]
    tints = np.broadcast_to(np.asarray(colors, np.float32), (len(points), 3))[inside]
    corner = np.floor(places).astype(np.int64)
    offset = places - corner
    reach = int(np.ceil(diameter / 2)) + 1
    for dy in range(-reach, reach + 1):
        for dx in range(-reach, reach + 1):
            distance = np.hypot(dx - offset[:, 0], dy - offset[:, 1])
            cover = np.clip(diameter / 2 + 0.5 - distance, 0, 1) * opacity
            x, y = corner[:, 0] + dx, corner[:, 1] + dy
            used = (cover > 0.02) & (x >= 0) & (y >= 0) & (x < width) & (y < height)
            if used.any():
                _blend(layer, x[used], y[used], tints[used], cover[used])


def _blend(layer: Layer, x: NDArray[np.int64], y: NDArray[np.int64], tints: NDArray[np.float32], cover: NDArray[Any]) -> None:
    """Lays colours over some pixels."""
    share = cover[:, None]
    front = np.concatenate([tints, np.full((len(tints), 1), 255, np.float32)], axis=1)
    layer[y, x] = np.rint(front * share + layer[y, x] * (1 - share)).astype(np.uint8)


def laid_over(picture: NDArray[np.uint8], layer: Layer, opacity: float = 1.0) -> NDArray[np.uint8]:
    """An RGB picture with a layer over it."""
    front = layer.astype(np.float32) * opacity
    return np.asarray(np.rint(np.clip(front[..., :3] + picture * (1 - front[..., 3:] / 255), 0, 255)), np.uint8)
