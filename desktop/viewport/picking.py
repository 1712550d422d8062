"""From a click to a point in the world."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from desktop.viewport.backends.base import View

REACH = 6
"""Pixels about the click in which the nearest drawn one is taken."""


def pick(depth: NDArray[np.float32], view: View, x: float, y: float) -> NDArray[np.float64] | None:
    """World point `[3]` under a position of the picture, or that of the drawn pixel nearest to it; None where there is nothing.

    Args:
        depth: `[H, W]` z-depth, 0 = nothing; any size.
        view: From where the picture was taken.
        x: Position across in [0, 1].
        y: Position down in [0, 1].
    """
    height, width = depth.shape
    column, row = x * width - 0.5, y * height - 0.5
    left, top = max(round(column) - REACH, 0), max(round(row) - REACH, 0)
    patch = depth[top : max(round(row) + REACH + 1, 0), left : max(round(column) + REACH + 1, 0)]
    rows, columns = np.nonzero(patch)
    if not len(rows):
        return None
    nearest = int(np.argmin((rows + top - row) ** 2 + (columns + left - column) ** 2))
    at = np.array([columns[nearest] + left, rows[nearest] + top], np.float64)
    local = view.camera.scaled(width, height).unproject(at, np.array(patch[rows[nearest], columns[nearest]]))
    return view.cam_from_world.inverse().apply(local)
