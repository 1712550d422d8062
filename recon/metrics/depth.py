"""Error of a depth map against the true one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recon.errors import ShapeError
from recon.scene.checks import array


@dataclass(frozen=True)
class DepthScore:
    """Depth error over the pixels that are known in the truth.

    Args:
        coverage: Share of them that are known in the estimate.
        mean: Mean absolute error over pixels known in both; NaN when there are none.
        median: Median absolute error.
        rmse: Root mean square error.
        within: Threshold -> share of the truth's pixels whose estimate is known and within it.
    """

    coverage: float
    mean: float
    median: float
    rmse: float
    within: dict[float, float]


def depth_error(
    depth: NDArray[np.floating],
    truth: NDArray[np.floating],
    thresholds: Sequence[float] = (),
    *,
    relative: bool = False,
    mask: NDArray[np.bool_] | None = None,
) -> DepthScore:
    """Compares two depth maps `[H, W]`, 0 = unknown.

    Args:
        depth: Estimate.
        truth: True depth.
        thresholds: For `DepthScore.within`.
        relative: Divide errors by the true depth.
        mask: `[H, W]` pixels to look at; all when None.

    Raises:
        ShapeError: Sizes differ or the truth is empty.
    """
    truth_hw = array(truth, "truth", (None, None), np.float64)
    depth_hw = array(depth, "depth", truth_hw.shape, np.float64)
    known = truth_hw > 0
    if mask is not None:
        known &= array(mask, "mask", truth_hw.shape, np.bool_)
    if not known.any():
        raise ShapeError("the truth has no known depth")
    both = known & (depth_hw > 0)
    error = np.abs(depth_hw[both] - truth_hw[both])
    if relative:
        error = error / truth_hw[both]
    total = int(known.sum())
    within = {float(t): float((error <= t).sum() / total) for t in thresholds}
    if len(error) == 0:
        return DepthScore(0.0, np.nan, np.nan, np.nan, within)
    return DepthScore(len(error) / total, float(error.mean()), float(np.median(error)), float(np.sqrt((error**2).mean())), within)
