"""Outlines close what no depth map saw, say so, and know when they are none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from recon.scene import DepthMap, Origin, PointCloud
from recon.surface import MeshConfig
from recon.surface.outlines import outline_points
from recon.surface.poisson import poisson_mesh
from tests.recon.surface.oracle import Oracle, around, ball, make

NEAR = 0.05
"""18 views leave a ball a hull that is so much larger."""


@pytest.fixture(scope="module")
def seen() -> Oracle:
    return make(ball(), around(18))


def masks(seen: Oracle) -> dict[str, NDArray[np.bool_]]:
    return {name: depth.depth > 0 for name, depth in seen.depths.items()}


def upper_half(count: int = 20_000) -> PointCloud:
    """What was measured."""
    points = np.random.default_rng(0).normal(size=(count, 3))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    points[:, 2] = np.abs(points[:, 2])
    return PointCloud(points, points)


def of_upper_half(seen: Oracle) -> dict[str, DepthMap]:
    """Depth maps in which the lower half is unknown."""
    found = {}
    for view in seen.scene.views:
        depth = seen.depths[view.name].depth
        row, column = np.mgrid[: depth.shape[0], : depth.shape[1]]
        places = view.cam_from_world.inverse().apply(view.camera.unproject(np.stack([column, row], -1), depth))
        found[view.name] = replace(seen.depths[view.name], depth=np.where(places[..., 2] > 0, depth, 0).astype(np.float32))
    return found


def closed(seen: Oracle, depths: Mapping[str, DepthMap] | None = None) -> PointCloud:
    found = outline_points(seen.scene, masks(seen).get, of_upper_half(seen) if depths is None else depths, upper_half())
    assert found is not None
    return found


def test_points_lie_where_nothing_was_measured_and_face_outward(seen: Oracle) -> None:
    found = closed(seen)
    assert found.normals is not None
    assert found.origin is not None
    assert (found.origin == Origin.GENERATED).all()
    radius = np.linalg.norm(found.points, axis=1)
    assert radius.min() > 1 - 0.02
    assert np.quantile(radius, 0.95) < 1 + NEAR
    assert np.quantile(found.points[:, 2], 0.95) < 0.05
    assert ((found.points * found.normals).sum(axis=1) > 0.9 * radius).mean() > 0.9
    south = found.points[:, 2] < -0.5
    assert south.sum() > 1000


def test_depth_maps_empty_what_they_see_through(seen: Oracle) -> None:
    view = seen.scene.views[1]
    depths = of_upper_half(seen)
    behind = depths[view.name].depth.copy()
    behind[70:90, 70:92] = 9.0
    depths[view.name] = replace(depths[view.name], depth=behind)

    def in_front(points: NDArray[np.floating]) -> int:
        pixels = view.camera.project(view.cam_from_world.apply(points))[0]
        return int((np.abs(pixels - [80.5, 79.5]) < [9, 8]).all(axis=1).sum())

    assert in_front(closed(seen).points) > 100
    assert in_front(closed(seen, depths).points) == 0


def test_masks_that_are_no_outlines_close_nothing(seen: Oracle) -> None:
    cloud, depths, outlines = upper_half(), of_upper_half(seen), masks(seen)
    assert outline_points(seen.scene, lambda name: None, depths, cloud) is None
    missing = {**outlines, seen.scene.views[3].name: None}
    assert outline_points(seen.scene, missing.get, depths, cloud) is None
    corner = np.ones_like(next(iter(outlines.values())))
    corner[:30, :40] = False
    assert outline_points(seen.scene, lambda name: corner, depths, cloud) is None


def test_what_was_measured_all_around_needs_no_outlines(seen: Oracle) -> None:
    half = upper_half(40_000)
    both = np.concatenate([half.points, -half.points])
    assert outline_points(seen.scene, masks(seen).get, seen.depths, PointCloud(both, both)) is None


def test_the_surface_goes_along_the_outlines_and_says_so(seen: Oracle) -> None:
    mesh = poisson_mesh(upper_half(), MeshConfig(poisson_depth=6, bridge=0), closing=closed(seen), threads=1)
    assert mesh.origin is not None
    assert (mesh.origin[mesh.vertices[:, 2] < -0.2] == Origin.GENERATED).all()
    assert (mesh.origin[mesh.vertices[:, 2] > 0.2] == Origin.MEASURED).mean() > 0.99
    assert mesh.vertices[:, 2].min() < -0.85
    assert np.quantile(np.abs(np.linalg.norm(mesh.vertices, axis=1) - 1), 0.95) < NEAR
