"""A cloud of points with whatever is known of each point."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.scene.checks import array, optional
from recon.scene.origin import Origin


@dataclass(frozen=True, eq=False)
class PointCloud:
    """Points in the world frame.

    Args:
        points: `[N, 3]` float32.
        normals: `[N, 3]` float32 unit vectors, or None.
        colors: `[N, 3]` float32 RGB in [0, 1], or None.
        confidence: `[N]` float32 in [0, 1], or None.
        num_views: `[N]` uint8, views that agree on the point, or None.
        origin: `[N]` uint8 of `Origin`; all MEASURED when left out.
    """

    points: NDArray[np.float32]
    normals: NDArray[np.float32] | None = None
    colors: NDArray[np.float32] | None = None
    confidence: NDArray[np.float32] | None = None
    num_views: NDArray[np.uint8] | None = None
    origin: NDArray[np.uint8] | None = None

    def __post_init__(self) -> None:
        points = array(self.points, "points", (None, 3), np.float32)
        object.__setattr__(self, "points", points)
        n = len(points)
        if self.origin is None:
            object.__setattr__(self, "origin", np.full(n, Origin.MEASURED, np.uint8))
        for name, shape, dtype in (
            ("normals", (n, 3), np.float32),
            ("colors", (n, 3), np.float32),
            ("confidence", (n,), np.float32),
            ("num_views", (n,), np.uint8),
            ("origin", (n,), np.uint8),
        ):
            object.__setattr__(self, name, optional(getattr(self, name), name, shape, dtype))

    def __len__(self) -> int:
        return len(self.points)

    def select(self, index: NDArray[np.bool_] | NDArray[np.integer]) -> PointCloud:
        """The points picked by a mask `[N]` or an index array, with all their attributes."""
        picked: dict[str, Any] = {f.name: None if getattr(self, f.name) is None else getattr(self, f.name)[index] for f in fields(self)}
        return replace(self, **picked)
