"""Accuracy, completeness and F-score between points and the true surface (Knapitsch et al. 2017, "Tanks and Temples", section 4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recon.errors import ShapeError
from recon.scene.checks import array


@dataclass(frozen=True)
class FScore:
    """Shares of points closer than a threshold.

    Args:
        threshold: Distance, scene units.
        precision: Share of the reconstruction's points whose nearest true point is within the threshold (accuracy).
        recall: Share of the true points whose nearest reconstructed point is within the threshold (completeness).
        f: Harmonic mean of the two; 0 when both are 0.
    """

    threshold: float
    precision: float
    recall: float
    f: float


@dataclass(frozen=True)
class CloudScore:
    """A cloud against the truth.

    Args:
        points: Number of points measured.
        accuracy: Mean distance from reconstruction to truth; NaN for an empty reconstruction.
        completeness: Mean distance from truth to reconstruction; NaN for an empty reconstruction.
        accuracy_median: Median of the first.
        completeness_median: Median of the second.
        scores: One for each threshold.
    """

    points: int
    accuracy: float
    completeness: float
    accuracy_median: float
    completeness_median: float
    scores: tuple[FScore, ...]


def nearest_distances(points: NDArray[np.floating], target: NDArray[np.floating]) -> NDArray[np.float64]:
    """Distance of each point `[N, 3]` to the nearest of `target` `[M, 3]`; infinite when the target is empty.

    Raises:
        ShapeError: Wrong shape or coordinates that are not finite.
    """
    from scipy.spatial import cKDTree

    points_n3, target_m3 = array(points, "points", (None, 3), np.float64), array(target, "target", (None, 3), np.float64)
    if not (np.isfinite(points_n3).all() and np.isfinite(target_m3).all()):
        raise ShapeError("coordinates must be finite")
    if len(target_m3) == 0:
        return np.full(len(points_n3), np.inf)
    distance: NDArray[np.float64] = cKDTree(target_m3).query(points_n3, workers=-1)[0]
    return distance


def chamfer(points: NDArray[np.floating], truth: NDArray[np.floating]) -> float:
    """Mean squared nearest distance both ways, summed (Fan et al. 2017, eq. 2, means in place of sums), in units squared.

    Raises:
        ShapeError: Wrong shape, coordinates that are not finite, or an empty cloud.
    """
    if not (len(points) and len(truth)):
        raise ShapeError("a cloud has no points")
    return float((nearest_distances(points, truth) ** 2).mean() + (nearest_distances(truth, points) ** 2).mean())


def median_spacing(points: NDArray[np.floating], samples: int = 10_000) -> float | None:
    """Median distance of points `[N, 3]` to their nearest neighbour, from `samples` of them; None for fewer than two."""
    from scipy.spatial import cKDTree

    if len(points) < 2:
        return None
    chosen = points[:: max(1, len(points) // samples)]
    return float(np.median(cKDTree(points).query(chosen, k=2, workers=-1)[0][:, 1]))


def compare_clouds(points: NDArray[np.floating], truth: NDArray[np.floating], thresholds: Sequence[float]) -> CloudScore:
    """Measures a reconstruction.

    Args:
        points: Reconstructed points `[N, 3]`; none at all scores 0.
        truth: Points `[M, 3]` evenly distributed over the true surface; their spacing should be well under the thresholds.
        thresholds: Distances, scene units.

    Raises:
        ShapeError: Wrong shape, no truth, coordinates that are not finite or thresholds that are not positive.
    """
    if len(truth) == 0:
        raise ShapeError("the truth has no points")
    if any(not t > 0 for t in thresholds):
        raise ShapeError(f"thresholds must be above 0, got {list(thresholds)}")
    to_truth, to_points = nearest_distances(points, truth), nearest_distances(truth, points)
    scores = tuple(_score(float(t), to_truth, to_points) for t in thresholds)
    if len(to_truth) == 0:
        return CloudScore(0, np.nan, np.nan, np.nan, np.nan, scores)
    means = float(to_truth.mean()), float(to_points.mean())
    return CloudScore(len(to_truth), *means, float(np.median(to_truth)), float(np.median(to_points)), scores)


def f_score(points: NDArray[np.floating], truth: NDArray[np.floating], thresholds: Sequence[float]) -> tuple[FScore, ...]:
    """Precision, recall and F at each threshold; see `compare_clouds`."""
    return compare_clouds(points, truth, thresholds).scores


def _score(threshold: float, to_truth: NDArray[np.float64], to_points: NDArray[np.float64]) -> FScore:
    precision = float((to_truth <= threshold).mean()) if len(to_truth) else 0.0
    recall = float((to_points <= threshold).mean())
    total = precision + recall
    return FScore(threshold, precision, recall, 2 * precision * recall / total if total > 0 else 0.0)
