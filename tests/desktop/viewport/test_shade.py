"""From what was drawn to the finished picture."""

import numpy as np

from desktop.viewport.backends.base import Picture
from desktop.viewport.frames import GRID
from desktop.viewport.shade import contours, depth_grid, drawn_on, filled, finished, merged, reduced

HEIGHT, WIDTH = 80, 100


def square(share: float = 1.0, depth: float = 2.0, color: int = 200) -> Picture:
    """Points that cover a share of the pixels of a square in the middle."""
    seen = np.zeros((HEIGHT, WIDTH), bool)
    seen[20:60, 30:70] = np.random.default_rng(0).random((40, 40)) < share
    return Picture(np.where(seen[..., None], color, 0).astype(np.uint8).repeat(3, axis=2), np.where(seen, depth, 0).astype(np.float32))


def test_gaps_between_points_are_closed_and_the_outline_stays() -> None:
    closed = filled(square(0.5), gap=16.0, most=12)
    assert (closed.depth[22:58, 32:68] > 0).all()
    np.testing.assert_allclose(closed.depth[40, 50], 2.0, atol=1e-4)
    np.testing.assert_allclose(closed.color[25:55, 35:65], 200, atol=2)
    outside = closed.depth.copy()
    outside[20:60, 30:70] = 0
    assert (outside == 0).all()


def test_what_lies_behind_does_not_shine_through_the_gaps() -> None:
    wall = Picture(np.full((HEIGHT, WIDTH, 3), 30, np.uint8), np.full((HEIGHT, WIDTH), 5.0, np.float32))
    closed = filled(merged(wall, square(0.6)), gap=16.0, most=12)
    np.testing.assert_allclose(closed.depth[25:55, 35:65], 2.0, atol=0.01)
    assert (closed.color[25:55, 35:65] > 190).all()
    np.testing.assert_array_equal(closed.color[:15], wall.color[:15])


def test_a_hole_wider_than_the_gap_between_points_stays() -> None:
    picture = square()
    picture.depth[34:46, 44:56] = 0
    closed = filled(picture, gap=6.0, most=12)
    assert (closed.depth[37:43, 47:53] == 0).all()


def test_an_empty_or_whole_picture_is_left_as_it_is() -> None:
    for picture in (square(0.0), Picture(np.full((HEIGHT, WIDTH, 3), 9, np.uint8), np.full((HEIGHT, WIDTH), 3.0, np.float32))):
        closed = filled(picture, gap=50.0, most=12)
        np.testing.assert_array_equal(closed.color, picture.color)
        np.testing.assert_array_equal(closed.depth, picture.depth)


def test_of_two_pictures_the_nearer_wins_everywhere() -> None:
    near, far = square(0.7, 2.0, 200), square(1.0, 3.0, 100)
    for both in (merged(near, far), merged(far, near)):
        np.testing.assert_array_equal(both.depth[20:60, 30:70] == 2.0, near.depth[20:60, 30:70] > 0)
        np.testing.assert_array_equal(both.color[20:60, 30:70, 0], np.where(near.depth[20:60, 30:70] > 0, 200, 100))


def test_lines_are_seen_on_their_surface_but_not_through_another() -> None:
    surface, lines = square(depth=2.0), square(0.3, depth=2.0, color=90)
    np.testing.assert_array_equal(drawn_on(surface, lines).color[lines.depth > 0], 90)
    hidden = Picture(lines.color, np.where(lines.depth > 0, 2.5, 0).astype(np.float32))
    np.testing.assert_array_equal(drawn_on(surface, hidden).color, surface.color)


def test_contours_darken_what_lies_behind_an_edge_and_leave_planes_alone() -> None:
    depth = np.full((HEIGHT, WIDTH), 3.0, np.float32)
    depth[:, 50:] = 2.0
    shade = contours(depth, 45.0, 1)
    assert (shade[:, 49] < 0.6).all()
    np.testing.assert_allclose(shade[:, :45], 1.0)
    np.testing.assert_allclose(shade[:, 55:], 1.0)


def test_supersampling_keeps_colours_and_the_nearest_depth() -> None:
    color, cover, depth = reduced(square(), 2)
    assert color.shape == (HEIGHT // 2, WIDTH // 2, 3)
    np.testing.assert_allclose(color[20, 25], 200)
    assert cover.max() == 1.0
    assert depth[20, 25] == 2.0
    assert depth[0, 0] == 0.0


def test_the_background_shows_where_nothing_is_drawn() -> None:
    for background, light in (("dark", False), ("light", True)):
        color, depth = finished(square(), 1, background, 0.0, 1, by_depth=False)
        assert (color[5, 5].mean() > 128) == light
        np.testing.assert_allclose(color[40, 50], 200)
        assert depth[5, 5] == 0


def test_the_depth_grid_holds_the_nearest_depth_of_each_block() -> None:
    depth = np.zeros((900, 1300), np.float32)
    depth[450, 650] = 2.0
    grid = depth_grid(depth)
    assert grid.shape == GRID
    assert grid.max() == 2.0
    row, column = np.unravel_index(int(grid.argmax()), grid.shape)
    assert abs(row - GRID[0] / 2) <= 1
    assert abs(column - GRID[1] / 2) <= 1
    assert depth_grid(np.zeros((3, 5), np.float32)).shape == (3, 5)
