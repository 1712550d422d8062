"""The classical filters on shapes whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from recon.errors import ShapeError
from recon.points import filters, orientation


def sphere(n: int = 3000, seed: int = 0) -> np.ndarray:
    points = np.random.default_rng(seed).normal(size=(n, 3))
    return points / np.linalg.norm(points, axis=1, keepdims=True)


def off_sphere(points: np.ndarray) -> float:
    return float(np.sqrt(np.square(np.linalg.norm(points, axis=1) - 1).mean()))


NOISY = sphere() + np.random.default_rng(1).normal(0, 0.02, (3000, 3))


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize(("smooth", "left"), [(filters.bilateral, 0.6), (filters.moving_least_squares, 0.5)])
def test_smoothing_takes_noise_away_at_any_scale(smooth, left: float, scale: float) -> None:  # type: ignore[no-untyped-def]
    assert off_sphere(smooth(NOISY * scale) / scale) < left * off_sphere(NOISY)


def test_moving_least_squares_leaves_a_clean_sphere_in_place() -> None:
    assert off_sphere(filters.moving_least_squares(sphere())) < 5e-4


def test_bilateral_leaves_a_plane_in_its_plane() -> None:
    plane = np.column_stack([np.random.default_rng(2).random((500, 2)), np.zeros(500)])
    np.testing.assert_allclose(filters.bilateral(plane)[:, 2], 0, atol=1e-9)


def test_far_points_are_statistical_outliers_and_points_of_the_surface_are_not() -> None:
    floating = np.random.default_rng(3).uniform(1.5, 3, (30, 3))
    stays = filters.statistical_inliers(np.concatenate([NOISY, floating]))
    assert not stays[-30:].any()
    assert stays[:-30].mean() > 0.97


def test_sparse_regions_are_no_local_outliers_but_points_in_the_air_are() -> None:
    dense, sparse, air = sphere(3000), 6 * sphere(300, 1), np.array([[3.0, 0, 0], [0, -3.5, 0]])
    stays = filters.local_inliers(np.concatenate([dense, sparse, air]))
    assert stays[:-2].all()
    assert not stays[-2:].any()


def test_lonely_points_have_too_few_neighbours_in_a_radius() -> None:
    points = np.concatenate([NOISY, [[3.0, 0, 0], [3.05, 0, 0]]])
    assert filters.radius_inliers(points, 0.1, 1)[-2:].tolist() == [True, True]
    assert filters.radius_inliers(points, 0.1, 2)[-2:].tolist() == [False, False]
    with pytest.raises(ShapeError):
        filters.radius_inliers(points, 0.0, 1)


def test_normals_of_a_sphere_point_from_its_middle() -> None:
    points = sphere()
    normals = orientation.consistent(points, filters.pca_normals(points))
    assert np.einsum("nc,nc->n", points, normals).min() > 0.95


def test_every_separate_part_is_oriented() -> None:
    parts = np.concatenate([sphere(800), sphere(800, 1) + [5, 0, 0]])
    normals = orientation.consistent(parts, filters.pca_normals(parts))
    outward = parts - np.repeat([[0, 0, 0], [5, 0, 0]], 800, axis=0)
    assert np.einsum("nc,nc->n", outward, normals).min() > 0.5


def test_normals_follow_given_ones() -> None:
    points = sphere(500)
    normals = filters.pca_normals(points)
    assert np.einsum("nc,nc->n", points, orientation.like(normals, (-points).astype(np.float32))).max() < -0.9


def test_chunks_do_not_change_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = filters.bilateral(NOISY)
    monkeypatch.setattr(filters, "CHUNK", 700)
    np.testing.assert_array_equal(filters.bilateral(NOISY), whole)
