"""The similarity transform that brings one set of points closest to another."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recon.errors import ReconstructionError
from recon.scene import Sim3
from recon.scene.checks import array


def umeyama(src: NDArray[np.floating], dst: NDArray[np.floating], *, unique: bool = True) -> Sim3:
    """Least-squares `dst_from_src` (Umeyama 1991, eq. 40-43).

    Args:
        src: `[N, 3]`.
        dst: `[N, 3]`, the same points in the target frame.
        unique: Refuse points on one line, which leave the turn about it open.

    Returns:
        The similarity that minimises the sum of `|dst - dst_from_src(src)|^2`.

    Raises:
        ShapeError: Shapes differ.
        ReconstructionError: Fewer than three points, all at one place, or (`unique`) on one line.
    """
    src_n3 = array(src, "src", (None, 3), np.float64)
    dst_n3 = array(dst, "dst", (len(src_n3), 3), np.float64)
    if len(src_n3) < 3:
        raise _impossible(f"There are {len(src_n3)} common points; three are needed.")
    src_mean, dst_mean = src_n3.mean(axis=0), dst_n3.mean(axis=0)
    src_0, dst_0 = src_n3 - src_mean, dst_n3 - dst_mean
    variance = float((src_0**2).sum() / len(src_0))
    u, singular, vt = np.linalg.svd(dst_0.T @ src_0 / len(src_0))
    if not (variance > 0 and singular[0] > 0):
        raise _impossible("All points lie at one place.")
    if unique and singular[1] < 1e-9 * singular[0]:
        raise _impossible("All points lie on one line, so the turn about it is open.")
    sign = np.array([1.0, 1.0, np.sign(np.linalg.det(u) * np.linalg.det(vt))])
    rotation = (u * sign) @ vt
    scale = float((singular * sign).sum() / variance)
    return Sim3(rotation, dst_mean - scale * rotation @ src_mean, scale)


def _impossible(why: str) -> ReconstructionError:
    return ReconstructionError("The reconstruction cannot be aligned with the truth.", why, "Register more photos from different places.")
