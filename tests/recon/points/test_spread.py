"""Points repel each other along the surface."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from recon.points.spread import spread


def clumped(n: int = 900) -> np.ndarray:
    rng = np.random.default_rng(0)
    return np.column_stack([rng.random((n, 2)), np.zeros(n)]).astype(np.float32)


UP = np.tile([0.0, 0.0, 1.0], (900, 1))


def gap(points: np.ndarray) -> float:
    """Mean squared distance of places on the sheet to the nearest point."""
    places = np.column_stack([np.random.default_rng(1).uniform(0.1, 0.9, (4000, 2)), np.zeros(4000)])
    return float(np.square(cKDTree(points).query(places)[0]).mean())


def test_gaps_close_and_points_stay_in_the_plane() -> None:
    before, after = clumped(), spread(clumped(), UP, farthest=1.0)
    assert gap(after) < 0.7 * gap(before)
    np.testing.assert_allclose(after[:, 2], 0, atol=1e-7)


def test_no_point_goes_farther_than_allowed() -> None:
    moved = np.linalg.norm(spread(clumped(), UP, farthest=0.003) - clumped(), axis=1)
    assert moved.max() < 0.003 * 1.001
    np.testing.assert_array_equal(spread(clumped(), UP, farthest=0.0), clumped())


def test_equal_points_and_few_points_are_no_trouble() -> None:
    for points in (np.ones((50, 3), np.float32), clumped()[:2], clumped()[:1]):
        assert np.isfinite(spread(points, UP[: len(points)], farthest=1.0)).all()
