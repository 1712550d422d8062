"""Exported files open in trimesh, Open3D and MeshLab with the same counts, colours and normals."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.spatial import cKDTree

from recon.errors import InputError
from recon.io.formats import MESH_WRITERS, read_mesh, write_cloud, write_mesh
from recon.scene import PointCloud, TriMesh

FORMATS = (".ply", ".obj", ".glb", ".stl")
COLOR = 0.25 / 255  # the nearest byte is the same byte
NORMAL = 2e-6


@pytest.fixture(scope="module")
def mesh() -> TriMesh:
    import trimesh

    ball = trimesh.creation.icosphere(3)
    rng = np.random.default_rng(0)
    vertices = ball.vertices * [1, 2, 3] + [1000, -5, 0.5]
    normals = ball.vertices / [1, 2, 3]
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    n = len(vertices)
    return TriMesh(vertices, ball.faces, normals, rng.integers(0, 256, (n, 3)) / 255, rng.integers(0, 3, n))


@pytest.fixture(scope="module", params=FORMATS)
def exported(request: pytest.FixtureRequest, mesh: TriMesh, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("export") / f"a b ü{request.param}"
    write_mesh(mesh, path)
    return path


def meshlab() -> Any:
    try:
        return importlib.import_module("pymeshlab")
    except ImportError as error:
        pytest.skip(f"pymeshlab cannot be imported here: {error}")


def test_every_format_of_the_table_is_tested() -> None:
    assert set(FORMATS) == set(MESH_WRITERS)


def test_it_comes_back_into_photolith(mesh: TriMesh, exported: Path) -> None:
    back = read_mesh(exported)
    assert len(back.faces) == len(mesh.faces)
    np.testing.assert_allclose(back.vertices[back.faces], mesh.vertices[mesh.faces], rtol=1e-6)
    if exported.suffix == ".stl":
        return
    np.testing.assert_array_equal(back.faces, mesh.faces)
    np.testing.assert_allclose(back.normals, mesh.normals, atol=NORMAL)
    np.testing.assert_allclose(back.colors, mesh.colors, atol=COLOR)
    if exported.suffix != ".obj":
        np.testing.assert_array_equal(back.origin, mesh.origin)


def test_trimesh_opens_it(mesh: TriMesh, exported: Path) -> None:
    import trimesh

    scene = trimesh.load_scene(exported, process=False, maintain_order=True)
    (loaded,) = scene.geometry.values()
    assert len(loaded.faces) == len(mesh.faces)
    if exported.suffix == ".stl":
        return
    assert len(loaded.vertices) == len(mesh.vertices)
    np.testing.assert_allclose(loaded.vertex_normals, mesh.normals, atol=NORMAL)
    visual = loaded.visual
    colors = visual.vertex_attributes["color"] if exported.suffix == ".glb" else visual.vertex_colors
    np.testing.assert_allclose(np.asarray(colors)[:, :3] / 255, mesh.colors, atol=COLOR)


def test_open3d_opens_it(mesh: TriMesh, exported: Path) -> None:
    import open3d as o3d

    loaded = o3d.io.read_triangle_mesh(str(exported))
    assert len(loaded.triangles) == len(mesh.faces)
    if exported.suffix == ".stl":
        return
    assert len(loaded.vertices) == len(mesh.vertices)
    distance, same = cKDTree(mesh.vertices).query(np.asarray(loaded.vertices))  # its importer puts vertices into another order
    assert distance.max() < 1e-3
    assert len(set(same.tolist())) == len(mesh.vertices)
    np.testing.assert_allclose(np.asarray(loaded.vertex_normals), mesh.normals[same], atol=NORMAL)
    np.testing.assert_allclose(np.asarray(loaded.vertex_colors), mesh.colors[same], atol=COLOR)


def test_meshlab_opens_it(mesh: TriMesh, exported: Path) -> None:
    opened = meshlab().MeshSet()
    opened.load_new_mesh(str(exported))
    assert opened.mesh_number() == 1
    loaded = opened.current_mesh()
    assert loaded.vertex_number() == len(mesh.vertices)
    assert loaded.face_number() == len(mesh.faces)
    if exported.suffix == ".stl":
        return
    np.testing.assert_allclose(loaded.vertex_normal_matrix(), mesh.normals, atol=NORMAL)
    np.testing.assert_allclose(loaded.vertex_color_matrix()[:, :3], mesh.colors, atol=COLOR)


def test_the_provenance_is_a_vertex_attribute_of_the_glb(mesh: TriMesh, tmp_path: Path) -> None:
    import trimesh

    write_mesh(mesh, tmp_path / "m.glb")
    (loaded,) = trimesh.load_scene(tmp_path / "m.glb", process=False).geometry.values()
    np.testing.assert_array_equal(np.asarray(loaded.vertex_attributes["_ORIGIN"]).reshape(-1), mesh.origin)


def test_the_obj_names_its_material_file(mesh: TriMesh, tmp_path: Path) -> None:
    write_mesh(mesh, tmp_path / "m.obj")
    text = (tmp_path / "m.obj").read_text()
    assert "mtllib m.mtl" in text
    assert "newmtl" in (tmp_path / "m.mtl").read_text()


@pytest.fixture(scope="module")
def cloud() -> PointCloud:
    rng = np.random.default_rng(0)
    normals = rng.normal(size=(300, 3))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    return PointCloud(rng.random((300, 3)), normals, rng.integers(0, 256, (300, 3)) / 255, rng.random(300), rng.integers(2, 9, 300))


def test_a_cloud_opens_in_open3d(cloud: PointCloud, tmp_path: Path) -> None:
    import open3d as o3d

    for suffix in (".ply", ".pts"):
        write_cloud(cloud, tmp_path / f"c{suffix}")
        loaded = o3d.io.read_point_cloud(str(tmp_path / f"c{suffix}"))
        np.testing.assert_allclose(np.asarray(loaded.points), cloud.points, rtol=1e-6)
        np.testing.assert_allclose(np.asarray(loaded.colors), cloud.colors, atol=COLOR)
    loaded = o3d.io.read_point_cloud(str(tmp_path / "c.ply"))
    np.testing.assert_allclose(np.asarray(loaded.normals), cloud.normals, atol=NORMAL)


def test_a_cloud_opens_in_meshlab(cloud: PointCloud, tmp_path: Path) -> None:
    write_cloud(cloud, tmp_path / "c.ply")
    opened = meshlab().MeshSet()
    opened.load_new_mesh(str(tmp_path / "c.ply"))
    loaded = opened.current_mesh()
    np.testing.assert_allclose(loaded.vertex_matrix(), cloud.points, rtol=1e-6)
    np.testing.assert_allclose(loaded.vertex_normal_matrix(), cloud.normals, atol=NORMAL)
    np.testing.assert_allclose(loaded.vertex_color_matrix()[:, :3], cloud.colors, atol=COLOR)


def test_an_xyz_cloud_is_a_line_a_point(cloud: PointCloud, tmp_path: Path) -> None:
    write_cloud(cloud, tmp_path / "c.xyz")
    table = np.loadtxt(tmp_path / "c.xyz")
    np.testing.assert_allclose(table[:, :3], cloud.points, rtol=1e-6)
    np.testing.assert_allclose(table[:, 3:] / 255, cloud.colors, atol=COLOR)


@pytest.mark.parametrize("suffix", [".obj", ".glb", ".stl"])
@pytest.mark.parametrize("content", [b"", b"this is not a mesh", b"glTF\x02\x00\x00\x00\xff\xff\xff\xff"])
def test_a_file_that_is_no_mesh_is_refused(suffix: str, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / f"bad{suffix}"
    path.write_bytes(content)
    with pytest.raises(InputError):
        read_mesh(path)
    with pytest.raises(InputError, match="no such file"):
        read_mesh(tmp_path / f"none{suffix}")
