"""Agreement of depth maps against its slow reference, and what filtering and fusion keep."""

import numpy as np
import pytest
import torch

from recon.mvs.config import CloudConfig
from recon.mvs.consistency import Estimate, agreement, filter_depths, parallax_cosine
from recon.mvs.fusion import fuse
from recon.mvs.normals import normals_from_depth
from recon.scene import DepthMap
from tests.recon.mvs import reference
from tests.recon.mvs.planes import plane_depth, points_at, ring

NORMAL = np.array([0.3, -0.2, -0.93]) / np.linalg.norm([0.3, -0.2, -0.93])


def estimates(count=4, size=(32, 24), noise=0.0):
    rng = np.random.default_rng(0)
    found = []
    for view in ring(count, size):
        depth = plane_depth(view, NORMAL, 0.0)
        depth = (depth * (1 + noise * rng.standard_normal(depth.shape))).astype(np.float32)
        found.append(Estimate(view, DepthMap(depth, np.full(depth.shape, 0.8, np.float32))))
    return found


def test_agreement_equals_slow_reference():
    found = estimates(2, noise=0.01)
    depth = found[0].depth_map.depth.copy()
    depth[3:6, 3:9] = 0
    other = found[1].depth_map.depth.copy()
    other[10:12, 20:23] = 0
    config = CloudConfig(pixel_error=0.6, depth_error=0.012)
    fast = agreement(found[0].view, torch.from_numpy(depth), Estimate(found[1].view, DepthMap(other)), config, torch.device("cpu"))
    slow, errors = reference.agreement(found[0].view, depth, found[1].view, other, 0.6, 0.012)
    undecided = np.abs(errors - 0.6) < 1e-3
    assert 0.1 < slow.mean() < 0.9
    assert (fast.agrees.numpy() == slow)[~undecided].mean() > 0.997


def test_wrong_depths_are_dropped_and_right_ones_kept():
    found = estimates(5, (64, 48))
    depth = found[0].depth_map.depth.copy()
    depth[20:30, 20:40] *= 0.9
    wrong = Estimate(found[0].view, DepthMap(depth, found[0].depth_map.confidence))
    kept = filter_depths(wrong, found[1:], CloudConfig(min_views=3))
    assert (kept.depth[20:30, 20:40] == 0).all()
    inner = np.s_[5:15, 15:50]
    assert (kept.depth[inner] > 0).mean() > 0.95
    np.testing.assert_allclose(kept.depth[inner], found[0].depth_map.depth[inner], rtol=1e-3)


def test_agreeing_views_are_counted_and_averaged():
    found = estimates(5, (64, 48), noise=0.002)
    kept = filter_depths(found[0], found[1:], CloudConfig(min_views=3))
    truth = plane_depth(found[0].view, NORMAL, 0.0)
    seen = kept.depth > 0
    assert kept.num_views[seen].min() >= 3
    assert kept.num_views.max() == 5
    before, after = np.abs(found[0].depth_map.depth - truth)[seen].mean(), np.abs(kept.depth - truth)[seen].mean()
    assert after < 0.75 * before


def test_the_parallax_is_the_angle_between_the_rays():
    first, second = ring(2)
    depth = plane_depth(first, NORMAL, 0.0).astype(np.float32)
    toward = [points_at(first, depth) - view.cam_from_world.center for view in (first, second)]
    a, b = (ray / np.linalg.norm(ray, axis=-1, keepdims=True) for ray in toward)
    np.testing.assert_allclose(parallax_cosine(first, torch.from_numpy(depth), second).numpy(), (a * b).sum(-1), atol=2e-6)


def test_points_without_parallax_are_dropped_though_all_views_agree():
    found = estimates(3)  # seen from 2 units away, a quarter of a unit apart: up to about 7 degrees
    assert (filter_depths(found[0], found[1:], CloudConfig(min_angle=4.0)).depth > 0).mean() > 0.5
    assert not (filter_depths(found[0], found[1:], CloudConfig(min_angle=12.0)).depth > 0).any()


def test_masked_pixels_give_no_points():
    found = estimates(4)
    mask = np.ones((24, 32), bool)
    mask[:, 16:] = False
    kept = filter_depths(found[0], found[1:], CloudConfig(min_views=2), mask)
    assert (kept.depth[:, 16:] == 0).all()
    assert (kept.depth[:, :16] > 0).any()


def test_normals_of_a_slanted_plane():
    view = ring(1)[0]
    normal = normals_from_depth(plane_depth(view, NORMAL, 0.0).astype(np.float32), view.camera)
    expected = view.cam_from_world.rotate(NORMAL)
    expected = expected if expected[2] < 0 else -expected
    np.testing.assert_allclose(normal[6:-6, 6:-6].reshape(-1, 3), np.broadcast_to(expected, (60 * 84, 3)), atol=5e-3)


def test_normals_do_not_bend_at_a_depth_step():
    view = ring(1)[0]
    depth = np.full((72, 96), 2.0, np.float32)
    depth[:, 48:] = 1.5
    normal = normals_from_depth(depth, view.camera)
    np.testing.assert_allclose(normal[6:-6, 6:-6, 2], -1, atol=1e-3)


def test_normals_are_unknown_where_depth_is():
    view = ring(1)[0]
    depth = np.full((72, 96), 2.0, np.float32)
    depth[10:20, 10:20] = 0
    normal = normals_from_depth(depth, view.camera)
    assert (normal[10:20, 10:20] == 0).all()
    assert np.isfinite(normal).all()


def cloud_of(found):
    images = [np.full((*e.depth_map.depth.shape, 3), 50 + i, np.uint8) for i, e in enumerate(found)]
    neighbours = [[j for j in range(len(found)) if j != i] for i in range(len(found))]
    return fuse(len(found), found.__getitem__, images.__getitem__, neighbours, depth_error=0.01)


def test_fusion_gives_each_place_one_point():
    full = filtered(estimates(4, (64, 48)))
    cloud = cloud_of(full)
    first = int((full[0].depth_map.depth > 0).sum())
    total = sum(int((e.depth_map.depth > 0).sum()) for e in full)
    # The other views add what the first does not see, at its borders, and nothing in the middle.
    assert first <= len(cloud) < 0.6 * total
    inner = points_at(full[0].view, plane_depth(full[0].view, NORMAL, 0.0))[15:30, 20:40].reshape(-1, 3)
    from scipy.spatial import cKDTree

    spacing = np.linalg.norm(inner[1] - inner[0])
    assert np.median([len(n) for n in cKDTree(cloud.points).query_ball_point(inner, 0.4 * spacing)]) == 1


def filtered(found):
    return [Estimate(e.view, filter_depths(e, [o for o in found if o is not e], CloudConfig(min_views=2))) for e in found]


def test_cloud_carries_world_normals_colours_confidence_and_counts():
    cloud = cloud_of(filtered(estimates(4, (64, 48))))
    np.testing.assert_allclose(cloud.points @ NORMAL, 0, atol=1e-3)
    known = np.linalg.norm(cloud.normals, axis=1) > 0.5
    assert known.mean() > 0.9
    assert (np.abs(cloud.normals[known] @ NORMAL) > 0.99).mean() > 0.95
    assert cloud.colors.min() >= 50 / 255 - 1e-6
    assert (cloud.num_views >= 2).all()
    assert cloud.confidence.max() <= 1
    assert set(cloud.origin) == {0}


def test_a_point_floating_before_what_others_see_is_dropped():
    found = estimates(4, (64, 48))
    twins = [Estimate(e.view, DepthMap(np.full_like(e.depth_map.depth, 1.0), e.depth_map.confidence)) for e in found[:1]]
    kept = filter_depths(twins[0], found[1:], CloudConfig(min_views=2))
    assert (kept.depth > 0).mean() < 0.02


@pytest.mark.parametrize("shape", [(30, 20), (24, 32)])
def test_neighbours_of_other_sizes_are_compared(shape):
    found = estimates(2)
    other = ring(2, (shape[1], shape[0]))[1]
    depth = plane_depth(other, NORMAL, 0.0).astype(np.float32)
    seen = agreement(
        found[0].view, torch.from_numpy(found[0].depth_map.depth), Estimate(other, DepthMap(depth)), CloudConfig(), torch.device("cpu")
    )
    assert seen.agrees.float().mean() > 0.2
