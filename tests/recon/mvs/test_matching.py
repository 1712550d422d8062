"""The fast plane sweep against its slow reference, and what the costs must be blind to."""

import numpy as np
import pytest
import torch

from recon.errors import Cancelled, ResourceError
from recon.mvs.costs import Census, Zncc, make_cost
from recon.mvs.matcher import Picture, make_matcher, mean_of_best
from recon.mvs.warp import pixels_per_inverse_depth
from tests.recon.mvs import reference
from tests.recon.mvs.planes import everywhere, photograph, plane_depth, ring

CPU = torch.device("cpu")
SLANT = np.array([0.4, 0.2, -0.9])


def pictures(count=4, size=(32, 24), normal=SLANT):
    views = ring(count, size)
    return [photograph(view, [(normal, 0.0, everywhere)])[0] for view in views]


def matcher_of(found, cost=None, best=2, memory=1 << 30, **more):
    return make_matcher(found[0], found[1:], 1.0, cost or Zncc(2), best, device=CPU, memory=memory, **more)


@pytest.mark.parametrize("kind", ["plane", "slanted"])
def test_sweep_equals_slow_reference(kind):
    found = pictures()
    depth = np.full((24, 32), 1.9) if kind == "plane" else plane_depth(found[0].view, SLANT, 0.02)
    fast = matcher_of(found).volume([torch.tensor(1 / depth, dtype=torch.float32)])[0]
    slow = reference.zncc_cost(found[0], found[1:], depth, 2, Zncc(2).noise, 2)
    np.testing.assert_allclose(fast.numpy(), slow, atol=2e-3)


def test_sweep_equals_slow_reference_for_sources_of_other_sizes():
    found = pictures(3)
    big = [photograph(view, [(SLANT, 0.0, everywhere)])[0] for view in ring(3, (41, 37))]
    mixed = [found[0], big[1], found[2]]
    depth = np.full((24, 32), 2.0)
    fast = matcher_of(mixed).volume([torch.tensor(1 / depth, dtype=torch.float32)])[0]
    np.testing.assert_allclose(fast.numpy(), reference.zncc_cost(mixed[0], mixed[1:], depth, 2, Zncc(2).noise, 2), atol=2e-3)


@pytest.mark.parametrize("cost", ["zncc", "census"])
def test_bands_of_rows_do_not_change_the_cost(cost):
    found = pictures()
    fields = [torch.full((24, 32), 1 / d) for d in (1.7, 2.0)]
    whole = matcher_of(found, make_cost(cost, 5)).volume(fields)
    banded = matcher_of(found, make_cost(cost, 5))
    banded.band = 8
    torch.testing.assert_close(banded.volume(fields), whole, atol=1e-5, rtol=0)


@pytest.mark.parametrize("cost", ["zncc", "census"])
def test_true_depth_is_cheapest(cost):
    found = pictures(size=(64, 48))
    depth = plane_depth(found[0].view, SLANT, 0.0)
    right = torch.tensor(1 / depth, dtype=torch.float32)
    costs = matcher_of(found, make_cost(cost, 7)).volume([right * 0.95, right, right * 1.05])
    inner = costs[:, 8:-8, 8:-8]
    assert (inner.argmin(0) == 1).float().mean() > 0.97


def test_zncc_does_not_see_exposure():
    found = pictures()
    dim = [Picture(p.view, (p.image * 0.6 + 20).astype(np.uint8)) for p in found[1:]]
    field = [torch.full((24, 32), 0.5)]
    bright, dark = matcher_of(found).volume(field), matcher_of([found[0], *dim]).volume(field)
    assert (bright - dark).abs().median() < 0.03


def test_black_pictures_match_nothing():
    found = pictures()
    black = [Picture(p.view, np.zeros_like(p.image)) for p in found]
    assert matcher_of(black).volume([torch.full((24, 32), 0.5)]).min() > 0.9


def test_occluded_sources_do_not_count():
    similarity = torch.tensor([0.9, -0.5, 0.8, 0.1])[:, None, None].expand(4, 3, 3)
    torch.testing.assert_close(mean_of_best(similarity, 2), torch.full((3, 3), 0.85))
    torch.testing.assert_close(mean_of_best(similarity, 9), similarity.mean(0))


def test_best_equals_sorting():
    values = torch.rand(7, 5, 6, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(mean_of_best(values, 3), values.sort(0).values[-3:].mean(0))


def test_a_step_of_one_pixel_moves_the_sources_by_one_pixel():
    found = pictures(3)
    field = torch.full((24, 32), 0.5)
    matcher = matcher_of(found)
    step = (1 / pixels_per_inverse_depth(matcher.rays, field))[12, 16].item()
    moved = []
    for picture in found[1:]:
        near, far = (reference.see(found[0].view, picture.view, 16, 12, 1 / (0.5 + k * step / 2))[:2] for k in (1, -1))
        moved.append(np.hypot(near[0] - far[0], near[1] - far[1]))
    assert np.mean(moved) == pytest.approx(1, rel=1e-3)


def test_out_of_memory_halves_the_band_and_goes_on(monkeypatch):
    found = pictures()
    matcher = matcher_of(found)
    expected = matcher.volume([torch.full((24, 32), 0.5)])
    fill, failures = type(matcher)._fill, []

    def scarce(self, result, hypotheses, top, rows):
        if rows > 8:
            failures.append(rows)
            raise torch.cuda.OutOfMemoryError("scarce")
        fill(self, result, hypotheses, top, rows)

    monkeypatch.setattr(type(matcher), "_fill", scarce)
    matcher.band = 24
    torch.testing.assert_close(matcher.volume([torch.full((24, 32), 0.5)]), expected, atol=1e-5, rtol=0)
    assert failures


def test_out_of_memory_in_the_smallest_band_is_explained(monkeypatch):
    def scarce(*_):
        raise MemoryError

    matcher = matcher_of(pictures())
    monkeypatch.setattr(type(matcher), "_fill", scarce)
    with pytest.raises(ResourceError, match="max_size"):
        matcher.volume([torch.full((24, 32), 0.5)])


def test_other_errors_are_not_taken_for_scarce_memory():
    with pytest.raises(RuntimeError, match="size"):
        matcher_of(pictures()).volume([torch.full((24, 31), 0.5)])


def test_cancelling_stops_between_bands():
    def stop():
        raise Cancelled

    with pytest.raises(Cancelled):
        matcher_of(pictures(), check=stop).volume([torch.full((24, 32), 0.5)])


def test_census_has_sixteen_distinct_neighbours():
    assert len(set(Census.offsets)) == 16
    assert (0, 0) not in Census.offsets
