"""What the depth maps of the sources ask for, against plain geometry."""

import numpy as np
import pytest
import torch

from recon.mvs import DepthConfig, fine_depth
from recon.mvs.guide import make_guide
from recon.mvs.matcher import Picture
from recon.mvs.warp import pixels_per_inverse_depth, project, row_rays
from tests.recon.mvs.planes import everywhere, photograph, plane_depth, points_at, ring
from tests.recon.mvs.test_matching import SLANT, matcher_of

SIZE = (96, 72)
CPU = torch.device("cpu")
TOLERANCE = 6.0
INNER = np.s_[8:-8, 8:-8]


def field_of(view):
    """Inverse depth of the slanted plane."""
    return torch.tensor(1 / plane_depth(view, SLANT, 0.0), dtype=torch.float32)


@pytest.fixture(scope="module")
def views():
    return ring(2, SIZE, baseline=0.2)


@pytest.fixture(scope="module")
def matcher(views):
    return matcher_of([photograph(view, [(SLANT, 0.0, everywhere)])[0] for view in views])


def guide_of(fields, weight=0.8):
    return make_guide(fields, [(SIZE[1], SIZE[0])] * len(fields), weight, TOLERANCE, CPU)


def penalty(matcher, guide, field):
    rows = row_rays(matcher.rays, *field.shape)
    grid, valid = project(rows, field)
    seen = torch.nn.functional.grid_sample(guide.inverse_depth, grid, align_corners=True)[:, 0]
    return guide.penalty(rows, field, seen, valid, 0)[0].numpy(), valid[0].numpy()


@pytest.mark.parametrize("pixels", [0.0, -1.0, 2.0, 30.0])
def test_the_penalty_grows_with_the_error_in_pixels_up_to_the_tolerance(views, matcher, pixels):
    truth = field_of(views[0])
    field = truth + pixels / pixels_per_inverse_depth(matcher.rays, truth)
    found, valid = penalty(matcher, guide_of([field_of(views[1])]).around(matcher.rays, truth), field)
    expected = 0.8 * min(abs(pixels), TOLERANCE) / TOLERANCE
    seen = valid[INNER]
    assert seen.mean() > 0.5
    # On a slanted plane the wrong hypothesis looks at another place of the source, where the plane is nearer or farther.
    np.testing.assert_allclose(found[INNER][seen], expected, rtol=0.3, atol=2e-3)


def test_nothing_known_is_as_bad_as_contradiction(views, matcher):
    truth = field_of(views[0])
    found, _ = penalty(matcher, guide_of([None]).around(matcher.rays, truth), truth)
    np.testing.assert_allclose(found, 0.8, rtol=1e-6)


def test_opinions_are_the_points_the_source_sees(views, matcher):
    reference, source = views
    rough = field_of(reference) * 1.02
    (found,) = guide_of([field_of(source)]).opinions(matcher.rays, rough)
    depth = plane_depth(source, SLANT, 0.0)
    world = points_at(source, depth)
    pixels, _ = source.camera.project(source.cam_from_world.apply(points_at(reference, 1 / rough.numpy().astype(float))))
    column, row = np.rint(pixels[INNER]).astype(int).reshape(-1, 2).T
    inside = (column >= 0) & (row >= 0) & (column < SIZE[0]) & (row < SIZE[1])
    seen = world[row[inside], column[inside]]
    # The point lies on the source's ray through that pixel; in the reference the answer is the inverse depth on the
    # reference's own ray where the source's depth is reached, which to first order is that of the point itself.
    expected = 1 / reference.cam_from_world.apply(seen)[:, 2]
    np.testing.assert_allclose(found.numpy()[INNER].reshape(-1)[inside], expected, rtol=0.02)
    truth = field_of(reference)
    closer = (found - truth).abs() < (rough - truth).abs()
    assert closer.numpy()[INNER].reshape(-1)[inside].mean() > 0.95


def test_a_source_that_knows_nothing_has_the_field_as_its_opinion(views, matcher):
    rough = field_of(views[0])
    (found,) = guide_of([None]).opinions(matcher.rays, rough)
    torch.testing.assert_close(found, rough)


def test_depth_of_plain_surfaces_comes_from_views_that_agree():
    views = ring(5, SIZE, baseline=0.2)
    grey = np.full((SIZE[1], SIZE[0], 3), 120, np.uint8)
    pictures = [Picture(view, grey) for view in views]
    truth, others = field_of(views[0]), [field_of(view) for view in views[1:]]
    rough = truth * 1.015
    config = DepthConfig(method="classical", coarse_side=60)

    def error(known):
        found = fine_depth(pictures[0], pictures[1:], 1.2, 4.0, config, rough, known)
        return np.median(np.abs(found.depth - 1 / truth.numpy())[INNER] * truth.numpy()[INNER])

    assert error(others) < 0.3 * error([])
