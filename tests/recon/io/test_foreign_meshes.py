"""Meshes of other programs become one mesh in one frame; damaged files are named; files that cannot be written too."""

from __future__ import annotations

import errno
from pathlib import Path

import numpy as np
import pytest
import trimesh
from PIL import Image

from recon.errors import InputError, ResourceError
from recon.io.atomic import replacing
from recon.io.formats import read_cloud, read_mesh, write_cloud, write_mesh
from recon.scene import PointCloud, TriMesh


def box(normals: bool = True, colors: bool = True) -> TriMesh:
    made = trimesh.creation.box((1, 2, 3))
    rng = np.random.default_rng(0)
    return TriMesh(
        np.asarray(made.vertices, np.float32),
        np.asarray(made.faces, np.int32),
        np.asarray(made.vertex_normals, np.float32) if normals else None,
        rng.random((8, 3)).astype(np.float32) if colors else None,
    )


@pytest.mark.parametrize("suffix", ["ply", "obj", "glb", "stl"])
@pytest.mark.parametrize("known", [True, False])
def test_a_mesh_comes_back_from_every_format(tmp_path: Path, suffix: str, known: bool) -> None:
    mesh = box(known, known)
    write_mesh(mesh, tmp_path / f"m.{suffix}")
    back = read_mesh(tmp_path / f"m.{suffix}")
    assert len(back.faces) == 12
    np.testing.assert_allclose(back.vertices[back.faces], mesh.vertices[mesh.faces], atol=1e-6)
    if suffix != "stl":
        assert (back.colors is not None) == known
        assert not known or np.abs(np.asarray(back.colors) - np.asarray(mesh.colors)).max() < 0.01


def test_parts_are_put_where_the_scene_has_them(tmp_path: Path) -> None:
    scene = trimesh.Scene()
    turn = trimesh.transformations.rotation_matrix(np.pi / 2, [0, 0, 1])
    for x in (0, 10):
        scene.add_geometry(trimesh.creation.box((1, 2, 3)), transform=trimesh.transformations.translation_matrix([x, 0, 0]) @ turn)
    scene.export(tmp_path / "two.glb")
    back = read_mesh(tmp_path / "two.glb")
    assert len(back.faces) == 24
    np.testing.assert_allclose([back.vertices.min(0), back.vertices.max(0)], [[-1, -0.5, -1.5], [11, 0.5, 1.5]], atol=1e-6)


def test_normals_turn_with_their_part(tmp_path: Path) -> None:
    part = trimesh.Trimesh([[0, 0, 0], [1, 0, 0], [0, 1, 0]], [[0, 1, 2]], vertex_normals=[[0, 0, 1.0]] * 3, process=False)
    scene = trimesh.Scene()
    stretch = np.diag([1.0, 1, 5, 1])
    scene.add_geometry(part, transform=trimesh.transformations.rotation_matrix(np.pi / 2, [1, 0, 0]) @ stretch)
    scene.export(tmp_path / "turned.glb", include_normals=True)
    back = read_mesh(tmp_path / "turned.glb")
    assert back.normals is not None
    np.testing.assert_allclose(back.normals, [[0, -1, 0]] * 3, atol=1e-6)


def test_a_texture_is_sampled_at_the_vertices(tmp_path: Path) -> None:
    Image.fromarray(np.array([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [255, 255, 255]]], np.uint8)).resize((64, 64), 0).save(
        tmp_path / "t.png"
    )
    (tmp_path / "t.mtl").write_text("newmtl m\nmap_Kd t.png\n")
    corners = "".join(f"v {x} {y} 0\nvt {x} {y}\n" for x, y in ((0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.1, 0.9)))
    (tmp_path / "t.obj").write_text(f"mtllib t.mtl\n{corners}usemtl m\nf 1/1 2/2 3/3\nf 1/1 3/3 4/4\n")
    back = read_mesh(tmp_path / "t.obj")
    assert back.colors is not None
    expected = {(0.1, 0.1): (0, 0, 1), (0.9, 0.1): (1, 1, 1), (0.9, 0.9): (0, 1, 0), (0.1, 0.9): (1, 0, 0)}
    for vertex, color in zip(back.vertices, back.colors, strict=True):
        assert tuple(color) == expected[round(float(vertex[0]), 1), round(float(vertex[1]), 1)]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("points.obj", "v 0 0 0\nv 1 0 0\n"),
        ("nan.obj", "v nan 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n"),
        ("outside.obj", "v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 9\n"),
        ("far outside.obj", "v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1/1 2/2 999999999/3\n"),
        ("textured outside.obj", "v 0 0 0\nvt 0 0\nv 1 0 0\nvt 1 0\nv 0 1 0\nvt 0 1\nf 1/1 2/2 99999999999/3\n"),
        ("empty.stl", ""),
        ("words.glb", "not a mesh"),
        ("empty.ply", ""),
    ],
)
def test_files_without_a_usable_mesh_are_named(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(InputError, match=name) as caught:
        read_mesh(tmp_path / name)
    assert caught.value.why
    assert caught.value.remedy


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("suffix", ["ply", "obj", "glb", "stl", "cloud.ply"])
def test_changed_bytes_never_end_in_another_error(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"x.{suffix}"
    if suffix == "cloud.ply":
        write_cloud(PointCloud(box().vertices, box().normals, box().colors, np.ones(8), np.ones(8)), path)
    else:
        write_mesh(box(), path)
    read = read_cloud if suffix == "cloud.ply" else read_mesh
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    refused = 0
    for turn in range(150):
        changed = bytearray(whole)
        for at in rng.integers(0, len(whole), 1 + turn % 5):
            changed[at : at + 1] = [bytes([rng.integers(256)]), b"", b"99999999999"][rng.integers(3)]
        path.write_bytes(changed if turn % 3 else changed[: rng.integers(len(whole))])
        try:
            read(path)
        except InputError:
            refused += 1
    assert refused > 20


@pytest.mark.parametrize(
    ("code", "why"),
    [
        (errno.ENOSPC, "full"),
        (errno.EACCES, "does not let"),
        (errno.EROFS, "does not let"),
        (errno.ENOENT, "not exist"),
        (errno.EIO, "system says"),
    ],
)
def test_a_disk_that_fails_is_told_and_nothing_is_left(tmp_path: Path, code: int, why: str) -> None:
    (tmp_path / "m.ply").write_text("the old file")

    def fail() -> None:
        with replacing(tmp_path / "m.ply") as temporary:
            temporary.write_text("half a file")
            raise OSError(code, "the system's words")

    with pytest.raises(ResourceError, match=r"m\.ply") as caught:
        fail()
    assert why in caught.value.why
    assert caught.value.remedy
    assert [path.read_text() for path in tmp_path.iterdir()] == ["the old file"]
