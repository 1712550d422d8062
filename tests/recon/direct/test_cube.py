"""Cameras, crops and the cube agree with each other."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from recon.direct.crop import SIZE, Crop, around_cube, around_outline
from recon.direct.cube import ALONE, DISTANCE, REACH, cell_centers, levelled, lone_camera, lone_projection, projection
from recon.direct.lifting import places
from recon.errors import ReconstructionError
from recon.scene import Camera, Rigid3, Sim3
from recon.synth import look_at, orbit, pinhole

CUBE = Sim3(np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))[0], np.array([0.3, -0.2, 0.1]), 0.7)


def in_pixels(points: np.ndarray, matrix: np.ndarray, size: int) -> np.ndarray:
    """Pixels `[N, 2]` where a `projection` puts points of the cube."""
    where = places(torch.from_numpy(points.astype(np.float32))[None], torch.from_numpy(matrix)[None])[0].numpy()
    return (where + 1) * size / 2 - 0.5


def test_a_projection_puts_points_of_the_cube_where_the_camera_sees_them() -> None:
    camera, pose = Camera(96, 96, 140.0, 130.0, 45.0, 50.0), look_at((3, 1, 2), (0.2, 0, 0))
    points = np.random.default_rng(0).uniform(-1, 1, (50, 3))
    expected, _ = camera.project(pose.apply(CUBE.apply(points)))
    assert np.abs(in_pixels(points, projection(camera, pose, CUBE), 96) - expected).max() < 1e-3


def test_points_behind_a_camera_lie_outside_of_its_picture() -> None:
    pose = look_at((3, 0, 0), (6, 0, 0))  # looks away
    where = places(torch.zeros(1, 5, 3), torch.from_numpy(projection(pinhole(96, 96, 40), pose, CUBE))[None])
    assert (where.abs() > 1).all()


def test_a_crop_shows_what_the_camera_of_the_crop_says() -> None:
    """A bright dot stays on the place that it is projected to, in a crop that reaches over the border, too."""
    camera, pose = pinhole(300, 200, 50), look_at((4, 0, 1), (0, 0.9, 0))
    point = np.array([[0.0, 0.9, 0.0]])
    (x, y), _ = camera.project(pose.apply(point)[0])
    picture = np.zeros((200, 300, 3), np.uint8)
    picture[round(y) - 3 : round(y) + 4, round(x) - 3 : round(x) + 4] = 255
    cube = Sim3(np.eye(3), np.array([0.0, 1.3, 0.2]), 1.2)
    crop = around_cube(camera, pose, cube)
    seen = crop.cut(picture, np.ones((200, 300), bool))
    rows, columns = np.nonzero(seen[..., 0] > 127)
    place = in_pixels((point - cube.translation) / cube.scale, projection(crop.camera(camera, SIZE), pose, cube), SIZE)[0]
    assert np.hypot(columns.mean() - place[0], rows.mean() - place[1]) < 1


def test_a_crop_around_the_cube_shows_its_ball() -> None:
    camera, pose = pinhole(640, 480, 50), look_at((4, 2, 1), (0.3, -0.2, 0.1))
    crop = around_cube(camera, pose, CUBE)
    ball = np.random.default_rng(0).normal(size=(500, 3))
    ball /= np.linalg.norm(ball, axis=1, keepdims=True)
    matrix = projection(crop.camera(camera, SIZE), pose, CUBE)
    where = places(torch.from_numpy(ball.astype(np.float32))[None], torch.from_numpy(matrix)[None])
    assert where.abs().max() < 1
    assert where.abs().max() > 0.85


def test_off_the_mask_and_off_the_picture_a_crop_is_empty() -> None:
    picture, mask = np.full((40, 60, 3), 200, np.uint8), np.zeros((40, 60), bool)
    mask[10:30, 50:60] = True
    seen = around_outline(mask).cut(picture, mask)
    assert seen.shape == (SIZE, SIZE, 4)
    assert (seen[..., 3] > 127).sum() == pytest.approx(SIZE * SIZE * (20 * 10) / around_outline(mask).side ** 2, rel=0.1)
    assert (seen[..., :3][seen[..., 3] == 0] == 0).all()
    assert (Crop(100, 100, 20).cut(picture, mask) == 0).all()


def test_the_camera_that_is_assumed_sees_the_ball_as_a_crop_does() -> None:
    camera = lone_camera(SIZE)
    crop = around_cube(camera, ALONE, Sim3(np.eye(3), np.zeros(3)))
    assert (crop.left, crop.top, crop.side) == (0, 0, SIZE)
    assert np.allclose(in_pixels(np.zeros((1, 3)), lone_projection(SIZE), SIZE), (SIZE - 1) / 2, atol=1e-3)
    assert pytest.approx(SIZE / 2) == camera.fx * REACH / DISTANCE


def test_a_single_camera_gives_the_cube_its_own_axes_and_a_ring_of_cameras_the_upright_ones() -> None:
    pose = look_at((2, 3, 1), (0, 0, 0), roll=0.3)
    assert np.allclose(levelled([pose]), pose.rotation.T)
    axes = levelled(orbit(8, radius=3, elevation=25))
    assert np.allclose(axes[:, 1], (0, 0, -1), atol=1e-6)
    assert np.allclose(axes.T @ axes, np.eye(3), atol=1e-9)
    assert np.linalg.det(axes) > 0


def test_cameras_upside_down_to_each_other_are_refused() -> None:
    turned = Rigid3(np.diag([-1.0, -1.0, 1.0]) @ look_at((3, 0, 0), (0, 0, 0)).rotation, np.zeros(3))
    with pytest.raises(ReconstructionError, match="up"):
        levelled([look_at((3, 0, 0), (0, 0, 0)), turned])


def test_cells_come_in_the_order_of_a_grid_z_y_x() -> None:
    cells = cell_centers(4).view(4, 4, 4, 3)
    assert cells[0, 0, 1, 0] - cells[0, 0, 0, 0] == pytest.approx(0.5)
    assert cells[1, 0, 0, 2] - cells[0, 0, 0, 2] == pytest.approx(0.5)
    assert cells.mean().abs() < 1e-6
    assert cells.max() == 0.75
