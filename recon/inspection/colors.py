"""Colours for numbers: ramps whose lightness rises evenly, and a wheel for places and directions."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Colors = NDArray[np.uint8]
Values = NDArray[np.floating[Any]]

UNKNOWN = (38, 38, 42)
"""Colour of pixels of which nothing is known."""

_DEPTH = ((48, 18, 90), (52, 92, 190), (40, 170, 160), (140, 200, 80), (244, 180, 60), (220, 70, 40))
_HEAT = ((26, 38, 74), (36, 88, 130), (34, 140, 141), (90, 184, 108), (190, 216, 72), (253, 240, 150))
_TRUST = ((128, 32, 52), (196, 84, 50), (232, 160, 62), (214, 214, 112), (120, 200, 140), (46, 164, 150))


def depth_ramp(values: Values) -> Colors:
    """RGB `[..., 3]` of values in [0, 1]: far is cool, near is warm. Outside is clipped."""
    return _ramp(values, _DEPTH)


def heat_ramp(values: Values) -> Colors:
    """RGB `[..., 3]` of values in [0, 1]: dark blue to bright yellow."""
    return _ramp(values, _HEAT)


def trust_ramp(values: Values) -> Colors:
    """RGB `[..., 3]` of values in [0, 1]: red over yellow to teal."""
    return _ramp(values, _TRUST)


def _ramp(values: Values, anchors: tuple[tuple[int, int, int], ...]) -> Colors:
    table = np.array(anchors, float)
    stops = np.linspace(0, 1, len(table))
    lookup = np.stack([np.interp(np.linspace(0, 1, 256), stops, table[:, c]) for c in range(3)], axis=-1)
    index = np.rint(np.clip(np.nan_to_num(values), 0, 1) * 255).astype(np.uint8)
    result: Colors = np.rint(lookup).astype(np.uint8)[index]
    return result


def normal_colors(normals: Values) -> Colors:
    """RGB of unit normals `[..., 3]` in the camera frame: red to the right, green up, blue towards the camera."""
    shown = np.stack([normals[..., 0], -normals[..., 1], -normals[..., 2]], axis=-1)
    result: Colors = np.rint(np.clip(shown * 0.5 + 0.5, 0, 1) * 255).astype(np.uint8)
    return result


def wheel(vectors: Values) -> Colors:
    """RGB `[N, 3]` of vectors `[N, 2]`: the hue says where they point, the saturation how long they are (1 and above: full).

    Bright throughout, so that lines stand out from a photo.
    """
    import cv2

    x, y = np.asarray(vectors, np.float32).T if len(vectors) else (np.zeros(0, np.float32),) * 2
    hue = np.degrees(np.arctan2(y, x)) % 360
    saturation = 0.25 + 0.65 * np.clip(np.hypot(x, y), 0, 1)
    hsv = np.stack([hue, saturation, np.ones_like(hue)], axis=-1).astype(np.float32)[None]
    if not hsv.size:
        return np.zeros((0, 3), np.uint8)
    result: Colors = np.rint(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)[0] * 255).astype(np.uint8)
    return result
