"""The world frame: upright, or that of GPS."""

import numpy as np
import pytest

from recon.scene import Sim3
from recon.sfm.frame import from_gps, local_places, upright
from recon.synth import look_at, orbit


def turned(poses, seed=0):
    """The poses in a world of another orientation, scale and origin; and that change."""
    rng = np.random.default_rng(seed)
    rotation = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    rotation *= np.linalg.det(rotation)
    change = Sim3(rotation, rng.normal(size=3), 0.37)
    return {f"{i}": pose.aligned(change) for i, pose in enumerate(poses)}, change


@pytest.mark.parametrize("elevation", [(30, 38), (70, 75), (-30, -20)])
def test_up_is_found_whatever_the_mapper_calls_up(elevation):
    poses, change = turned(orbit(12, radius=3, elevation=elevation))
    new_from_world = upright(poses, change.apply(np.random.default_rng(1).normal(0, 0.2, (50, 3))))
    up = new_from_world.rotate(change.rotate(np.array([0, 0, 1.0])))
    assert np.degrees(np.arccos(up[2])) < 3


def test_a_row_of_level_cameras_is_upright_and_looks_along_y():
    poses, change = turned([look_at((x, -4, 1), (x, 0, 1)) for x in np.linspace(-1, 1, 6)])
    points = change.apply(np.random.default_rng(1).normal(0, 0.2, (50, 3)))
    new_from_world = upright(poses, points)
    moved = [pose.aligned(new_from_world) for pose in poses.values()]
    np.testing.assert_allclose(moved[0].rotation[2], [0, 1, 0], atol=1e-6)
    np.testing.assert_allclose(-moved[0].rotation[1], [0, 0, 1], atol=1e-6)
    assert np.abs(np.median(new_from_world.apply(points), axis=0)).max() < 0.02
    distances = [np.linalg.norm(pose.center) for pose in moved]
    assert np.median(distances) == pytest.approx(1)


@pytest.mark.parametrize("poses", [[look_at((0, 0, 3), (0, 0, 0))], [look_at((0, -1, 0), (0, 0, 0))] * 3])
def test_degenerate_sets_have_a_frame_all_the_same(poses):
    found = upright({str(i): pose for i, pose in enumerate(poses)}, np.zeros((0, 3)))
    np.testing.assert_allclose(found.rotation @ found.rotation.T, np.eye(3), atol=1e-9)
    assert np.linalg.det(found.rotation) == pytest.approx(1)
    assert found.scale > 0


def gps_of(places, lat=48.0, lon=11.0):
    degree = np.radians(1) * 6_378_137
    return [
        {"lat": lat + n / degree, "lon": (lon + e / degree / np.cos(np.radians(lat)) + 180) % 360 - 180, "alt": u} for e, n, u in places
    ]


def test_one_wild_place_does_not_spoil_the_frame():
    poses, change = turned(orbit(10, radius=40, elevation=(10, 40)))
    places = np.array([pose.center for pose in orbit(10, radius=40, elevation=(10, 40))]) + np.random.default_rng(0).normal(0, 0.5, (10, 3))
    gps = dict(zip(poses, gps_of(places), strict=True))
    gps["3"] = gps_of([(900, -500, 80)])[0]
    new_from_world, residual = from_gps(poses, gps)
    assert residual < 2
    assert new_from_world.scale * change.scale == pytest.approx(1, abs=0.03)
    up = new_from_world.rotate(change.rotate(np.array([0, 0, 1.0])))
    assert np.degrees(np.arccos(up[2])) < 3


def test_too_few_places_or_places_in_a_line_give_no_frame():
    poses, _ = turned(orbit(6, radius=40))
    gps = dict(zip(poses, gps_of([pose.center for pose in orbit(6, radius=40)]), strict=True))
    assert from_gps(poses, gps) is not None
    assert from_gps(poses, dict(list(gps.items())[:2])) is None
    line = {str(i): look_at((20 * i, -4, 0), (20 * i, 0, 0)) for i in range(6)}
    assert from_gps(line, dict(zip(line, gps_of([(20 * i, 0, 0) for i in range(6)]), strict=True))) is None


def test_places_on_both_sides_of_the_date_line_are_neighbours():
    places = np.array([[-30.0, 0, 0], [30, 0, 0], [0, 40, 5], [0, -40, 5]])
    found = local_places(gps_of(places, lat=-17.0, lon=180.0))
    np.testing.assert_allclose(found - found[0], places - places[0], atol=0.5)


def test_heights_may_be_missing():
    gps = gps_of([(0, 0, 100), (10, 0, 104), (0, 10, 102)])
    gps[1]["alt"] = None
    np.testing.assert_allclose(local_places(gps)[:, 2], [-1, 0, 1], atol=1e-9)
