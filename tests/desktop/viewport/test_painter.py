"""What the renderer draws, with the backend that needs no graphics driver."""

from dataclasses import replace

import numpy as np
import pytest

from desktop.viewport.backends.base import View
from desktop.viewport.backends.splat import SplatRenderer
from desktop.viewport.batches import Layer
from desktop.viewport.colors import ORIGINS, PLAIN, color_map
from desktop.viewport.geometry import from_cloud, from_mesh, from_scene
from desktop.viewport.layers import ViewStyle
from desktop.viewport.painter import Painter
from desktop.viewport.picking import pick
from desktop.viewport.shade import backdrop
from recon.scene import PointCloud, Rigid3

from .scenes import CAMERA, GREEN, RED, green_mesh, red_cloud, scene

VIEW = View(CAMERA, Rigid3.identity(), 0.1, 20.0)
ON_RED, ON_GREEN, BESIDE = (60, 55), (60, 99), (5, 5)
"""Pixels (row, column) in the middle of the red square, of the green one, and of nothing."""


def painter(**style) -> Painter:
    made = Painter(SplatRenderer())
    made.layers = {"cloud": Layer(1, from_cloud(red_cloud())), "mesh": Layer(2, from_mesh(green_mesh()))}
    made.style = ViewStyle(**style)
    made.up = np.array([0.0, -1.0, 0.0])
    return made


def shown(color: tuple[float, ...] | np.ndarray) -> np.ndarray:
    """A colour in [0, 1] or of a table as the picture holds it."""
    values = np.asarray(color, np.float64)
    return values if values.max() > 1.0 else values * 255.0


def nothing_at(picture: np.ndarray, place: tuple[int, int]) -> bool:
    return bool(np.abs(picture[place] - backdrop(CAMERA.width, CAMERA.height, "dark")[place]).max() < 2.0)


def test_cloud_and_mesh_stand_where_the_camera_sees_them_in_their_colours_and_depths() -> None:
    frame = painter().best(VIEW)
    np.testing.assert_allclose(frame.color[ON_RED], shown(RED), atol=3)
    np.testing.assert_allclose(frame.color[ON_GREEN], shown(GREEN), atol=3)
    np.testing.assert_allclose([frame.depth[ON_RED], frame.depth[ON_GREEN]], [2.0, 3.0], atol=0.02)
    assert frame.depth[BESIDE] == 0
    assert nothing_at(frame.color, BESIDE)


def test_what_is_nearer_hides_what_is_behind_whichever_was_loaded_first() -> None:
    behind = red_cloud()
    behind = replace(behind, points=behind.points * [1.5, 1.5, 1.5], colors=np.tile(np.float32([0, 0, 1]), (len(behind), 1)))
    for order in (("far", "near"), ("near", "far")):
        made = painter()
        layers = {"far": Layer(3, from_cloud(behind)), "near": made.layers["cloud"]}
        made.layers = {name: layers[name] for name in order}
        frame = made.best(VIEW)
        np.testing.assert_allclose(frame.color[ON_RED], shown(RED), atol=3)
        assert frame.depth[ON_RED] == pytest.approx(2.0, abs=0.02)


def test_a_hidden_layer_is_not_drawn() -> None:
    made = painter()
    made.layers["cloud"].visible = False
    frame = made.best(VIEW)
    assert nothing_at(frame.color, ON_RED)
    assert frame.depth[ON_GREEN] > 0


def test_normals_are_shown_as_directions() -> None:
    frame = painter(color_mode="normals").best(VIEW)
    np.testing.assert_allclose(frame.color[ON_RED], [127, 127, 0], atol=4)
    np.testing.assert_allclose(frame.color[ON_GREEN], [127, 127, 0], atol=4)


def test_confidence_and_height_run_through_the_colour_map_and_unknown_is_grey() -> None:
    high, low = (45, 55), (75, 55)  # confidence grows from row to row, downwards
    confidence = painter(color_mode="confidence").best(VIEW).color
    for place in (high, low):
        share = ((place[0] - 59.5) / 100.0 * 2.0 + 0.4) / 0.8
        np.testing.assert_allclose(confidence[place], color_map(np.array(share)), atol=30)
    np.testing.assert_allclose(confidence[ON_GREEN], PLAIN, atol=3)
    height = painter(color_mode="height").best(VIEW).color
    assert height[high][0] > height[low][0]
    assert height[high][2] < height[low][2]


def test_depth_is_warm_near_and_cool_far() -> None:
    frame = painter(color_mode="depth").best(VIEW)
    assert frame.color[ON_RED][0] > 120 > frame.color[ON_RED][2]
    assert frame.color[ON_GREEN][2] > frame.color[ON_GREEN][0]


def test_origin_and_number_of_views_are_shown() -> None:
    made = painter(color_mode="origin")
    cloud = replace(red_cloud(), origin=np.full(len(red_cloud()), 2, np.uint8))
    made.layers = {"cloud": Layer(1, from_cloud(cloud))}
    np.testing.assert_allclose(made.best(VIEW).color[ON_RED], ORIGINS[2], atol=3)
    made.style = ViewStyle(color_mode="views")
    np.testing.assert_allclose(made.best(VIEW).color[ON_RED], color_map(np.array(1.0)), atol=3)


def test_a_wireframe_shows_edges_and_no_faces_and_still_hides_what_is_behind() -> None:
    made = painter(shading="wireframe")
    blue = replace(red_cloud(), points=red_cloud().points * [-1.8, 1.8, 1.8], colors=np.tile(np.float32([0, 0, 1]), (len(red_cloud()), 1)))
    made.layers = {"mesh": Layer(1, from_mesh(green_mesh())), "behind": Layer(2, from_cloud(blue))}
    color = made.best(VIEW).color
    inside = color[52, 107]  # in one of the two triangles
    edge = color[60, 85:88]  # the square's left side
    assert np.abs(inside - inside.mean()).max() < 12
    assert (edge[:, 1] > 1.5 * edge[:, 2]).any()


def test_flat_and_smooth_mesh_cover_the_same_pixels() -> None:
    smooth, flat = painter(shading="smooth").best(VIEW), painter(shading="flat").best(VIEW)
    assert np.mean((smooth.depth > 0) != (flat.depth > 0)) < 0.005
    np.testing.assert_allclose(flat.color[ON_GREEN], shown(GREEN), atol=3)


def test_sparse_points_grow_with_the_chosen_size() -> None:
    covers = []
    for size in (0.5, 2.0):
        made = painter(point_size=size)
        made.layers = {"sparse": Layer(1, from_scene(scene(), "sparse"))}
        covers.append(int((made.best(VIEW).depth > 0).sum()))
    assert covers[1] > 2 * covers[0] > 0


def test_gaps_between_the_points_of_a_coarse_cloud_are_closed() -> None:
    made = painter(point_size=0.25)
    made.layers = {"cloud": Layer(1, from_cloud(red_cloud(0.04)))}
    frame = made.best(VIEW)
    assert (frame.depth[45:75, 40:70] > 0).all()
    np.testing.assert_allclose(frame.color[ON_RED], shown(RED), atol=6)
    assert frame.depth[BESIDE] == 0


def test_the_best_picture_comes_last_while_resting_and_a_quick_one_is_smaller() -> None:
    made = painter()
    *_, last = (frame for frame in made.patient(VIEW) if frame is not None)
    assert last.color.shape == (CAMERA.height, CAMERA.width, 3)
    np.testing.assert_array_equal(last.color, made.best(VIEW).color)
    quick = made.quick(VIEW)
    assert quick.color.shape[0] < CAMERA.height
    scale = quick.color.shape[0] / CAMERA.height
    np.testing.assert_allclose(quick.color[round(60 * scale), round(55 * scale)], shown(RED), atol=6)


def test_a_slow_machine_draws_less_while_moving_and_a_fast_one_more(monkeypatch: pytest.MonkeyPatch) -> None:
    from desktop.viewport import painter as module

    for seconds, direction in ((0.5, -1), (0.001, 1)):
        made = painter()
        before = module.LEVELS[made._level][0]
        clock = iter(np.arange(0.0, 1000.0 * seconds, seconds).tolist())
        monkeypatch.setattr(module.time, "monotonic", lambda clock=clock: next(clock))
        for _ in range(12):
            made.quick(VIEW)
        assert np.sign(module.LEVELS[made._level][0] - before) == direction


def test_no_layers_give_the_background() -> None:
    made = Painter(SplatRenderer())
    for frame in (made.quick(VIEW), made.best(VIEW)):
        assert (frame.depth == 0).all()
        assert frame.color.mean() < 80


def test_cameras_are_drawn_as_frusta_with_their_photo() -> None:
    made = Painter(SplatRenderer())
    made.layers = {"cameras": Layer(1, from_scene(scene(), "cameras"))}
    made.style = ViewStyle(frustum_size=3.0)
    made.photos = {"cameras": {"1.jpg": np.full((24, 32, 3), [250, 20, 240], np.uint8)}}
    away = View(CAMERA, Rigid3(np.eye(3), np.array([0.0, 0.0, 1.2])), 0.05, 20.0)
    color = made.best(away).color
    pink = (color[..., 0] > 180) & (color[..., 1] < 80) & (color[..., 2] > 180)
    assert pink[50:70, 70:90].any(), "the photo of the camera in the middle must be seen"
    drawn = np.abs(color - backdrop(CAMERA.width, CAMERA.height, "dark")).max(axis=2) > 20
    assert drawn[:, :60].any()
    assert drawn[:, 100:].any()


def test_the_camera_of_the_chosen_photo_stands_out() -> None:
    made = Painter(SplatRenderer())
    made.layers = {"cameras": Layer(1, from_scene(scene(), "cameras"))}
    made.style = ViewStyle(frustum_size=3.0)
    away = View(CAMERA, Rigid3(np.eye(3), np.array([0.0, 0.0, 1.2])), 0.05, 20.0)
    plain = made.best(away).color
    made.chosen = frozenset({"2.jpg"})
    changed = np.abs(made.best(away).color - plain).max(axis=2) > 20
    assert changed[:, :60].any() != changed[:, 100:].any(), "one of the outer cameras, not both"


# ---------------------------------------------------------------- picking


def test_a_click_gives_the_point_of_the_surface_under_it() -> None:
    frame = painter().best(VIEW)
    for row, column, depth in ((*ON_RED, 2.0), (*ON_GREEN, 3.0)):
        point = pick(frame.depth, VIEW, (column + 0.5) / CAMERA.width, (row + 0.5) / CAMERA.height)
        wanted = CAMERA.unproject(np.array([column, row], float), np.array(depth))
        np.testing.assert_allclose(point, wanted, atol=0.03)


def test_a_click_just_beside_the_surface_takes_the_nearest_point_and_one_far_away_none() -> None:
    depth = np.zeros((120, 160), np.float32)
    depth[60, 80] = 2.0
    near = pick(depth, VIEW, 83.5 / 160, 60.5 / 120)
    np.testing.assert_allclose(near, CAMERA.unproject(np.array([80.0, 60.0]), np.array(2.0)), atol=1e-6)
    assert pick(depth, VIEW, 0.1, 0.1) is None
    for x, y in ((0.0, 0.0), (1.0, 1.0), (-0.5, 1.7)):  # the border and outside of it
        assert pick(depth, VIEW, x, y) is None


def test_a_click_on_a_quick_frame_of_other_size_gives_the_same_point() -> None:
    made = painter()
    one, other = made.best(VIEW), made.quick(VIEW)
    at = ((ON_RED[1] + 0.5) / CAMERA.width, (ON_RED[0] + 0.5) / CAMERA.height)
    np.testing.assert_allclose(pick(other.depth, other.view, *at), pick(one.depth, one.view, *at), atol=0.05)


def test_points_that_are_not_numbers_are_left_out_not_drawn_somewhere() -> None:
    bad = PointCloud(np.array([[np.nan, 0, 2], [0, np.inf, 2], [0, 0, 2]], np.float32), colors=np.ones((3, 3), np.float32))
    made = Painter(SplatRenderer())
    made.layers = {"cloud": Layer(1, from_cloud(bad))}
    assert len(made.layers["cloud"].geometry.points) == 1
    assert np.isfinite(made.best(VIEW).color).all()
