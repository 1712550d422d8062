"""Depth of one view."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recon.scene.checks import array, optional
from recon.scene.origin import Origin


@dataclass(frozen=True, eq=False)
class DepthMap:
    """Depth along the optical axis (z-depth) of every pixel of a view.

    Args:
        depth: `[H, W]` float32, scene units, 0 = unknown.
        confidence: `[H, W]` float32 in [0, 1], or None.
        normal: `[H, W, 3]` float32 unit normals in the *camera* frame facing the camera (z < 0), 0 = unknown, or None.
        num_views: `[H, W]` uint8, views that agree with the pixel, the reference included, or None.
        origin: Provenance of every pixel of the map.
    """

    depth: NDArray[np.float32]
    confidence: NDArray[np.float32] | None = None
    normal: NDArray[np.float32] | None = None
    num_views: NDArray[np.uint8] | None = None
    origin: Origin = Origin.MEASURED

    def __post_init__(self) -> None:
        depth = array(self.depth, "depth", (None, None), np.float32)
        object.__setattr__(self, "depth", depth)
        for name, tail, dtype in (("confidence", (), np.float32), ("normal", (3,), np.float32), ("num_views", (), np.uint8)):
            object.__setattr__(self, name, optional(getattr(self, name), name, (*depth.shape, *tail), dtype))
