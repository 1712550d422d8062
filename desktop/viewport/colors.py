"""Colour modes: what is known of a point, as a colour."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from desktop.viewport.geometry import Geometry, farthest, most_views
from desktop.viewport.layers import ViewStyle

Colors = NDArray[np.uint8]

PLAIN = np.array([176, 178, 182], np.uint8)
"""Grey of whatever has no value in the present colour mode."""
ORIGINS = np.array([[196, 198, 202], [246, 176, 66], [214, 84, 148]], np.uint8)
"""Measured, moved, generated."""

# Turbo colour map at eleven stations (A. Mikhailov, Google 2019), joined by straight lines.
_TURBO = np.array(
    [
        [48, 18, 59], [69, 90, 205], [62, 156, 254], [24, 215, 203], [72, 248, 130], [164, 252, 60],
        [226, 220, 56], [254, 163, 49], [239, 89, 17], [194, 36, 3], [122, 4, 3],
    ],
    np.float32,
)  # fmt: skip


def color_map(values: NDArray[np.floating[Any]]) -> Colors:
    """Turbo colours `[..., 3]` uint8 of values `[...]` in [0, 1]; outside is clipped."""
    table = np.stack([np.interp(np.linspace(0, 10, 256), np.arange(11), _TURBO[:, k]) for k in range(3)], axis=1).astype(np.uint8)
    index = np.clip(np.nan_to_num(values) * 255.0, 0, 255).astype(np.uint8)
    result: Colors = table[index]
    return result


def layer_colors(geometry: Geometry, style: ViewStyle, up: NDArray[np.float64], start: int = 0, stop: int | None = None) -> Colors:
    """Colours `[n, 3]` uint8 of the points from `start` to `stop`.

    'depth' is coloured from the drawn picture; here it gives grey. What has no value in a mode is grey.

    Args:
        geometry: The layer.
        style: Its `color_mode` and `farthest` count.
        up: `[3]` direction of height.
        start: First point.
        stop: One past the last point.
    """
    points, known, mode = geometry.points[start:stop], geometry.attributes, style.color_mode
    if mode == "height":
        reach = np.array([geometry.low, geometry.high]) @ np.diag(up)
        low, high = reach.min(axis=0).sum(), reach.max(axis=0).sum()
        return color_map((points @ up.astype(np.float32) - low) / max(high - low, 1e-12))
    if mode not in known:
        return np.tile(PLAIN, (len(points), 1))
    values = known[mode][start:stop]
    if mode == "rgb":
        return np.asarray(np.clip(values * 255.0 + 0.5, 0, 255), np.uint8)
    if mode == "normals":
        return np.asarray(np.clip((values + 1.0) * 127.5, 0, 255), np.uint8)
    if mode == "confidence":
        return color_map(values)
    if mode == "views":
        return color_map((values.astype(np.float32) - 1.0) / (most_views(geometry) - 1.0))
    if mode == "distance":
        return color_map(values / (style.farthest or farthest(geometry)))
    return np.asarray(ORIGINS[np.minimum(values, len(ORIGINS) - 1)])
