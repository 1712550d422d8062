"""Points that the views confirm stay, others go."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from recon.points.views import Sight, confirmed
from recon.scene import PointCloud
from tests.recon.points.sphere_views import sights, sphere_depth


def seen_points() -> PointCloud:
    """Points of the sphere that the middle of the views' depth maps show, hardly off the surface."""
    rng = np.random.default_rng(0)
    directions = rng.normal(size=(900, 3))
    directions[:, 2] *= 0.3  # the cameras stand around, not above
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    return PointCloud((directions * (1 + rng.normal(0, 0.005, (900, 1)))).astype(np.float32), directions.astype(np.float32))


def kept(cloud: PointCloud, seen: list[Sight]) -> NDArray[np.bool_]:
    return confirmed(cloud, len(seen), seen.__getitem__)


def test_points_on_the_surface_stay_and_those_in_front_of_it_go() -> None:
    cloud = seen_points()
    assert kept(cloud, sights()).mean() > 0.85
    off = cloud.points.copy()
    off[:100] *= 1.1
    stays = kept(replace(cloud, points=off), sights())
    assert not stays[:100].any(), "the views see through these"
    assert stays[100:].mean() > 0.85


def test_points_behind_the_surface_go_because_no_view_confirms_them() -> None:
    cloud = seen_points()
    points = cloud.points.copy()
    points[:100] *= 0.9
    assert not kept(replace(cloud, points=points), sights())[:100].any()


def test_a_point_needs_a_second_view() -> None:
    seen = sights()
    alone = [replace(sight, depth=sight.depth if i == 0 else np.zeros_like(sight.depth)) for i, sight in enumerate(seen)]
    assert not kept(seen_points(), alone).any()


def test_masks_that_leave_a_point_out_count_but_one_occluder_does_not_hide_it() -> None:
    cloud, seen = seen_points(), sights(16)
    nothing = np.zeros(seen[0].depth.shape, bool)
    one = [replace(sight, mask=nothing if i == 0 else ~nothing) for i, sight in enumerate(seen)]
    every = [replace(sight, mask=nothing) for sight in seen]
    assert kept(cloud, one).mean() > 0.8
    assert not kept(cloud, every).any()


def test_points_that_no_view_looks_at_and_no_views_at_all_are_no_error() -> None:
    cloud = seen_points()
    assert not kept(replace(cloud, points=cloud.points + 1000), sights()).any()
    assert not kept(cloud, []).any()


def test_a_view_gives_the_offset_along_the_normal() -> None:
    from recon.points.views import testify

    sight = sights()[0]
    y, x = 30, 40
    point = sight.view.cam_from_world.inverse().apply(
        sight.view.camera.unproject(np.array([[x, y]]), sphere_depth(sight.view)[y : y + 1, x])
    )
    normal = (point / np.linalg.norm(point)).astype(np.float32)
    said = testify((point * 0.98).astype(np.float32), normal, sight)
    assert abs(said.offset[0] - 0.02) < 2e-3
    assert not said.through[0], "the surface is before the point"
