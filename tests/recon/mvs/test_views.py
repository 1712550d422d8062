"""Selection of sources and the range of depths."""

import numpy as np
import pytest

from recon.errors import ReconstructionError
from recon.mvs import depth_range, select_views
from recon.scene import Camera, Rigid3, Scene, SparsePoints, View
from recon.synth import orbit
from tests.recon.mvs.planes import plane_depth, ring, scene_of

NORMAL = np.array([0.0, 0.0, -1.0])


def orbit_scene(count=18, points=400):
    """Cameras about a ball; each sees the points that face it."""
    camera = Camera(400, 300, 400.0, 400.0, 199.5, 149.5)
    views = tuple(View(f"{i}.jpg", camera, pose) for i, pose in enumerate(orbit(count, radius=3.0, elevation=20.0)))
    rng = np.random.default_rng(0)
    ball = rng.standard_normal((points, 3))
    ball /= np.linalg.norm(ball, axis=1, keepdims=True)
    seen = np.stack([(ball @ (v.cam_from_world.center / np.linalg.norm(v.cam_from_world.center))) > 0.35 for v in views], 1)
    point, view = np.nonzero(seen)
    return Scene(views, SparsePoints(ball, np.zeros((points, 3)), np.zeros(points), point, view))


def test_neighbours_on_an_orbit_are_chosen_on_both_sides():
    sources = select_views(orbit_scene(), 4)
    assert sorted((j - 0) % 18 for j in sources[0]) == [1, 2, 16, 17]


def test_a_view_is_never_its_own_source_and_counts_are_kept():
    for count in (1, 3, 30):
        for i, chosen in enumerate(select_views(orbit_scene(), count)):
            assert i not in chosen
            assert len(chosen) == len(set(chosen)) <= count


def test_twins_at_the_same_place_are_worse_than_a_baseline():
    views = ring(3)
    twin = View("twin.jpg", views[0].camera, Rigid3(views[0].cam_from_world.rotation, views[0].cam_from_world.translation + 1e-4))
    scene = scene_of([views[0], twin, *views[1:]], plane_depth(views[0], NORMAL, 0.0))
    assert 1 not in select_views(scene, 2)[0]


def test_views_without_shared_points_have_no_sources():
    scene = scene_of(ring(3), plane_depth(ring(1)[0], NORMAL, 0.0))
    keep = scene.sparse.view_index != 2
    sparse = SparsePoints(
        scene.sparse.points, scene.sparse.colors, scene.sparse.error, scene.sparse.point_index[keep], scene.sparse.view_index[keep]
    )
    sources = select_views(Scene(scene.views, sparse), 4)
    assert sources[2] == []
    assert sources[0] == [1]


def test_depth_range_holds_all_surface_points():
    views = ring(3)
    depth = plane_depth(views[0], np.array([0.5, 0.0, -0.8]), 0.0)
    near, far = depth_range(scene_of(views, depth), 0)
    assert near < depth.min()
    assert far > depth.max()
    assert far / near < 4 * depth.max() / depth.min()


def test_one_wild_point_does_not_stretch_the_range():
    views = ring(3)
    scene = scene_of(views, plane_depth(views[0], NORMAL, 0.0), step=3)
    points = scene.sparse.points.copy()
    points[5] = views[0].cam_from_world.center + [0, 0, 1e-3]
    wild = SparsePoints(points, scene.sparse.colors, scene.sparse.error, scene.sparse.point_index, scene.sparse.view_index)
    assert depth_range(Scene(scene.views, wild), 0)[0] > 1.0


def test_a_view_without_points_is_named():
    scene = orbit_scene(points=0)
    with pytest.raises(ReconstructionError, match=r"0\.jpg"):
        depth_range(scene, 0)


def test_short_tracks_do_not_cost_a_view_its_neighbours():
    scene = orbit_scene(points=300)
    sparse = scene.sparse
    rng = np.random.default_rng(3)
    first = np.array([rng.choice(np.flatnonzero(sparse.point_index == p)) for p in np.unique(sparse.point_index)])
    second = np.array([min(o + 1, len(sparse.point_index) - 1) for o in first])
    keep = np.unique(np.concatenate([first, second]))
    short = SparsePoints(sparse.points, sparse.colors, sparse.error, sparse.point_index[keep], sparse.view_index[keep])
    for i, chosen in enumerate(select_views(Scene(scene.views, short), 4)):
        assert len(chosen) == 4
        assert max(min((j - i) % 18, (i - j) % 18) for j in chosen) <= 3
