"""The exported voxel grid holds the surface in its place, and its boxes enclose what is occupied."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import trimesh
from PIL import Image

from desktop.jobs.voxels import export_voxels
from recon.errors import InputError, ReconstructionError, SettingsError
from recon.io.depth_npz import write_depth
from recon.io.formats import read_mesh, write_cloud
from recon.io.scene_npz import write_scene
from recon.pipeline.stage import Artifact
from recon.scene import PointCloud
from recon.surface.config import MeshConfig
from recon.surface.tsdf import frames_of
from recon.surface.voxel_grid import VoxelGrid, boxes, make_voxels
from tests.recon.surface.oracle import Oracle, around, ball, color_of, make

CONFIG = MeshConfig()


@pytest.fixture(scope="module")
def seen() -> Oracle:
    return make(ball(), around())


@pytest.fixture(scope="module")
def grid(seen: Oracle) -> VoxelGrid:
    return make_voxels(frames_of(seen.scene, seen.depths, CONFIG), 2.0, 40, CONFIG)


def places(grid: VoxelGrid) -> np.ndarray:
    return grid.origin + grid.voxel * np.stack(np.meshgrid(*map(np.arange, grid.tsdf.shape), indexing="ij"), axis=-1)


def test_distances_are_those_to_the_ball(grid: VoxelGrid) -> None:
    assert grid.voxel == pytest.approx(0.05)
    truth = np.linalg.norm(places(grid), axis=-1) - 1
    near = (grid.weight > 0.5) & (np.abs(truth) < 0.06)
    assert near.sum() > 2000
    assert np.quantile(np.abs(grid.tsdf - truth)[near], 0.95) < 0.5 * grid.voxel
    assert grid.tsdf.max() == pytest.approx(CONFIG.truncation * grid.voxel)


def test_what_is_occupied_lies_in_the_ball_below_its_surface(grid: VoxelGrid) -> None:
    radius = np.linalg.norm(places(grid), axis=-1)
    assert radius[grid.occupied].max() < 1 + 0.3 * grid.voxel
    just_below = (radius > 1 - 1.2 * grid.voxel) & (radius < 1 - 0.4 * grid.voxel)
    assert grid.occupied[just_below].mean() > 0.95
    for axis in range(3):
        assert not np.take(grid.occupied, [0, -1], axis=axis).any(), "a free voxel around everything"


def test_boxes_enclose_exactly_the_occupied_voxels() -> None:
    occupied = np.zeros((4, 3, 3), bool)
    occupied[1:3, 1, 1] = True
    grid = VoxelGrid(np.array([10.0, 0, 0]), 0.5, np.zeros(occupied.shape, np.float32), np.ones(occupied.shape, np.float32), occupied)
    mesh = boxes(grid)
    assert len(mesh.faces) == 2 * 10, "the side between the two is left out"
    solid = trimesh.Trimesh(mesh.vertices, mesh.faces, process=False)
    assert solid.is_watertight
    assert solid.is_winding_consistent
    assert solid.volume == pytest.approx(2 * 0.5**3)
    np.testing.assert_allclose(solid.bounds, [[10.25, 0.25, 0.25], [11.25, 0.75, 0.75]])


@pytest.mark.parametrize("resolution", [0, 7, 513])
def test_a_resolution_out_of_range_is_refused(resolution: int) -> None:
    with pytest.raises(SettingsError, match="8 to 512"):
        make_voxels([], 1.0, resolution, CONFIG)


def test_nothing_known_is_said() -> None:
    with pytest.raises(ReconstructionError):
        make_voxels([], 1.0, 32, CONFIG)


def project(folder: Path, seen: Oracle) -> SimpleNamespace:
    """What `export` asks of a project."""
    pictures, depths, made = {}, {}, {}
    for stage in ("undistort", "cloud"):
        (folder / stage).mkdir(parents=True)
    for number, (name, depth) in enumerate(seen.depths.items()):
        pictures[name], depths[name] = folder / f"{number}.png", folder / f"{number}.npz"
        Image.fromarray(seen.pictures[name]).save(pictures[name])
        write_depth(depth, depths[name])
    write_scene(seen.scene, folder / "undistort" / "scene.npz")
    vertices = seen.truth.vertices
    write_cloud(PointCloud(vertices, colors=color_of(vertices)), folder / "cloud" / "cloud.ply")
    for stage, items in (("undistort", pictures), ("cloud", depths)):
        made[stage] = Artifact(stage, folder / stage, "d", items, {})
    return SimpleNamespace(artifact=made.get)


def test_a_project_exports_its_voxels_as_a_grid_and_as_coloured_boxes(tmp_path: Path, seen: Oracle, grid: VoxelGrid) -> None:
    opened = project(tmp_path, seen)
    export_voxels(opened, tmp_path / "out.npz", 40)
    with np.load(tmp_path / "out.npz", allow_pickle=False) as data:
        assert set(data.files) == {"origin", "voxel", "tsdf", "weight", "occupied"}
        assert data["occupied"].sum() == pytest.approx(grid.occupied.sum(), rel=0.1)
        assert data["tsdf"].shape == data["weight"].shape == data["occupied"].shape
    export_voxels(opened, tmp_path / "out.ply", 20)
    mesh = read_mesh(tmp_path / "out.ply")
    assert mesh.colors is not None
    assert np.median(np.abs(mesh.colors - color_of(mesh.vertices / np.linalg.norm(mesh.vertices, axis=1, keepdims=True)))) < 0.08


def test_a_project_without_depth_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="up to the cloud"):
        export_voxels(SimpleNamespace(artifact=lambda name: None), tmp_path / "out.npz", 40)


def test_scene_units_do_not_matter(seen: Oracle) -> None:
    """The same ball a million times larger."""
    views = tuple(
        replace(view, cam_from_world=replace(view.cam_from_world, translation=view.cam_from_world.translation * 1e6))
        for view in seen.scene.views
    )
    depths = {name: replace(depth, depth=depth.depth * np.float32(1e6)) for name, depth in seen.depths.items()}
    large = make_voxels(frames_of(replace(seen.scene, views=views), depths, CONFIG), 2e6, 40, CONFIG)
    radius = np.linalg.norm(places(large), axis=-1)
    assert radius[large.occupied].max() == pytest.approx(1e6, rel=0.03)
