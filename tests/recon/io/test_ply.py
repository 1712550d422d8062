"""PLY: what is written comes back, other programs' files are read, hostile files are refused before memory is taken."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from recon.errors import InputError, ResourceError
from recon.io.formats import read_cloud, read_mesh, write_cloud, write_mesh
from recon.scene import Origin, PointCloud, TriMesh


@pytest.fixture
def cloud() -> PointCloud:
    rng = np.random.default_rng(1)
    n = 500
    normals = rng.normal(size=(n, 3))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    return PointCloud(
        rng.normal(size=(n, 3)) * 1e3,
        normals,
        rng.integers(0, 256, (n, 3)) / 255,
        rng.random(n),
        rng.integers(0, 200, n),
        rng.integers(0, 3, n),
    )


def test_a_cloud_comes_back_with_every_attribute(cloud: PointCloud, tmp_path: Path) -> None:
    path = tmp_path / "a b ü.ply"
    write_cloud(cloud, path)
    back = read_cloud(path)
    for name in ("points", "normals", "confidence", "num_views", "origin"):
        np.testing.assert_array_equal(getattr(back, name), getattr(cloud, name), err_msg=name)
    np.testing.assert_allclose(back.colors, cloud.colors, atol=1e-6)
    assert list(tmp_path.iterdir()) == [path]


def test_attributes_that_are_not_known_are_not_invented(tmp_path: Path) -> None:
    write_cloud(PointCloud(np.eye(3)), tmp_path / "c.ply")
    back = read_cloud(tmp_path / "c.ply")
    assert back.normals is None
    assert back.colors is None
    assert back.confidence is None
    assert back.num_views is None
    assert (back.origin == Origin.MEASURED).all()


def test_an_empty_cloud_survives(tmp_path: Path) -> None:
    write_cloud(PointCloud(np.zeros((0, 3))), tmp_path / "c.ply")
    assert len(read_cloud(tmp_path / "c.ply")) == 0


@pytest.mark.parametrize("order", ["ascii", "<", ">"])
def test_foreign_encodings_doubles_and_quads_are_read(order: str, tmp_path: Path) -> None:
    points = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0.5]])
    polygons = [[0, 1, 2, 3], [0, 2, 1]]
    name = {"ascii": "ascii", "<": "binary_little_endian", ">": "binary_big_endian"}[order]
    header = (
        f"ply\nformat {name} 1.0\ncomment made elsewhere\nelement vertex 4\nproperty double x\nproperty double y\nproperty double z\n"
        "property ushort red\nproperty ushort green\nproperty ushort blue\n"
        "element face 2\nproperty uchar flags\nproperty list uchar uint vertex_index\nend_header\n"
    )
    if order == "ascii":
        rows = [" ".join(map(str, [*p, 65535, 0, 13107])) for p in points]
        rows += [" ".join(map(str, [7, len(f), *f])) for f in polygons]
        body = "\n".join(rows).encode()
    else:
        body = b"".join(struct.pack(order + "dddHHH", *p, 65535, 0, 13107) for p in points)
        body += b"".join(struct.pack(order + f"BB{len(f)}I", 7, len(f), *f) for f in polygons)
    path = tmp_path / "f.ply"
    path.write_bytes(header.encode() + body)
    mesh = read_mesh(path)
    np.testing.assert_allclose(mesh.vertices, points)
    np.testing.assert_array_equal(mesh.faces, [[0, 1, 2], [0, 2, 3], [0, 2, 1]])
    assert mesh.colors is not None
    np.testing.assert_allclose(mesh.colors, np.tile([1, 0, 0.2], (4, 1)), atol=1e-6)


def _file(tmp_path: Path, header: str, body: bytes = b"") -> Path:
    path = tmp_path / "bad.ply"
    path.write_bytes(header.encode() + body)
    return path


_XYZ = "property float x\nproperty float y\nproperty float z\n"


@pytest.mark.parametrize(
    ("header", "body"),
    [
        ("", b""),
        ("solid not a ply", b""),
        ("ply\nformat binary_little_endian 1.0\n", b""),
        (f"ply\nformat binary_little_endian 1.0\nelement vertex 4000000000\n{_XYZ}end_header\n", b"1234"),
        (f"ply\nformat ascii 1.0\nelement vertex 4000000000\n{_XYZ}end_header\n", b"1 2 3"),
        (f"ply\nformat ascii 1.0\nelement vertex 1\n{_XYZ}end_header\n", b"1 two 3"),
        (f"ply\nformat ascii 1.0\nelement vertex 1\n{_XYZ}end_header\n", b"1 nan 3"),
        (f"ply\nformat ascii 1.0\nelement vertex 1\n{_XYZ}end_header\n", b"1 " + b"9" * 500 + b" 3"),
        (f"ply\nformat binary_little_endian 1.0\nelement vertex -3\n{_XYZ}end_header\n", b""),
        (f"ply\nformat gzip 1.0\nelement vertex 0\n{_XYZ}end_header\n", b""),
        ("ply\nformat binary_little_endian 1.0\nelement vertex 1\nproperty quaternion x\nend_header\n", b"12345678"),
        (f"ply\nformat binary_little_endian 1.0\nelement vertex 1\n{_XYZ}{_XYZ}end_header\n", b"1" * 24),
        ("ply\nformat binary_little_endian 1.0\nelement vertex 1\nproperty float x\nend_header\n", b"1234"),
        ("ply\nformat binary_little_endian 1.0\nproperty float x\nelement vertex 1\nend_header\n", b"1234"),
    ],
)
def test_a_damaged_file_is_refused_with_a_reason(header: str, body: bytes, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_cloud(_file(tmp_path, header, body))
    assert caught.value.why
    assert caught.value.remedy


@pytest.mark.parametrize(
    "faces",
    [struct.pack("<B3i", 3, 0, 1, 9), struct.pack("<B3i", 3, 0, 1, -1), struct.pack("<B", 255), struct.pack("<B2i", 3, 0, 1)],
)
def test_faces_that_point_nowhere_or_end_early_are_refused(faces: bytes, tmp_path: Path) -> None:
    header = f"ply\nformat binary_little_endian 1.0\nelement vertex 3\n{_XYZ}"
    header += "element face 1\nproperty list uchar int vertex_indices\nend_header\n"
    with pytest.raises(InputError):
        read_mesh(_file(tmp_path, header, np.zeros(9, "<f4").tobytes() + faces))


def test_a_cloud_is_not_taken_for_a_mesh(cloud: PointCloud, tmp_path: Path) -> None:
    write_cloud(cloud, tmp_path / "c.ply")
    with pytest.raises(InputError, match="point cloud"):
        read_mesh(tmp_path / "c.ply")


def test_an_unknown_origin_never_counts_as_measured(tmp_path: Path) -> None:
    header = f"ply\nformat binary_little_endian 1.0\nelement vertex 1\n{_XYZ}property uchar origin\nend_header\n"
    back = read_cloud(_file(tmp_path, header, np.zeros(3, "<f4").tobytes() + b"\x09"))
    assert back.origin is not None
    assert back.origin.tolist() == [Origin.GENERATED]


def test_missing_file_unknown_suffix_and_missing_folder_are_named(cloud: PointCloud, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="could not be read"):
        read_cloud(tmp_path / "none.ply")
    with pytest.raises(InputError, match=r"\.ply"):
        write_cloud(cloud, tmp_path / "c.docx")
    with pytest.raises(InputError, match=r"\.glb"):
        write_mesh(TriMesh(np.eye(3), [[0, 1, 2]]), tmp_path / "c.fbx")
    with pytest.raises(ResourceError, match="folder does not exist"):
        write_cloud(cloud, tmp_path / "nowhere" / "c.ply")


def test_a_write_that_fails_leaves_the_old_file_alone(cloud: PointCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "c.ply"
    write_cloud(cloud, path)
    before = path.read_bytes()

    def full(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(ResourceError, match="disk is full"):
        write_cloud(cloud.select(np.arange(5)), path)
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_large_clouds_keep_every_point(tmp_path: Path) -> None:
    points = np.random.default_rng(0).random((1_000_000, 3), np.float32)
    write_cloud(PointCloud(points), tmp_path / "c.ply")
    np.testing.assert_array_equal(read_cloud(tmp_path / "c.ply").points, points)
