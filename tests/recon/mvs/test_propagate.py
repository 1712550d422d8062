"""Propagation and regularisation on fields whose answer is known."""

import numpy as np
import torch

from recon.mvs.propagate import propagate, shifted
from recon.mvs.refine import median3, winner
from recon.mvs.semiglobal import semi_global
from tests.recon.mvs.planes import everywhere, photograph, plane_depth, ring
from tests.recon.mvs.test_matching import SLANT, matcher_of


def test_a_moved_plane_is_the_same_plane():
    y, x = torch.meshgrid(torch.arange(20.0), torch.arange(30.0), indexing="ij")
    plane = 0.4 + 0.01 * x - 0.02 * y
    for dy, dx in ((3, 0), (0, -2), (-1, 0), (0, 4)):
        torch.testing.assert_close(shifted(plane, dy, dx)[8:-8, 8:-8], plane[8:-8, 8:-8])


def test_a_moved_field_shows_what_was_beside():
    field = torch.zeros(9, 9)
    field[:, 4:] = 1.0
    assert shifted(field, 0, 2)[4, 5] == 0.0
    assert shifted(field, 0, -2)[4, 3] == 1.0


def test_a_hole_in_a_plane_is_filled_from_its_neighbours():
    views = ring(4, (64, 48))
    found = [photograph(view, [(SLANT, 0.0, everywhere)])[0] for view in views]
    truth = torch.tensor(1 / plane_depth(views[0], SLANT, 0.0), dtype=torch.float32)
    holed = truth.clone()
    holed[20:24, 30:34] *= 1.3
    healed = propagate(matcher_of(found), propagate(matcher_of(found), holed))
    assert ((holed - truth).abs() > 0.01 * truth).sum() == 16
    assert ((healed - truth).abs() > 0.01 * truth).float().sum() <= 2


def test_the_parabola_finds_the_minimum_between_hypotheses():
    positions = torch.arange(7.0)[:, None, None]
    true = torch.tensor([[2.3, 3.0], [4.45, 1.6]])
    costs = 0.1 * (positions - true) ** 2
    found = winner(costs, torch.full((2, 2), 0.5), torch.full((2, 2), 0.01))
    torch.testing.assert_close(found, 0.5 + 0.01 * true, atol=1e-5, rtol=0)


def test_a_minimum_at_the_end_of_the_range_stays_there():
    costs = torch.arange(5.0)[:, None, None].expand(5, 2, 2)
    torch.testing.assert_close(winner(costs, torch.full((2, 2), 1.0), torch.full((2, 2), 0.1)), torch.full((2, 2), 1.0))


def test_median_equals_numpy():
    values = np.random.default_rng(0).random((12, 15)).astype(np.float32)
    padded = np.pad(values, 1, mode="edge")
    expected = np.median(np.lib.stride_tricks.sliding_window_view(padded, (3, 3)), axis=(2, 3))
    np.testing.assert_array_equal(median3(torch.from_numpy(values)).numpy(), expected)


def slow_paths(cost, jump, small):
    """Four directions of semi-global aggregation, one pixel and one hypothesis after the other."""
    count, height, width = cost.shape
    total = np.zeros_like(cost)
    for dy, dx in ((1, 0), (-1, 0), (0, 1), (0, -1)):
        path = np.zeros_like(cost)
        for y in range(height) if dy >= 0 else reversed(range(height)):
            for x in range(width) if dx >= 0 else reversed(range(width)):
                py, px = y - dy, x - dx
                if not (0 <= py < height and 0 <= px < width):
                    path[:, y, x] = cost[:, y, x]
                    continue
                before = path[:, py, px]
                for d in range(count):
                    ways = [before[d], before.min() + jump[y, x]]
                    ways += [before[k] + small for k in (d - 1, d + 1) if 0 <= k < count]
                    path[d, y, x] = cost[d, y, x] + min(ways) - before.min()
        total += path
    return total / 4


def test_semi_global_equals_slow_reference():
    rng = np.random.default_rng(2)
    cost, edge = rng.random((5, 7, 6)), rng.random((7, 6))
    jump = np.maximum(0.4 / (1 + 3 * edge), 0.1)
    fast = semi_global(torch.tensor(cost), torch.tensor(edge), 0.1, 0.4).numpy()
    np.testing.assert_allclose(fast, slow_paths(cost, jump, 0.1), atol=1e-9)
