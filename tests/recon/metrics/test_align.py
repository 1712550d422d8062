"""Umeyama against transforms that are known."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from recon.errors import ReconstructionError, ShapeError
from recon.metrics import umeyama


def test_recovers_a_known_similarity():
    rng = np.random.default_rng(0)
    src = rng.normal(size=(20, 3))
    rotation = Rotation.from_rotvec([0.3, -1.2, 0.5]).as_matrix()
    found = umeyama(src, 2.5 * src @ rotation.T + [1.0, -2.0, 3.0])
    assert found.scale == pytest.approx(2.5)
    np.testing.assert_allclose(found.rotation, rotation, atol=1e-12)
    np.testing.assert_allclose(found.translation, [1, -2, 3], atol=1e-12)


def test_never_mirrors_even_when_a_mirror_would_fit_better():
    src = np.random.default_rng(1).normal(size=(30, 3))
    found = umeyama(src, src * [1, 1, -1])
    assert np.linalg.det(found.rotation) == pytest.approx(1.0)


def test_points_in_a_plane_have_a_unique_answer():
    src = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0.0]])
    rotation = Rotation.from_euler("xyz", [20, 30, 40], degrees=True).as_matrix()
    np.testing.assert_allclose(umeyama(src, src @ rotation.T).rotation, rotation, atol=1e-12)


def test_least_squares_scale_of_noisy_points_is_the_one_computed_by_hand():
    # Centred at 0, no rotation: scale = sum(src * dst) / sum(src^2) = (2 + 2 + 6) / 6, for points at +-1 on the three axes.
    src = np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1.0]])
    dst = np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 3], [0, 0, -3.0]])
    assert umeyama(src, dst).scale == pytest.approx(10 / 6)


@pytest.mark.parametrize("src", [np.zeros((2, 3)), np.ones((5, 3)), np.arange(5.0)[:, None] * [[1.0, 2, 3]]])
def test_too_few_equal_or_collinear_points_are_refused(src):
    with pytest.raises(ReconstructionError):
        umeyama(src, src)


def test_collinear_points_are_taken_when_only_distances_matter():
    src = np.arange(5.0)[:, None] * [[1.0, 2, 3]]
    np.testing.assert_allclose(umeyama(src, 3 * src + 1, unique=False).apply(src), 3 * src + 1, atol=1e-9)


def test_different_lengths_are_a_shape_error():
    with pytest.raises(ShapeError):
        umeyama(np.zeros((4, 3)), np.zeros((5, 3)))
