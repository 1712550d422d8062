"""Iterative closest point: brings a cloud onto a surface that it roughly lies on already."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recon.errors import ReconstructionError
from recon.metrics.align import umeyama
from recon.scene import Sim3
from recon.scene.checks import array

_SAMPLES = 20_000


@dataclass(frozen=True, eq=False)
class IcpResult:
    """An alignment.

    Args:
        transform: `dst_from_src`.
        rmse: Root mean square distance of the pairs that were used.
    """

    transform: Sim3
    rmse: float


def icp(
    src: NDArray[np.floating],
    dst: NDArray[np.floating],
    *,
    start: Sim3 | None = None,
    scale: bool = False,
    overlap: float = 0.9,
    rounds: int = 100,
    tolerance: float = 1e-6,
) -> IcpResult:
    """Point-to-point ICP that leaves out the worst pairs of every round (Chetverikov et al. 2002, "The trimmed iterative closest
    point algorithm"); with `scale` each round is a similarity instead of a rigid motion.

    Args:
        src: `[N, 3]` points to be moved; at most 20,000 of them are used.
        dst: `[M, 3]` points of the target.
        start: Where to begin; identity when None. It has to be about right.
        scale: Estimate the scale too.
        overlap: Share of the pairs that count.
        rounds: At most.
        tolerance: Ends when the error changes by less than this share.

    Raises:
        ReconstructionError: Fewer than three points, or points on one line.
    """
    from scipy.spatial import cKDTree

    src_n3 = array(src, "src", (None, 3), np.float64)
    dst_m3 = array(dst, "dst", (None, 3), np.float64)
    src_n3 = src_n3[:: max(1, len(src_n3) // _SAMPLES)]
    if min(len(src_n3), len(dst_m3)) < 3:
        raise ReconstructionError("The surfaces cannot be aligned.", "One of them has fewer than three points.", "Give denser surfaces.")
    tree = cKDTree(dst_m3)
    transform = start or Sim3(np.eye(3), np.zeros(3))
    before, error = np.inf, np.inf
    count = max(3, round(overlap * len(src_n3)))
    for _ in range(rounds):
        distance, nearest = tree.query(transform.apply(src_n3), workers=-1)
        best = np.argpartition(distance, count - 1)[:count]
        error = float(np.sqrt((distance[best] ** 2).mean()))
        if error >= (1 - tolerance) * before:
            break
        before = error
        transform = _fit(src_n3[best], dst_m3[nearest[best]], transform.scale, scale)
    return IcpResult(transform, error)


def _fit(src: NDArray[np.float64], dst: NDArray[np.float64], fixed: float, scale: bool) -> Sim3:
    found = umeyama(src, dst)
    if scale:
        return found
    return Sim3(found.rotation, dst.mean(axis=0) - fixed * found.rotation @ src.mean(axis=0), fixed)
