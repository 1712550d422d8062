import numpy as np

from recon.inspection.colors import UNKNOWN, depth_ramp, heat_ramp, normal_colors, trust_ramp, wheel
from recon.inspection.maps import LAYERS, depth_legend, depth_span, draw_map, value_at
from recon.scene import DepthMap
from tests.recon.inspection.made_up import depth_map


def test_ramps_have_no_jumps():
    for ramp in (depth_ramp, heat_ramp, trust_ramp):
        colors = ramp(np.linspace(0, 1, 256)).astype(int)
        assert np.abs(np.diff(colors, axis=0)).max() < 9
        assert np.array_equal(ramp(np.array([-1.0, 2.0, np.nan])), colors[[0, 255, 0]])


def test_near_is_warm_far_is_cool_and_unknown_is_dark():
    picture = draw_map(depth_map())
    near, far = picture.image[30, 0].astype(int), picture.image[30, -1].astype(int)
    assert near[0] > near[2]
    assert far[2] > far[0]
    assert picture.image[2, 2].tolist() == list(UNKNOWN)
    assert "98 % of the pixels" in picture.text


def test_the_same_depth_has_the_same_color_in_both_maps_of_a_view():
    whole = depth_map()
    part = DepthMap(np.where(np.arange(80) < 40, whole.depth, 0))
    span = depth_span(whole)
    assert np.array_equal(draw_map(part, "depth", span).image[40, :40], draw_map(whole, "depth", span).image[40, :40])
    assert not np.array_equal(draw_map(part).image[40, :40], draw_map(whole).image[40, :40]), "each by itself would differ"


def test_the_legend_says_where_a_depth_is_on_the_bar():
    legend = depth_legend((1.0, 4.0), "m")
    places = {float(text): place for place, text in legend.ticks}
    assert legend.title == "Depth, m"
    assert abs(places[2.0] - 2 / 3) < 1e-6, "steps are even in nearness: 2 is two thirds of the way from 1 to 4"
    color = legend.bar[round(places[2.0] * 255)].astype(int)
    drawn = draw_map(DepthMap(np.array([[1.0, 2.0, 4.0]], np.float32)), "depth", (1.0, 4.0)).image[0, 1].astype(int)
    assert np.abs(color - drawn).max() <= 4


def test_every_layer_has_a_picture_and_a_legend():
    whole = depth_map()
    for layer in LAYERS:
        picture = draw_map(whole, layer)
        assert picture.image.shape == (60, 80, 3)
        assert picture.legend is not None
        assert all(0 <= place <= 1 for place, _ in picture.legend.ticks)


def test_what_a_map_does_not_know_is_said():
    bare = DepthMap(np.ones((4, 5), np.float32))
    for layer in ("normals", "confidence", "views"):
        picture = draw_map(bare, layer)
        assert picture.legend is None
        assert picture.text
    empty = draw_map(DepthMap(np.zeros((4, 5), np.float32)))
    assert "No depth" in empty.text
    assert depth_span(DepthMap(np.zeros((4, 5), np.float32))) is None


def test_a_map_of_one_depth_can_be_drawn():
    picture = draw_map(DepthMap(np.full((4, 5), 2.0, np.float32)))
    assert picture.legend is not None
    assert picture.legend.ticks


def test_normals_towards_the_camera_are_blue_and_to_the_right_red():
    towards, right, up = normal_colors(np.array([[0, 0, -1], [1, 0, 0], [0, -1, 0]], float)).tolist()
    assert towards == [128, 128, 255]
    assert right == [255, 128, 128]
    assert up == [128, 255, 128]


def test_the_wheel_turns_with_the_direction():
    colors = wheel(np.array([[1, 0], [-1, 0], [0, 0]], float)).astype(int)
    assert np.abs(colors[0] - colors[1]).sum() > 300
    assert np.ptp(colors[2]) < np.ptp(colors[0])


def test_the_value_under_the_pointer_is_told():
    whole = depth_map()
    assert value_at(whole, 0.5, 0.5, "m").startswith("depth 2.5")
    assert "confidence 0.50" in value_at(whole, 0.5, 0.5)
    assert value_at(whole, 0.01, 0.01) == "nothing known here"
    assert value_at(whole, 1.2, 0.5) == ""
