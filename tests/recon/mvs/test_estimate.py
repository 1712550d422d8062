"""Depth of small analytic scenes."""

import numpy as np
import pytest
import torch

from recon.errors import Cancelled, ShapeError
from recon.mvs import DepthConfig, Effort, fine_depth, rough_depth
from recon.mvs.estimate import settled
from recon.mvs.matcher import Picture
from tests.recon.mvs.planes import everywhere, photograph, ring

SIZE = (160, 120)
SMALL = DepthConfig(method="classical", coarse_side=60)
SLANT = np.array([0.55, 0.1, -0.83])
BACK = (np.array([0.0, 0.0, -1.0]), -0.5, everywhere)
FRONT = (np.array([0.0, 0.0, -1.0]), 0.0, lambda p: (np.abs(p[..., 0]) < 0.3) & (np.abs(p[..., 1]) < 0.25))


def shoot(planes, count=5):
    return [photograph(view, planes) for view in ring(count, SIZE)]


def estimate(shots, config=SMALL, near=1.2, far=4.0, heard=True, **more):
    """Depth of the first shot; `heard` = the others' rough depths have a say, as in the pipeline."""
    pictures, effort = [picture for picture, _ in shots], Effort(**more)
    rough = [
        rough_depth(one, [p for p in pictures if p is not one], near, far, config, effort) for one in (pictures if heard else pictures[:1])
    ]
    return fine_depth(pictures[0], pictures[1:], near, far, config, rough[0], rough[1:], effort)


@pytest.mark.parametrize(("cost", "typical"), [("zncc", 0.002), ("census", 0.004)])
def test_a_slanted_plane_has_no_steps(cost, typical):
    shots = shoot([(SLANT, 0.0, everywhere)])
    found = estimate(shots, DepthConfig(method="classical", coarse_side=60, cost=cost))
    inner = np.s_[12:-12, 16:-16]
    error = np.abs(found.depth - shots[0][1])[inner] / shots[0][1][inner]
    assert np.median(error) < typical
    assert np.quantile(error, 0.9) < 5 * typical
    normal = shots[0][0].view.cam_from_world.rotate(SLANT / np.linalg.norm(SLANT))
    assert np.median(found.normal[inner] @ normal) > 0.97


def test_a_depth_edge_is_found_where_it_is():
    shots = shoot([FRONT, BACK])
    found = estimate(shots)
    wrong = np.abs(found.depth - shots[0][1]) / shots[0][1] > 0.05
    step = np.abs(np.diff(shots[0][1], axis=1, prepend=shots[0][1][:, :1])) > 0.2
    near_edge = np.array([[step[y, max(0, x - 4) : x + 5].any() for x in range(SIZE[0])] for y in range(SIZE[1])])
    inner = np.s_[12:-12, 20:-20]
    assert wrong[inner][~near_edge[inner]].mean() < 0.03
    assert wrong[inner][near_edge[inner]].mean() < 0.45


def test_blocky_outlines_of_rough_depth_are_settled():
    shots = shoot([FRONT, BACK])
    truth = 1 / shots[0][1][::2, ::2]
    blocks = np.kron(truth[2::5, 2::5], np.ones((5, 5)))[: truth.shape[0], : truth.shape[1]].astype(np.float32)
    pictures = [picture for picture, _ in shots]
    found = settled(pictures[0], pictures[1:], 1.2, 4.0, DepthConfig(coarse_side=60), torch.from_numpy(blocks)).numpy()
    inner = np.s_[6:-6, 10:-10]
    before, after = (np.abs(field - truth)[inner] / truth[inner] > 0.05 for field in (blocks, found))
    assert before.mean() > 0.02
    assert after.mean() < 0.7 * before.mean()


def test_what_stands_in_front_of_rough_depth_comes_back_and_what_is_right_stays():
    shots = shoot([FRONT, BACK])
    truth = 1 / shots[0][1][::2, ::2]
    pictures = [picture for picture, _ in shots]
    front = truth > 1.2 * np.quantile(truth, 0.1)
    lost = np.where(front, np.median(truth[~front]), truth).astype(np.float32)
    config = DepthConfig(coarse_side=30)
    found, kept = (
        settled(pictures[0], pictures[1:], 1.2, 4.0, config, torch.from_numpy(f.astype(np.float32))).numpy() for f in (lost, truth)
    )
    inner = np.s_[6:-6, 10:-10]
    wrong, worse = (np.abs(field - truth)[inner] / truth[inner] > 0.05 for field in (found, kept))
    assert front[inner].mean() > 0.1
    assert wrong[front[inner]].mean() < 0.25
    assert worse.mean() < 0.05


def test_confidence_is_high_on_texture_and_low_on_black():
    shots = shoot([FRONT])
    found = estimate(shots)
    front = shots[0][1] > 0
    assert found.confidence[front].mean() > 0.8
    black = ~front
    black[:, 1:] &= ~front[:, :-1]
    far_off = np.zeros_like(black)
    far_off[:10] = far_off[-10:] = True
    assert found.confidence[far_off & black].max() < 0.1


def test_masked_pixels_have_no_depth_but_sources_keep_their_pictures():
    shots = shoot([BACK])
    mask = np.ones((SIZE[1], SIZE[0]), bool)
    mask[:40] = False
    masked = [(Picture(p.view, p.image, mask), d) for p, d in shots]
    free, found = estimate(shots), estimate(masked)
    assert (found.depth[:40] == 0).all()
    assert (found.normal[:40] == 0).all()
    np.testing.assert_array_equal(found.depth[40:], free.depth[40:])


def test_result_does_not_depend_on_memory():
    shots = shoot([FRONT, BACK], 3)
    wide, narrow = estimate(shots, memory=1 << 30), estimate(shots, memory=1 << 20)
    assert (np.abs(wide.depth - narrow.depth) > 1e-3 * wide.depth).mean() < 0.01


def test_same_input_gives_the_same_bytes():
    shots = shoot([FRONT, BACK], 3)
    np.testing.assert_array_equal(estimate(shots).depth, estimate(shots).depth)


def test_depths_stay_in_front_of_the_camera_in_pure_noise():
    rng = np.random.default_rng(1)
    shots = [(Picture(v, rng.integers(0, 255, (SIZE[1], SIZE[0], 3)).astype(np.uint8)), None) for v in ring(3, SIZE)]
    found = estimate(shots)
    assert np.isfinite(found.depth).all()
    assert (found.depth >= 0).all()
    assert found.confidence.mean() < 0.6


def test_one_source_is_enough():
    shots = shoot([BACK], 2)
    found = estimate(shots)
    inner = np.s_[20:-20, 40:-40]
    assert np.median(np.abs(found.depth - shots[0][1])[inner]) < 0.02


def test_cancelling_is_heard_soon():
    calls = []

    def check():
        calls.append(1)
        if len(calls) > 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        estimate(shoot([BACK], 2), check=check)


@pytest.mark.parametrize(("near", "far"), [(0.0, 1.0), (2.0, 1.0), (float("nan"), 2.0)])
def test_impossible_ranges_are_refused(near, far):
    with pytest.raises(ShapeError):
        estimate(shoot([BACK], 2), near=near, far=far)


def test_a_view_alone_is_refused():
    with pytest.raises(ShapeError):
        estimate(shoot([BACK], 1))
