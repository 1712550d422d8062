"""Depth map files: what goes in comes out, and a damaged or hostile file is refused before memory is taken."""

import io
import zipfile

import numpy as np
import pytest

from recon.errors import InputError
from recon.io.depth_npz import read_depth, write_depth
from recon.scene import DepthMap, Origin


def some_map(full=True):
    rng = np.random.default_rng(0)
    depth = rng.uniform(1, 2, (20, 30)).astype(np.float32)
    if not full:
        return DepthMap(depth)
    normal = rng.standard_normal((20, 30, 3))
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    return DepthMap(depth, rng.uniform(0, 1, (20, 30)), normal, rng.integers(0, 9, (20, 30)), Origin.MOVED)


def test_everything_comes_back(tmp_path):
    path = tmp_path / "a b ü.jpg.npz"
    write_depth(some_map(), path)
    back = read_depth(path)
    np.testing.assert_array_equal(back.depth, some_map().depth)
    np.testing.assert_array_equal(back.num_views, some_map().num_views)
    np.testing.assert_allclose(back.normal, some_map().normal, atol=1e-3)
    np.testing.assert_allclose(back.confidence, some_map().confidence, atol=1e-3)
    assert back.origin is Origin.MOVED


def test_unknown_attributes_stay_unknown(tmp_path):
    write_depth(some_map(full=False), tmp_path / "d.npz")
    back = read_depth(tmp_path / "d.npz")
    assert back.confidence is None
    assert back.normal is None


def test_same_map_gives_the_same_bytes(tmp_path):
    for name in "ab":
        write_depth(some_map(), tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def numpy_reads(path):
    with np.load(path, allow_pickle=False) as data:
        return data["depth"]


def test_numpy_can_read_the_file(tmp_path):
    write_depth(some_map(), tmp_path / "d.npz")
    np.testing.assert_array_equal(numpy_reads(tmp_path / "d.npz"), some_map().depth)


def hostile(kind):
    stream = io.BytesIO()
    if kind == "huge header":
        np.lib.format.write_array_header_1_0(stream, {"descr": "<f4", "fortran_order": False, "shape": (1 << 20, 1 << 20)})
    elif kind == "objects":
        np.lib.format.write_array(stream, np.array([[{}]], object), allow_pickle=True)
    elif kind == "double":
        np.lib.format.write_array(stream, np.ones((3, 3)))
    elif kind == "flat":
        np.lib.format.write_array(stream, np.ones(3, np.float32))
    else:
        stream.write(b"\x93NUMPY nonsense")
    return stream.getvalue()


@pytest.mark.parametrize("kind", ["huge header", "objects", "double", "flat", "nonsense"])
def test_hostile_files_are_refused(tmp_path, kind):
    path = tmp_path / "d.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("depth.npy", hostile(kind))
    with pytest.raises(InputError):
        read_depth(path)


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 cut"])
def test_damaged_and_missing_files_are_named(tmp_path, content):
    path = tmp_path / "d.npz"
    with pytest.raises(InputError, match=r"d\.npz"):
        read_depth(path)
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"d\.npz"):
        read_depth(path)


def test_a_file_without_depth_is_refused(tmp_path):
    path = tmp_path / "d.npz"
    np.savez(path, normal=np.zeros((2, 2, 3), np.float16))
    with pytest.raises(InputError):
        read_depth(path)
