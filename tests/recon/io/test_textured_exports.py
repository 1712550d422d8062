"""A textured mesh opens elsewhere with its texture the right way round."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from recon.errors import ShapeError
from recon.io.formats import read_mesh, write_mesh
from recon.scene import TriMesh

PLACES = np.array([[0.1, 0.1], [0.9, 0.1], [0.9, 0.9], [0.1, 0.9]])


@pytest.fixture
def mesh() -> TriMesh:
    """A square whose four corners are red, green, blue and white; the second triangle lies elsewhere in the texture."""
    texture = np.zeros((64, 128, 3), np.uint8)
    texture[:32, :64], texture[:32, 64:], texture[32:, 64:], texture[32:, :64] = [255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]
    vertices, faces = [[0, 1, 0], [1, 1, 0], [1, 0, 0], [0, 0, 0]], np.array([[0, 2, 1], [0, 3, 2]])
    uv = PLACES[faces]
    uv[1] += [0.02, -0.03]
    return TriMesh(vertices, faces, np.tile([0, 0, 1.0], (4, 1)), np.full((4, 3), 0.25), uv=uv, texture=texture)


@pytest.mark.parametrize("suffix", [".obj", ".glb"])
def test_it_comes_back_with_its_texture(mesh: TriMesh, suffix: str, tmp_path: Path) -> None:
    write_mesh(mesh, tmp_path / f"a b ü{suffix}")
    back = read_mesh(tmp_path / f"a b ü{suffix}")
    np.testing.assert_allclose(back.vertices[back.faces], mesh.vertices[mesh.faces], atol=1e-6)
    assert len(back.vertices) == len(mesh.vertices)  # what lies at several places in the texture is one vertex again
    np.testing.assert_allclose(back.uv, mesh.uv, atol=1e-6)
    np.testing.assert_allclose(back.texture, mesh.texture, atol=0 if suffix == ".obj" else 12)
    np.testing.assert_allclose(back.normals, np.tile([0, 0, 1], (len(back.vertices), 1)), atol=1e-6)


@pytest.mark.parametrize("suffix", [".obj", ".glb"])
def test_open3d_and_trimesh_see_the_corners_in_their_colours(mesh: TriMesh, suffix: str, tmp_path: Path) -> None:
    import open3d as o3d
    import trimesh

    path = tmp_path / f"m{suffix}"
    write_mesh(mesh, path)
    (loaded,) = trimesh.load_scene(path, process=False).geometry.values()
    expected = {(0, 1): (255, 0, 0), (1, 1): (0, 255, 0), (1, 0): (0, 0, 255), (0, 0): (255, 255, 255)}
    for place, color in zip(loaded.vertices, loaded.visual.to_color().vertex_colors, strict=True):
        np.testing.assert_allclose(color[:3], expected[tuple(place[:2].round().astype(int))], atol=12)
    opened = o3d.io.read_triangle_mesh(str(path))
    assert opened.has_triangle_uvs()
    assert (64, 128) in [np.asarray(picture).shape[:2] for picture in opened.textures]


def test_the_plain_formats_leave_the_texture_out(mesh: TriMesh, tmp_path: Path) -> None:
    for suffix in (".ply", ".stl"):
        write_mesh(mesh, tmp_path / f"m{suffix}")
        back = read_mesh(tmp_path / f"m{suffix}")
        assert back.texture is None
        assert len(back.faces) == 2
    np.testing.assert_allclose(read_mesh(tmp_path / "m.ply").colors, 0.25, atol=1 / 255)


def test_places_without_a_picture_are_refused(mesh: TriMesh) -> None:
    with pytest.raises(ShapeError):
        TriMesh(mesh.vertices, mesh.faces, uv=mesh.uv)
    with pytest.raises(ShapeError):
        TriMesh(mesh.vertices, mesh.faces, uv=mesh.uv[:1], texture=mesh.texture)
