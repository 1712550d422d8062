"""Clouds and meshes that are no good are refused with a reason, or do no harm."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from recon.errors import ReconstructionError
from recon.inspection.coverage import cover, openings
from recon.scene import PointCloud, TriMesh
from recon.surface.cleaning import drop_small_pieces, smooth
from recon.surface.config import MeshConfig
from recon.surface.decimation import decimate
from recon.surface.holes import fill_holes, make_watertight
from recon.surface.reconstruct import clean, make_mesh
from recon.surface.topology import is_watertight, vertex_normals
from tests.recon.surface.oracle import Oracle, ball, grid, make, ring

CONFIG = MeshConfig()


@pytest.fixture(scope="module")
def seen() -> Oracle:
    return make(ball(), ring(3))


def sphere(count: int = 4000) -> NDArray[np.float64]:
    points = np.random.default_rng(0).normal(size=(count, 3))
    return points / np.linalg.norm(points, axis=1, keepdims=True)


UP = np.tile([0.0, 0.0, 1.0], (500, 1))


@pytest.mark.parametrize(
    ("cloud", "why"),
    [
        (PointCloud(np.zeros((0, 3))), "is empty"),
        (PointCloud(np.zeros((1, 3)), UP[:1]), "1 usable points"),
        (PointCloud(np.ones((500, 3)), UP), "in one place"),
        (PointCloud(np.full((500, 3), np.nan), UP), "0 usable points"),
        (PointCloud(np.arange(1500.0).reshape(-1, 3), np.full((500, 3), np.inf)), "0 usable points"),
        (PointCloud(np.arange(1500.0).reshape(-1, 3), np.zeros((500, 3))), "0 usable points"),
        (PointCloud(np.arange(1500.0).reshape(-1, 3)), "no normals"),
    ],
    ids=["empty", "one point", "all equal", "not a number", "infinite normals", "zero normals", "no normals"],
)
def test_a_cloud_without_a_surface_is_refused_with_the_reason(seen: Oracle, cloud: PointCloud, why: str) -> None:
    with pytest.raises(ReconstructionError, match=why) as caught:
        make_mesh(seen.scene, seen.depths, cloud, seen.pictures.__getitem__, CONFIG)
    assert caught.value.remedy


@pytest.mark.parametrize("scale", [1e6, 1e-6])
def test_the_unit_of_the_scene_does_not_matter(seen: Oracle, scale: float) -> None:
    points = sphere()
    points[:10] = np.nan
    mesh = make_mesh(seen.scene, seen.depths, PointCloud(points * scale, sphere()), seen.pictures.__getitem__, CONFIG)
    radius = np.linalg.norm(mesh.vertices, axis=1) / scale
    assert len(mesh.faces) > 2000
    assert np.abs(radius - 1).max() < 0.05


def fin() -> TriMesh:
    """A ball with a triangle that stands on an edge of it, and triangles without area."""
    source = ball()
    extra = [source.faces[0, 0], source.faces[0, 1], len(source.vertices)]
    return TriMesh(np.concatenate([source.vertices, [[0, 0, 2]]]), np.concatenate([source.faces, [extra], source.faces[:5, [0, 0, 0]]]))


MESHES = {
    "edge of three faces": fin(),
    "open": grid(6),
    "no area": TriMesh(np.zeros((3, 3)), [[0, 1, 2]]),
    "far": TriMesh(ball().vertices + np.float32(1e4), ball().faces),
    "empty": TriMesh(np.zeros((0, 3)), np.zeros((0, 3))),
}


@pytest.mark.parametrize("mesh", MESHES.values(), ids=MESHES.keys())
def test_tools_take_meshes_of_every_kind(mesh: TriMesh) -> None:
    for result in (decimate(mesh, 100), smooth(mesh, 1), fill_holes(mesh, 30)[0], make_watertight(mesh), drop_small_pieces(mesh, 0.1)):
        assert np.isfinite(result.vertices).all()
        assert (result.faces < len(result.vertices)).all()
    assert np.isfinite(vertex_normals(mesh)).all()
    assert len(openings(mesh, 0.0)) == (0 if len(mesh.faces) in (0, len(ball().faces)) else 1)


def test_a_mesh_of_edges_with_three_faces_can_be_closed() -> None:
    assert is_watertight(make_watertight(fin()).faces)


def test_a_mesh_without_faces_is_refused_by_the_station() -> None:
    with pytest.raises(ReconstructionError):
        clean(MESHES["empty"], CONFIG)


def test_a_mesh_that_no_photo_sees_is_covered_by_none(seen: Oracle) -> None:
    away = TriMesh(ball().vertices + np.float32(100), ball().faces)
    coverage = cover(away, PointCloud(np.zeros((0, 3))), seen.scene.views)
    assert coverage.views.max() == 0
    assert coverage.share(coverage.views == 0) == pytest.approx(1)
