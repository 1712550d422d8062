import numpy as np
import pytest

from recon.inspection.matches import draw_matches, match_colors, opacity, spread
from recon.inspection.overlay import draw_dots, draw_lines, empty_layer, laid_over


def black(width, height):
    return np.zeros((height, width, 3), np.uint8)


def lit(picture):
    """Bounding box x0, y0, x1, y1 of what is not ground."""
    y, x = np.nonzero(picture.astype(int).max(axis=2) > 60)
    return x.min(), y.min(), x.max(), y.max()


def test_a_known_match_ends_at_the_right_pixels():
    left, right = np.array([[20, 30]], np.float32), np.array([[100, 90]], np.float32)
    drawn = draw_matches((black(160, 120), black(160, 120)), (left, right), ((160, 120), (160, 120)))
    gap = drawn.shape[1] - 320
    x0, y0, x1, y1 = lit(drawn)
    assert abs(x0 + 2 - 20) <= 1
    assert abs(y0 + 2 - 30) <= 1
    assert abs(x1 - 2 - (160 + gap + 100)) <= 1
    assert abs(y1 - 2 - 90) <= 1


def test_pictures_smaller_than_the_photos_keep_the_places_and_the_second_is_as_high_as_the_first():
    left, right = np.array([[199.5, 99.5]], np.float32), np.array([[49.5, 199.5]], np.float32)
    drawn = draw_matches((black(200, 100), black(50, 100)), (left, right), ((400, 200), (100, 400)))
    assert drawn.shape[0] == 100
    x0, y0, x1, y1 = lit(drawn)
    gap = drawn.shape[1] - 250
    assert abs(x0 + 2 - 99.5) <= 1
    assert abs(x1 - 2 - (200 + gap + 24.5)) <= 1
    assert abs((y0 + y1) / 2 - 49.5) <= 1, "both ends are at half the height"


def test_without_matches_the_photos_are_shown_alone():
    none = np.zeros((0, 2), np.float32)
    drawn = draw_matches((black(40, 30), black(40, 30)), (none, none), ((40, 30), (40, 30)), keypoints=(none, none))
    assert drawn.max() < 40


def test_keypoints_are_faint_dots():
    none, one = np.zeros((0, 2), np.float32), np.array([[10, 10]], np.float32)
    drawn = draw_matches((black(40, 30), black(40, 30)), (none, none), ((40, 30), (40, 30)), keypoints=(one, none))
    assert 60 < drawn[10, 10].max() < 200


def test_lines_that_are_left_out_are_spread_over_the_picture():
    rng = np.random.default_rng(0)
    crowd = rng.normal(20, 1, (900, 2))
    alone = np.array([[90, 90], [90, 10], [10, 90]])
    points = np.concatenate([crowd, alone]).astype(np.float32)
    kept = spread(points, 60)
    assert len(kept) == 60
    assert set(range(900, 903)) <= set(kept.tolist())
    assert set(kept.tolist()) <= set(spread(points, 200).tolist()), "more lines keep those that were there"
    assert spread(points, 10_000).tolist() == list(range(903))
    assert len(spread(np.zeros((0, 2), np.float32), 5)) == 0


def test_a_wrong_match_has_another_color_than_its_neighbours():
    left = np.random.default_rng(1).uniform(0, 100, (60, 2)).astype(np.float32)
    right = left + np.array([8, 2], np.float32)
    right[7] -= 60
    colors = match_colors(left, right, ((100, 100), (100, 100)), "direction").astype(int)
    others = np.delete(colors, 7, axis=0)
    assert np.abs(colors[7] - others).sum(axis=1).min() > 3 * np.abs(others - others.mean(axis=0)).sum(axis=1).mean()


def test_colors_by_place_are_alike_for_neighbours_and_bright():
    left = np.array([[10, 10], [12, 11], [90, 80]], np.float32)
    one, two, far = match_colors(left, left, ((100, 100), (100, 100))).astype(int)
    assert np.abs(one - two).sum() < 40 < np.abs(one - far).sum()
    assert min(color.max() for color in (one, two, far)) == 255
    assert match_colors(left[:0], left[:0], ((9, 9), (9, 9))).shape == (0, 3)


def test_many_lines_are_fainter_than_few():
    assert opacity(5) == 1.0
    assert opacity(5) > opacity(300) >= opacity(5000) > 0.3


def test_a_line_reaches_both_ends_and_nothing_else():
    layer = empty_layer(50, 40)
    draw_lines(layer, np.array([[5, 8, 45, 8]], np.float32), np.array([[255, 0, 0]], np.uint8))
    assert (layer[8, 6:45, 3] > 200).all()
    assert (layer[8, [5, 45], 3] > 100).all()
    assert layer[:7].max() == layer[10:].max() == layer[:, :4].max() == layer[:, 47:].max() == 0
    assert laid_over(black(50, 40), layer)[8, 20].tolist() == layer[8, 20, :3].tolist()
    assert layer[8, 20, 1:3].max() == 0


@pytest.mark.parametrize("place", [1e9, -1e9, float("inf"), float("nan")])
def test_places_far_outside_are_left_out(place):
    layer = empty_layer(20, 20)
    ends = np.array([[place, 5, 10, 5], [2, 15, 18, 15]], np.float32)
    draw_lines(layer, ends, np.full((2, 3), 255, np.uint8))
    draw_dots(layer, np.array([[place, 5]], np.float32), (255, 255, 255), 3)
    assert layer[:10].max() == 0
    assert layer[15, 10, 3] > 200


def test_a_dot_lies_about_its_place():
    layer = empty_layer(21, 21)
    draw_dots(layer, np.array([[10, 6]], np.float32), (0, 255, 0), 5)
    weight = layer[..., 3].astype(float)
    y, x = np.mgrid[:21, :21]
    assert abs((x * weight).sum() / weight.sum() - 10) < 0.05
    assert abs((y * weight).sum() / weight.sum() - 6) < 0.05
    assert layer[6, 10].tolist() == [0, 255, 0, 255]
