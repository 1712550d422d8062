"""The orbit camera."""

from dataclasses import replace
from math import pi

import numpy as np
import pytest

from desktop.viewport.orbit import STANDARD_VIEWS, Orbit

SIZE = (640, 480)


def pixel(orbit: Orbit, point: np.ndarray) -> np.ndarray:
    at, depth = orbit.camera(*SIZE).project(orbit.cam_from_world.apply(point))
    assert depth > 0
    return at


def placed() -> Orbit:
    """Somewhere in general position about a long box."""
    orbit = Orbit(yaw=0.7, pitch=0.4).with_bounds(np.array([1.0, -2.0, 0.5]), np.array([4.0, 1.0, 1.5]))
    return orbit.with_up(np.array([0.1, -0.2, 1.0])).fitted(SIZE[0] / SIZE[1])


def test_orbiting_keeps_the_pivot_on_its_pixel_and_at_its_distance() -> None:
    orbit = placed().with_pivot(np.array([3.0, 0.5, 0.7]))
    turned = orbit.orbited(0.4, -0.2)
    np.testing.assert_allclose(pixel(turned, turned.pivot), pixel(orbit, orbit.pivot), atol=1e-9)
    assert np.isclose(np.linalg.norm(turned.eye - turned.pivot), np.linalg.norm(orbit.eye - orbit.pivot))


def test_dragging_right_turns_the_near_side_to_the_right_and_down_shows_the_top() -> None:
    orbit = placed()
    near_side = orbit.pivot + 0.3 * (orbit.eye - orbit.pivot)
    turned = orbit.orbited(0.1, 0.1)
    assert (pixel(turned, near_side) > pixel(orbit, near_side)).all()
    assert turned.pitch > orbit.pitch


def test_the_view_never_flips_over_the_poles() -> None:
    orbit = placed()
    for _ in range(50):
        orbit = orbit.orbited(0.0, 0.3)
    assert orbit.pitch == pi / 2
    assert np.isclose(np.linalg.det(orbit.rotation), 1.0)


def test_a_new_pivot_does_not_move_the_picture() -> None:
    orbit = placed()
    other = orbit.with_pivot(np.array([1.5, 0.1, 1.0]))
    np.testing.assert_allclose(other.cam_from_world.matrix, orbit.cam_from_world.matrix, atol=1e-12)
    assert orbit.with_pivot(orbit.eye + (orbit.eye - orbit.center)) is orbit  # behind the viewer


@pytest.mark.parametrize("factor", [0.8, 1.25])
def test_zooming_keeps_what_is_under_the_cursor(factor: float) -> None:
    orbit = placed()
    anchor = orbit.ray_point((100.0, 300.0), SIZE, 0.9 * orbit.offset[2])
    zoomed = orbit.zoomed(factor, anchor)
    np.testing.assert_allclose(pixel(zoomed, anchor), [100.0, 300.0], atol=1e-6)
    assert np.isclose(zoomed.cam_from_world.apply(anchor)[2], factor * orbit.cam_from_world.apply(anchor)[2])


def test_a_grabbed_point_follows_the_hand() -> None:
    orbit = placed()
    grabbed = orbit.ray_point((320.0, 240.0), SIZE, 1.1 * orbit.offset[2])
    depth = float(orbit.cam_from_world.apply(grabbed)[2])
    np.testing.assert_allclose(pixel(orbit.panned(30.0, -12.0, SIZE[1], depth), grabbed), [350.0, 228.0], atol=1e-6)


@pytest.mark.parametrize("number", list(STANDARD_VIEWS))
@pytest.mark.parametrize("aspect", [0.5, 1.8])
def test_fitting_shows_the_whole_model_as_large_as_possible_in_the_middle(number: int, aspect: float) -> None:
    points = np.random.default_rng(1).normal(size=(200, 3)) * [2.0, 0.5, 0.2] + 5.0
    orbit = replace(placed(), yaw=0.3 * number, pitch=0.2 * number - 0.7).with_bounds(points.min(axis=0), points.max(axis=0), points)
    fitted = orbit.fitted(aspect, margin=1.0)
    camera = fitted.camera(round(1000 * aspect), 1000)
    at, depth = camera.project(fitted.cam_from_world.apply(points))
    assert (depth > 0).all()
    share = (at - [camera.cx, camera.cy]) / [camera.width / 2, 500]
    tip = depth.min() < 0.26 * fitted.radius  # a long model seen from its end is not stepped into
    assert np.abs(share).max() <= 1.0 if tip else np.abs(share).max() == pytest.approx(1.0, abs=0.01)
    np.testing.assert_allclose(share.max(axis=0), -share.min(axis=0), atol=0.01)


@pytest.mark.parametrize(("number", "ahead", "up"), [(1, (0, 1, 0), (0, 0, 1)), (2, (0, -1, 0), (0, 0, 1)), (5, (0, 0, -1), (0, 1, 0))])
def test_standard_views_look_along_the_axes(number: int, ahead: tuple[int, ...], up: tuple[int, ...]) -> None:
    rotation = Orbit().standard(number, 1.5).rotation
    np.testing.assert_allclose(rotation[2], ahead, atol=1e-12)
    np.testing.assert_allclose(-rotation[1], up, atol=1e-12)


def test_looking_through_a_photo_reproduces_its_pose_also_when_it_is_rolled() -> None:
    orbit = placed()
    camera = replace(orbit.orbited(0.5, 0.2), roll=0.3)
    seen = orbit.at_camera(camera.cam_from_world, 0.6)
    np.testing.assert_allclose(seen.cam_from_world.matrix, camera.cam_from_world.matrix, atol=1e-9)
    assert seen.fov_y == 0.6


def test_gliding_ends_exactly_at_the_goal_and_turns_the_short_way() -> None:
    start, goal = replace(placed(), yaw=3.0), replace(placed(), yaw=-3.0)
    assert start.toward(goal, 1.0) is goal
    assert abs(start.toward(goal, 0.5).yaw) > 3.0


def test_no_movement_of_mouse_or_wheel_loses_the_model() -> None:
    rng = np.random.default_rng(0)
    orbit = placed()
    for _ in range(3000):
        move = rng.integers(3)
        if move == 0:
            orbit = orbit.orbited(*rng.normal(size=2))
        elif move == 1:
            orbit = orbit.panned(*rng.normal(size=2) * 300.0, SIZE[1])
        else:
            orbit = orbit.zoomed(float(rng.choice([0.5, 2.0])), orbit.ray_point(tuple(rng.uniform(0, 480, 2)), SIZE))
        assert np.isfinite(orbit.cam_from_world.matrix).all()
        assert orbit.offset[2] > 0
        near, far = orbit.near_far()
        local = orbit.cam_from_world.apply(orbit.center)
        assert 0 < near < far
        assert local[2] > -orbit.radius
        assert abs(local[:2]).max() < max(local[2], 0) + orbit.radius
        assert np.linalg.norm(orbit.eye - orbit.center) < 40 * orbit.radius
    at, _ = orbit.fitted(SIZE[0] / SIZE[1]).camera(*SIZE).project(orbit.fitted(SIZE[0] / SIZE[1]).offset)
    assert (at > 0).all()


def test_near_and_far_hold_the_whole_model() -> None:
    orbit = placed()
    near, far = orbit.near_far()
    depth = orbit.cam_from_world.apply(np.array([orbit.center - orbit.extent, orbit.center + orbit.extent]))[:, 2]
    assert near < depth.min()
    assert depth.max() < far
