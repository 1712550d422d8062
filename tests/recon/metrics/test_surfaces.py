"""Distances to meshes, normals, alignment and their pictures against references."""

from itertools import pairwise

import cv2
import numpy as np
import open3d as o3d
import pytest
import trimesh
from scipy.spatial.transform import Rotation

from recon.errors import ReconstructionError, ShapeError
from recon.metrics import chamfer, closest_on_mesh, icp, normal_consistency, sample_mesh
from recon.metrics.coloured import distance_colors, write_color_bar
from recon.scene import Sim3, TriMesh


def box(*size: float) -> TriMesh:
    made = trimesh.creation.box(size)
    return TriMesh(made.vertices, made.faces)


def test_point_to_mesh_is_that_of_trimesh_also_far_from_the_origin():
    mesh = box(1, 2, 3)
    points = np.random.default_rng(0).uniform(-3, 3, (500, 3))
    expected = trimesh.proximity.closest_point_naive(trimesh.Trimesh(mesh.vertices, mesh.faces), points)[1]
    np.testing.assert_allclose(closest_on_mesh(points, mesh).distance, expected, atol=1e-5)
    away = np.array([1000.0, -2000, 500])
    far = closest_on_mesh(points + away, TriMesh(mesh.vertices + away, mesh.faces))
    np.testing.assert_allclose(far.distance, expected, atol=2e-3)
    with pytest.raises(ShapeError):
        closest_on_mesh(points, TriMesh(np.zeros((0, 3)), np.zeros((0, 3))))


def test_normals_of_a_turned_plane_are_as_far_as_the_cosine():
    sheet = TriMesh([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]], [[0, 1, 2], [0, 2, 3]])
    turned = TriMesh(Rotation.from_euler("x", 60, degrees=True).apply(sheet.vertices), sheet.faces[:, ::-1])
    assert normal_consistency(sheet, sheet, 2000) == pytest.approx(1)
    assert normal_consistency(sheet, turned, 2000) == pytest.approx(0.5, abs=1e-5)


def test_chamfer_of_two_points_is_twice_the_squared_distance():
    assert chamfer(np.zeros((1, 3)), np.array([[0.0, 3, 4]])) == pytest.approx(50)
    with pytest.raises(ShapeError):
        chamfer(np.zeros((0, 3)), np.zeros((1, 3)))


@pytest.fixture(scope="module")
def surface():
    return sample_mesh(box(1, 2, 3), 6000, np.random.default_rng(0))[0].astype(np.float64)


@pytest.mark.parametrize("scale", [False, True])
def test_icp_finds_the_motion_in_spite_of_stray_points(surface, scale):
    rng = np.random.default_rng(1)
    true = Sim3(Rotation.from_euler("xyz", [8, -5, 6], degrees=True).as_matrix(), np.array([0.1, -0.05, 0.08]), 1.07 if scale else 1.0)
    moved = (surface - true.translation) @ true.rotation / true.scale
    moved = np.concatenate([moved[:3000], rng.uniform(2, 4, (150, 3))])
    found = icp(moved, surface, scale=scale).transform
    np.testing.assert_allclose(found.apply(moved[:3000]), surface[:3000], atol=0.03)
    assert found.scale == pytest.approx(true.scale, abs=0.005)


def test_a_round_of_icp_is_open3ds(surface):
    moved = surface @ Rotation.from_euler("z", 4, degrees=True).as_matrix().T + 0.02
    clouds = [o3d.geometry.PointCloud(o3d.utility.Vector3dVector(points)) for points in (moved, surface)]
    criteria = o3d.pipelines.registration.ICPConvergenceCriteria(1e-9, 1e-9, 100)
    expected = o3d.pipelines.registration.registration_icp(*clouds, 10.0, criteria=criteria)
    found = icp(moved, surface, overlap=1.0, tolerance=1e-9)
    np.testing.assert_allclose(found.transform.matrix, expected.transformation, atol=1e-3)
    assert found.rmse == pytest.approx(expected.inlier_rmse, rel=0.02)


def test_icp_without_points_is_refused():
    with pytest.raises(ReconstructionError):
        icp(np.zeros((2, 3)), np.zeros((5, 3)))


def test_distances_become_colours_from_blue_to_red_and_the_bar_says_how_far(tmp_path):
    colors = distance_colors(np.array([0.0, 1.0, 2.0, 50.0, np.nan]), 2.0)
    np.testing.assert_array_equal(colors[2], colors[3])
    np.testing.assert_array_equal(colors[2], colors[4])
    assert colors[2, 0] > colors[2, 2]
    assert len({tuple(c) for c in colors}) == 3
    write_color_bar(2.0, tmp_path / "bar.png", "mm")
    bar = cv2.imread(str(tmp_path / "bar.png"))[40:500, 50]
    assert all(not np.array_equal(a, b) for a, b in pairwise(bar[::50]))
    with pytest.raises(ShapeError):
        distance_colors(np.zeros(3), 0.0)
