"""Accuracy, completeness and F-score of clouds where every distance is known."""

import numpy as np
import pytest

from recon.errors import ShapeError
from recon.metrics import compare_clouds, depth_error, evened, f_score, sample_mesh
from recon.metrics.clouds import median_spacing, nearest_distances
from recon.scene import TriMesh

LINE = np.stack([np.arange(10.0), np.zeros(10), np.zeros(10)], axis=-1)


def test_perfect_cloud_scores_one():
    score = compare_clouds(LINE, LINE, [0.1])
    assert (score.accuracy, score.completeness) == (0, 0)
    assert score.scores[0].f == 1.0


def test_half_the_line_shifted_gives_the_figures_computed_by_hand():
    # Five of ten points, lifted by 0.3; two more at a height of 2.
    points = np.concatenate([LINE[:5] + np.array([0, 0, 0.3]), LINE[:2] + np.array([0, 0, 2.0])])
    tight, loose = f_score(points, LINE, [0.2, 0.5])
    assert (tight.precision, tight.recall, tight.f) == (0, 0, 0)
    assert loose.precision == pytest.approx(5 / 7)
    assert loose.recall == pytest.approx(0.5)
    assert loose.f == pytest.approx(2 * (5 / 7) * 0.5 / (5 / 7 + 0.5))
    score = compare_clouds(points, LINE, [0.5])
    assert score.accuracy == pytest.approx((5 * 0.3 + 2 * 2.0) / 7)
    assert score.completeness == pytest.approx((5 * 0.3 + sum(np.hypot(k, 0.3) for k in range(1, 6))) / 10)


def test_distance_at_the_threshold_counts():
    assert f_score(LINE + np.array([0, 0.5, 0]), LINE, [0.5])[0].f == 1.0


def test_empty_reconstruction_scores_zero_and_has_no_distances():
    score = compare_clouds(np.zeros((0, 3)), LINE, [1.0])
    assert score.scores[0].f == 0.0
    assert np.isnan(score.accuracy)


def test_bad_input_is_refused():
    with pytest.raises(ShapeError):
        compare_clouds(LINE, np.zeros((0, 3)), [1.0])
    with pytest.raises(ShapeError):
        compare_clouds(LINE, LINE, [0.0])
    with pytest.raises(ShapeError):
        nearest_distances(np.full((1, 3), np.nan), LINE)
    with pytest.raises(ShapeError):
        nearest_distances(LINE[:, :2], LINE)


def test_samples_of_a_mesh_follow_area():
    # Two squares, areas 1 and 3, as four triangles.
    vertices = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 0, 5], [3, 0, 5], [3, 1, 5], [0, 1, 5]], np.float32)
    mesh = TriMesh(vertices, np.array([[0, 1, 2], [0, 2, 3], [4, 5, 6], [4, 6, 7]], np.int32))
    points, face = sample_mesh(mesh, 40000, np.random.default_rng(0))
    assert (face >= 2).mean() == pytest.approx(0.75, abs=0.01)
    np.testing.assert_allclose(points[face >= 2].mean(axis=0), [1.5, 0.5, 5], atol=0.03)
    assert (points[face < 2] >= 0).all()
    assert (points[face < 2, :2] <= 1).all()


def test_evened_keeps_one_point_a_cube():
    points = np.array([[0.1, 0, 0], [0.2, 0, 0], [1.1, 0, 0], [-0.1, 0, 0]])
    np.testing.assert_array_equal(evened(points, 1.0), [0, 2, 3])


def test_depth_error_by_hand():
    truth = np.array([[1.0, 2.0], [4.0, 0.0]])
    found = np.array([[1.5, 0.0], [3.0, 7.0]])
    score = depth_error(found, truth, [0.6])
    assert score.coverage == pytest.approx(2 / 3)
    assert score.mean == pytest.approx(0.75)
    assert score.rmse == pytest.approx(np.sqrt((0.25 + 1) / 2))
    assert score.within[0.6] == pytest.approx(1 / 3)
    assert depth_error(found, truth, relative=True).mean == pytest.approx((0.5 + 0.25) / 2)
    with pytest.raises(ShapeError):
        depth_error(found, np.zeros((2, 2)))


def test_spacing_of_a_grid_is_its_step() -> None:
    grid = np.stack(np.meshgrid(*[np.arange(12) * 0.25] * 3), axis=-1).reshape(-1, 3)
    assert median_spacing(grid) == pytest.approx(0.25)
    assert median_spacing(grid[:1]) is None
