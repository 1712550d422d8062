import numpy as np
import pytest

from recon.errors import ShapeError
from recon.scene import Camera, DepthMap, Origin, PointCloud, Rigid3, Scene, SparsePoints, TriMesh, View

CAMERA = Camera(640, 480, 500.0, 510.0, 319.5, 239.5)


def test_projection_is_undone_by_unprojection() -> None:
    points = np.random.default_rng(0).uniform([-1, -1, 2], [1, 1, 5], (10, 3))
    pixels, depth = CAMERA.project(points)
    np.testing.assert_allclose(CAMERA.unproject(pixels, depth), points, atol=1e-12)


def test_scaling_keeps_the_corners_of_the_picture_in_place() -> None:
    half = CAMERA.scaled(320, 240)
    corner = np.array([(-0.5 - CAMERA.cx) / CAMERA.fx, (-0.5 - CAMERA.cy) / CAMERA.fy, 1.0])
    np.testing.assert_allclose(CAMERA.project(corner)[0], [-0.5, -0.5], atol=1e-12)
    np.testing.assert_allclose(half.project(corner)[0], [-0.5, -0.5], atol=1e-12)


def test_origin_is_measured_unless_said_otherwise() -> None:
    assert (PointCloud(np.zeros((3, 3))).origin == Origin.MEASURED).all()
    assert (TriMesh(np.zeros((3, 3)), np.array([[0, 1, 2]])).origin == Origin.MEASURED).all()
    assert DepthMap(np.ones((2, 2))).origin is Origin.MEASURED


def test_selection_carries_every_attribute_along() -> None:
    cloud = PointCloud(np.arange(9).reshape(3, 3), confidence=np.array([0.1, 0.2, 0.3]), origin=np.array([0, 1, 2]))
    picked = cloud.select(np.array([False, True, True]))
    assert picked.normals is None
    np.testing.assert_array_equal(picked.origin, [1, 2])
    np.testing.assert_allclose(picked.confidence, [0.2, 0.3])


@pytest.mark.parametrize(
    "make",
    [
        lambda: PointCloud(np.zeros((3, 2))),
        lambda: PointCloud(np.zeros((3, 3)), normals=np.zeros((2, 3))),
        lambda: TriMesh(np.zeros((3, 3)), np.array([[0, 1, 3]])),
        lambda: TriMesh(np.zeros((3, 3)), np.array([[0, -1, 2]])),
        lambda: DepthMap(np.zeros((4, 4)), normal=np.zeros((4, 4))),
    ],
)
def test_inconsistent_arrays_are_refused(make) -> None:
    with pytest.raises(ShapeError):
        make()


def test_two_views_of_one_name_are_refused() -> None:
    empty = SparsePoints(np.zeros((0, 3)), np.zeros((0, 3)), np.zeros(0), np.zeros(0, np.int32), np.zeros(0, np.int32))
    view = View("a.jpg", CAMERA, Rigid3.identity())
    assert Scene((view,), empty).index("a.jpg") == 0
    with pytest.raises(ShapeError, match="unique"):
        Scene((view, view), empty)
