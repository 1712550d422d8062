"""The averaged surface lies where the depths are, faces outward, and has no skirts, crumbs or masked parts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from recon.errors import Cancelled, ReconstructionError
from recon.scene import DepthMap, PointCloud, TriMesh
from recon.surface import MeshConfig
from recon.surface.pixels import depth_edges, normals_from_depth, weigh
from recon.surface.reconstruct import make_mesh
from recon.surface.topology import face_normals, is_watertight
from recon.surface.tsdf import frames_of, fuse_depths, plan_grid
from tests.recon.surface.oracle import Oracle, around, ball, color_of, make, plate

CONFIG = MeshConfig(method="tsdf")


def surface(seen: Oracle, depths: Mapping[str, DepthMap] | None = None, config: MeshConfig = CONFIG, **more: Any) -> TriMesh:
    """The mesh of an oracle's depth maps, or of others in their place; TSDF looks at no points."""
    points = PointCloud(np.zeros((1, 3)))
    return make_mesh(seen.scene, seen.depths if depths is None else depths, points, seen.pictures.__getitem__, config, **more)


@pytest.fixture(scope="module")
def orbit() -> Oracle:
    return make(ball(), around())


@pytest.fixture(scope="module")
def made(orbit: Oracle) -> TriMesh:
    return surface(orbit)


def test_the_surface_lies_on_the_ball(made: TriMesh, orbit: Oracle) -> None:
    voxel = plan_grid(frames_of(orbit.scene, orbit.depths, CONFIG), CONFIG).voxel
    radius = np.linalg.norm(made.vertices, axis=1)
    assert np.abs(radius.mean() - 1) < 0.04 * voxel
    assert np.quantile(np.abs(radius - 1), 0.99) < 0.3 * voxel
    assert np.abs(radius - 1).max() < voxel


def test_a_ball_seen_from_all_sides_is_closed_and_faces_outward(made: TriMesh) -> None:
    assert is_watertight(made.faces)
    centers = made.vertices[made.faces].mean(axis=1)
    assert ((face_normals(made) * centers).sum(axis=1) > 0).mean() > 0.999
    assert made.normals is not None
    assert ((made.normals * made.vertices).sum(axis=1) > 0.9).mean() > 0.99


def test_colors_are_those_of_the_place(made: TriMesh) -> None:
    assert made.colors is not None
    error = np.abs(made.colors - color_of(made.vertices))
    assert np.median(error) < 0.01
    assert np.quantile(error, 0.99) < 0.06


def test_the_same_depths_give_the_same_bytes(orbit: Oracle, made: TriMesh) -> None:
    again = surface(orbit)
    np.testing.assert_array_equal(again.vertices, made.vertices)
    np.testing.assert_array_equal(again.faces, made.faces)
    np.testing.assert_array_equal(again.colors, made.colors)


def test_noise_is_averaged_away(orbit: Oracle) -> None:
    rng = np.random.default_rng(0)
    noisy = {
        k: replace(d, depth=(d.depth * (1 + 0.003 * rng.normal(size=d.depth.shape))).astype(np.float32)) for k, d in orbit.depths.items()
    }
    mesh = surface(orbit, noisy)
    error = np.linalg.norm(mesh.vertices, axis=1) - 1
    assert np.abs(error.mean()) < 0.002
    assert error.std() < 0.006  # of a single depth: 0.007


def test_unsure_depths_do_not_shape_the_surface(orbit: Oracle) -> None:
    spoiled = {}
    for i, (name, d) in enumerate(orbit.depths.items()):
        wrong = np.zeros(d.depth.shape, bool)
        wrong[40:60, 60 + i : 80 + i] = True
        depth = np.where(wrong, d.depth * 0.97, d.depth).astype(np.float32)
        spoiled[name] = DepthMap(depth, np.where(wrong, 0.05, 1).astype(np.float32))
    mesh = surface(orbit, spoiled)
    assert np.abs(np.linalg.norm(mesh.vertices, axis=1) - 1).max() < 0.03


def test_two_depth_maps_suffice() -> None:
    pair = make(ball(), np.array([[3.0, 0.3, 0.0], [3.0, -0.3, 0.0]]))
    mesh = surface(pair)
    assert len(mesh.faces) > 1000
    assert np.abs(np.linalg.norm(mesh.vertices, axis=1) - 1).max() < 0.03


def test_no_skirt_joins_the_ball_to_what_is_behind_it() -> None:
    floor = plate(4.0, -2.0)
    top = ball(0.6)
    both = TriMesh(np.concatenate([top.vertices, floor.vertices]), np.concatenate([top.faces, floor.faces + len(top.vertices)]))
    eyes = np.array([[np.cos(a) * 0.8, np.sin(a) * 0.8, 3.0] for a in np.linspace(0, 2 * np.pi, 6, endpoint=False)])
    seen = make(both, eyes)
    mesh = surface(seen)
    between = (mesh.vertices[:, 2] > -1.9) & (np.linalg.norm(mesh.vertices, axis=1) > 0.65)
    assert not between.any()


def test_masked_pixels_never_reach_the_surface(orbit: Oracle) -> None:
    halved = {}
    for view in orbit.scene.views:
        d = orbit.depths[view.name]
        y, x = np.mgrid[: d.depth.shape[0], : d.depth.shape[1]]
        world = view.cam_from_world.inverse().apply(view.camera.unproject(np.stack([x, y], -1), d.depth))
        halved[view.name] = replace(d, depth=np.where(world[..., 2] > 0, d.depth, 0).astype(np.float32))
    mesh = surface(orbit, halved, replace(CONFIG, fill_holes=0))
    assert mesh.vertices[:, 2].min() > -0.05
    assert mesh.vertices[:, 2].max() > 0.95


def test_voxels_grow_when_their_surface_does_not_fit_the_memory(orbit: Oracle) -> None:
    fine = replace(CONFIG, voxel_size=0.01)
    frames = frames_of(orbit.scene, orbit.depths, fine)
    plan = plan_grid(frames, replace(fine, memory_mb=2))
    assert plan.wanted == 0.01
    assert plan.voxel > 0.01
    radius = np.linalg.norm(fuse_depths(frames, plan, fine).vertices, axis=1)
    assert np.abs(radius - 1).max() < plan.voxel


def test_a_depth_map_smaller_than_its_picture_is_placed_right(orbit: Oracle, made: TriMesh) -> None:
    small = {k: DepthMap(d.depth[1::3, 1::3], d.confidence[1::3, 1::3]) for k, d in orbit.depths.items()}
    mesh = surface(orbit, small)
    radius = np.linalg.norm(mesh.vertices, axis=1)
    assert np.abs(radius.mean() - 1) < 0.01
    assert np.abs(mesh.vertices.mean(axis=0)).max() < 0.02


def test_nothing_to_fuse_is_said_with_a_remedy(orbit: Oracle) -> None:
    empty = {k: DepthMap(np.zeros_like(d.depth)) for k, d in orbit.depths.items()}
    for depths in (empty, {}):
        with pytest.raises(ReconstructionError) as caught:
            surface(orbit, depths)
        assert caught.value.why
        assert caught.value.remedy


def test_it_stops_when_asked(orbit: Oracle) -> None:
    calls = []

    def pulse(done: int, total: int, detail: str) -> None:
        calls.append(detail)
        if calls.count("averaging depth maps") == 3:
            raise Cancelled()

    with pytest.raises(Cancelled):
        surface(orbit, pulse=pulse)
    assert "colouring" not in calls


def test_normals_of_a_slanted_plane_face_the_camera() -> None:
    seen = make(plate(3.0), np.array([[2.0, 0.0, 2.0]]))
    (view,), (depth,) = seen.scene.views, seen.depths.values()
    normal = normals_from_depth(depth.depth, view.camera)
    known = (normal != 0).any(-1)
    assert known.mean() > 0.5
    np.testing.assert_allclose(normal[known] @ view.cam_from_world.rotation, np.tile([0, 0, 1], (known.sum(), 1)), atol=2e-3)


def test_a_step_is_an_edge_and_a_slope_is_not() -> None:
    seen = make(plate(3.0), np.array([[2.0, 0.0, 1.0]]))
    (view,), (depth,) = seen.scene.views, seen.depths.values()
    valid = depth.depth > 0
    inner = valid & (np.roll(valid, 2, 0) & np.roll(valid, -2, 0) & np.roll(valid, 2, 1) & np.roll(valid, -2, 1))
    near = inner & (depth.depth < 4)
    assert not depth_edges(depth.depth, view.camera, 12.0)[near].any()
    stepped = depth.depth.copy()
    stepped[:, 81:] *= np.float32(1.2)
    assert depth_edges(stepped, view.camera, 12.0)[50:60, 80:82].all()


def test_grazing_pixels_weigh_nothing() -> None:
    seen = make(plate(1.0), np.array([[3.0, 0.0, 0.3]]))
    (view,), (depth,) = seen.scene.views, seen.depths.values()
    up = view.cam_from_world.rotation @ [0.0, 0.0, 1.0]
    known = DepthMap(depth.depth, depth.confidence, np.broadcast_to(up, (*depth.depth.shape, 3)).astype(np.float32))
    assert (depth.depth > 0).any()
    assert not (weigh(known, view.camera, CONFIG).weight > 0).any()
