"""What a cloud has to be before it is refined."""

from __future__ import annotations

import numpy as np

from recon.errors import InputError
from recon.scene import PointCloud

LEAST = 16
"""A cloud of fewer points has no surface to speak of."""


def usable(cloud: PointCloud) -> PointCloud:
    """The points whose coordinates are numbers; their normals only if all of them are.

    Raises:
        InputError: Too few points are left, or all lie in one place.
    """
    what, finite = "The cloud cannot be refined.", np.asarray(np.isfinite(cloud.points).all(1))
    if finite.sum() < LEAST:
        why = f"It has {finite.sum()} points with coordinates that are numbers; {LEAST} are needed."
        raise InputError(what, why, "Give a cloud with more points.")
    left = cloud if finite.all() else cloud.select(finite)
    if not np.ptp(left.points, axis=0).max() > 0:
        raise InputError(what, "All its points lie in one place.", "Give a cloud of a surface.")
    return left


def usable_normals(cloud: PointCloud) -> bool:
    """Whether every point has a normal that says a direction."""
    return cloud.normals is not None and bool((np.abs(np.linalg.norm(cloud.normals, axis=1) - 1) < 0.1).all())
