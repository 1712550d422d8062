"""Poisson closes small gaps, is trimmed where nothing was measured, and can be stopped."""

from __future__ import annotations

import time

import numpy as np
import pytest
import trimesh

from recon.errors import Cancelled, ReconstructionError, ResourceError
from recon.pipeline.child import ChildFailed
from recon.scene import Origin, PointCloud
from recon.surface import MeshConfig
from recon.surface.poisson import point_spacing, poisson_mesh, spans_gap

CONFIG = MeshConfig(method="poisson", poisson_depth=6)


def half_ball(count: int = 6_000) -> PointCloud:
    rng = np.random.default_rng(0)
    points = rng.normal(size=(count, 3))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    points[:, 2] = np.abs(points[:, 2])
    return PointCloud(points + np.array([100.0, 0, 0]), points)


def test_the_surface_follows_the_points_and_ends_with_them() -> None:
    mesh = poisson_mesh(half_ball(), MeshConfig(method="poisson"), threads=1)
    local = mesh.vertices - [100, 0, 0]
    assert np.quantile(np.abs(np.linalg.norm(local, axis=1) - 1), 0.95) < 0.03
    assert local[:, 2].min() > -0.2
    corners = local[mesh.faces].astype(float)
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1).sum() / 2
    assert area == pytest.approx(2 * np.pi, rel=0.1)


def test_spacing_is_the_step_of_a_grid() -> None:
    y, x = np.mgrid[:60, :60] * 0.25
    cloud = PointCloud(np.stack([x, y, np.zeros_like(x)], -1).reshape(-1, 3))
    assert point_spacing(cloud) == pytest.approx(0.25, rel=0.05)


def test_a_few_points_far_out_do_not_coarsen_the_rest() -> None:
    near, rng, notes = half_ball(), np.random.default_rng(1), {}
    far = rng.normal(size=(20, 3)) * 1e4
    cloud = PointCloud(np.concatenate([near.points, far]), np.concatenate([near.normals, far]))
    mesh = poisson_mesh(cloud, MeshConfig(method="poisson"), threads=1, note=notes.__setitem__)
    error = np.abs(np.linalg.norm(mesh.vertices - [100, 0, 0], axis=1) - 1)
    assert np.quantile(error, 0.9) < 0.03
    assert len(mesh.faces) > 1000
    assert int(notes["points_far_out"].split()[0]) < 0.05 * len(near)


def test_generated_points_are_left_out() -> None:
    cloud = half_ball()
    origin = np.where(cloud.points[:, 0] > 100, Origin.GENERATED, Origin.MEASURED)
    mesh = poisson_mesh(PointCloud(cloud.points, cloud.normals, origin=origin), CONFIG, threads=1)
    assert mesh.vertices[:, 0].max() < 100.3


def test_too_few_points_and_missing_normals_are_named() -> None:
    cloud = half_ball()
    with pytest.raises(ReconstructionError, match="normals"):
        poisson_mesh(PointCloud(cloud.points), CONFIG)
    with pytest.raises(ReconstructionError, match="50 usable points"):
        poisson_mesh(cloud.select(np.arange(50)), CONFIG)


def test_it_stops_within_two_seconds() -> None:
    begun = time.monotonic()

    def stop() -> None:
        if time.monotonic() - begun > 0.5:
            raise Cancelled()

    with pytest.raises(Cancelled):
        poisson_mesh(half_ball(200_000), MeshConfig(method="poisson", poisson_depth=11), spacing=0.01, threads=1, check_cancelled=stop)
    assert time.monotonic() - begun < 5  # includes writing the points


def test_a_solver_that_dies_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    import recon.surface.poisson as module

    def dead(*_: object, **__: object) -> None:
        raise ChildFailed(-9, "killed")

    monkeypatch.setattr(module, "run_child", dead)
    with pytest.raises(ResourceError, match="code -9"):
        poisson_mesh(half_ball(2000), CONFIG)


def test_small_gaps_keep_their_surface_and_large_ones_do_not() -> None:
    side = 80
    row, column = (v.reshape(-1) for v in np.mgrid[:side, :side])
    square = np.stack([row * (side + 1) + column, (row + 1) * (side + 1) + column, row * (side + 1) + column + 1], axis=1)
    other = np.stack([square[:, 1], square[:, 1] + 1, square[:, 2]], axis=1)
    faces, rows, columns = np.concatenate([square, other]).astype(np.int32), np.tile(row, 2), np.tile(column, 2)
    small = (rows >= 5) & (rows < 9) & (columns >= 5) & (columns < 9)
    large = (rows >= 15) & (rows < 22) & (columns >= 15) & (columns < 22)
    near = ~small & ~large
    np.testing.assert_array_equal(spans_gap(faces, near, 20), small)
    assert not spans_gap(faces, near, 15).any()
    np.testing.assert_array_equal(spans_gap(faces, near, 80), small | large)


def test_a_bubble_behind_a_small_rim_is_no_bridge() -> None:
    ball = trimesh.creation.icosphere(4)
    near = np.asarray(ball.triangles_center[:, 2] < -0.985)
    rim = 60
    assert not spans_gap(np.asarray(ball.faces, np.int32), near, rim).any()
    assert spans_gap(np.asarray(ball.faces, np.int32), ~near, rim).sum() == near.sum()
