"""The ways to refine a cloud, by name: the network and the classical filters, with the same result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from recon.errors import SettingsError
from recon.points import filters, orientation
from recon.points.checks import usable, usable_normals
from recon.scene import PointCloud

_FEW = 4
"""'radius': a point is alone with fewer others nearby, which is where most points have seven."""
METHODS = {
    "pointnet2": "network: removes outliers, moves points onto the surface, renews normals",
    "statistical": "removes points far from their neighbours; moves nothing",
    "radius": "removes points with few others nearby; moves nothing",
    "bilateral": "moves points to their neighbours' mean, keeping edges",
    "mls": "moves points onto the quadric through their neighbours",
}


def refine_by(
    method: str,
    cloud: PointCloud,
    *,
    device: str = "cpu",
    weights: str = "",
    keep_normals: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> PointCloud:
    """Refines a cloud.

    Args:
        method: One of METHODS.
        cloud: Any cloud; points whose coordinates are no numbers are left out.
        device: Where the network runs.
        weights: File of the network's weights; the shipped ones when empty.
        keep_normals: The cloud's normals, if it has any, are better than what points alone say: those of depth maps are.
        progress: Is told what is done, of how much; may raise.

    Returns:
        The points that stayed, with their attributes; displaced ones have the origin MOVED. Its normals are new unless
        they are to be kept, or nothing moves.

    Raises:
        InputError: The cloud has too few points, or no extent.
        SettingsError: There is no such method.
        WeightsError: The network's weights are missing or damaged.
    """
    if method not in METHODS:
        raise SettingsError(f"There is no method '{method}'.", f"There are: {', '.join(METHODS)}.", "Choose one of them.")
    cloud = usable(cloud)
    if cloud.normals is not None and not usable_normals(cloud):
        cloud = replace(cloud, normals=None)
    if method == "statistical":
        return cloud.select(filters.statistical_inliers(cloud.points))
    if method == "radius":
        return cloud.select(filters.radius_inliers(cloud.points, max(filters.reach(cloud.points), float(np.finfo(np.float32).tiny)), _FEW))
    from recon.points.refine import load_network, moved, refine

    if method == "pointnet2":
        return refine(cloud, load_network(weights, device), keep_normals=keep_normals, progress=progress)
    move = filters.bilateral if method == "bilateral" else filters.moving_least_squares
    result = moved(cloud, _around_middle(move, cloud))
    if keep_normals and cloud.normals is not None:
        return result
    return replace(result, normals=orientation.renewed(result.points, filters.pca_normals(result.points), cloud.normals))


def _around_middle(move: Callable[..., NDArray[np.float32]], cloud: PointCloud) -> NDArray[np.float32]:
    """What a filter makes of the points; it sees them around the origin, where float32 is finest."""
    middle = cloud.points.astype(np.float64).mean(0)
    points: NDArray[np.float32] = (move(cloud.points - middle) + middle).astype(np.float32)
    return points
