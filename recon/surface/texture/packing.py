"""Rectangles side by side in one picture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def pack(sizes: NDArray[np.int64], width: int) -> tuple[NDArray[np.int64], int]:
    """Bottom-left packing along a skyline, tall rectangles first.

    Args:
        sizes: `[R, 2]` width and height, at most `width` wide.
        width: Of the picture.

    Returns:
        Top-left corners `[R, 2]` and the height that is used.
    """
    from scipy.ndimage import maximum_filter1d

    skyline = np.zeros(width, np.int64)
    places = np.zeros_like(sizes)
    for i in np.lexsort((-sizes[:, 0], -sizes[:, 1])):
        across, down = sizes[i]
        starts = width - across + 1
        tops = maximum_filter1d(skyline, across, origin=-(across // 2))[:starts] if across > 1 else skyline
        x = int(tops.argmin())
        y = int(tops[x])
        places[i] = x, y
        skyline[x : x + across] = y + down
    return places, int(skyline.max(initial=0))
