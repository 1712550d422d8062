import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from recon.errors import ShapeError
from recon.scene import Rigid3, Sim3


def _rigid(seed: int) -> Rigid3:
    rng = np.random.default_rng(seed)
    return Rigid3(Rotation.random(random_state=seed).as_matrix(), rng.normal(size=3))


def test_composition_equals_applying_one_after_the_other() -> None:
    points = np.random.default_rng(0).normal(size=(5, 3))
    c_from_b, b_from_a = _rigid(1), _rigid(2)
    np.testing.assert_allclose((c_from_b @ b_from_a).apply(points), c_from_b.apply(b_from_a.apply(points)), atol=1e-12)


def test_inverse_undoes_and_center_maps_to_the_origin() -> None:
    cam_from_world = _rigid(3)
    points = np.random.default_rng(1).normal(size=(4, 3))
    np.testing.assert_allclose(cam_from_world.inverse().apply(cam_from_world.apply(points)), points, atol=1e-12)
    np.testing.assert_allclose(cam_from_world.apply(cam_from_world.center), 0, atol=1e-12)


def test_matrix_agrees_with_apply() -> None:
    cam_from_world = _rigid(4)
    point = np.array([0.3, -2.0, 5.0])
    np.testing.assert_allclose((cam_from_world.matrix @ [*point, 1])[:3], cam_from_world.apply(point))


def test_aligned_camera_sees_the_moved_world_in_the_same_direction() -> None:
    cam_from_world = _rigid(5)
    new_from_world = Sim3(Rotation.random(random_state=6).as_matrix(), np.array([1.0, 2.0, 3.0]), 2.5)
    point = np.array([0.1, 0.4, -0.7])
    moved = cam_from_world.aligned(new_from_world).apply(new_from_world.apply(point))
    np.testing.assert_allclose(moved, 2.5 * cam_from_world.apply(point), atol=1e-12)


def test_a_wrong_shape_is_refused() -> None:
    with pytest.raises(ShapeError, match="rotation"):
        Rigid3(np.eye(4), np.zeros(3))
