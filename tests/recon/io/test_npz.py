"""Arrays, scenes, features and matches in .npz: what goes in comes out; hostile files are refused before memory is taken."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recon.errors import InputError, ResourceError, ShapeError
from recon.features.extractor import Features
from recon.features.matches_npz import KINDS, PairMatches, read_matches, write_matches
from recon.features.npz import read_features, write_features
from recon.io.depth_npz import read_depth, write_depth
from recon.io.npz import DAMAGE, read_arrays, write_arrays
from recon.io.scene_npz import read_scene, write_scene
from recon.scene import Camera, DepthMap, Rigid3, Scene, SparsePoints, View

TURN = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])


def some_scene() -> Scene:
    camera = Camera(640, 480, 500.25, 501.0, 319.5, 239.5)
    views = (View("a b ü.jpg", camera, Rigid3(TURN, np.array([1.0, 2, 3]))), View("写真.png", camera, Rigid3.identity()))
    rng = np.random.default_rng(0)
    sparse = SparsePoints(rng.normal(size=(5, 3)), rng.random((5, 3)), rng.random(5), np.array([0, 0, 4]), np.array([0, 1, 1]))
    return Scene(views, sparse)


def some_features() -> Features:
    rng = np.random.default_rng(0)
    return Features(rng.random((7, 4)), rng.integers(0, 256, (7, 128), np.uint8), (640, 480))


def some_matches() -> PairMatches:
    return PairMatches(np.arange(12).reshape(-1, 2), np.arange(4).reshape(-1, 2), "planar")


READERS: dict[str, tuple[Callable[[Path], Any], Callable[[Path], Any]]] = {
    "scene": (lambda path: write_scene(some_scene(), path), read_scene),
    "features": (lambda path: write_features(some_features(), path), read_features),
    "matches": (lambda path: write_matches(some_matches(), path), read_matches),
    "depth": (lambda path: write_depth(DepthMap(np.ones((3, 4))), path), read_depth),
}


def test_a_scene_comes_back(tmp_path: Path) -> None:
    write_scene(some_scene(), tmp_path / "scene.npz")
    back = read_scene(tmp_path / "scene.npz")
    for view, expected in zip(back.views, some_scene().views, strict=True):
        assert (view.name, view.camera) == (expected.name, expected.camera)
        np.testing.assert_array_equal(view.cam_from_world.matrix, expected.cam_from_world.matrix)
    for name in ("points", "colors", "error", "point_index", "view_index"):
        np.testing.assert_array_equal(getattr(back.sparse, name), getattr(some_scene().sparse, name))


def test_a_scene_of_nothing_comes_back(tmp_path: Path) -> None:
    none = np.zeros(0)
    write_scene(Scene((), SparsePoints(np.zeros((0, 3)), np.zeros((0, 3)), none, none, none)), tmp_path / "scene.npz")
    back = read_scene(tmp_path / "scene.npz")
    assert back.views == ()
    assert len(back.sparse) == 0


def test_features_come_back(tmp_path: Path) -> None:
    write_features(some_features(), tmp_path / "f.npz")
    back = read_features(tmp_path / "f.npz")
    np.testing.assert_array_equal(back.keypoints, some_features().keypoints)
    np.testing.assert_array_equal(back.descriptors, some_features().descriptors)
    assert back.descriptors.dtype == np.uint8
    assert back.size == (640, 480)


@pytest.mark.parametrize("kind", KINDS)
def test_matches_come_back(tmp_path: Path, kind: str) -> None:
    matches = PairMatches(some_matches().raw, np.zeros((0, 2)), kind)
    write_matches(matches, tmp_path / "m.npz")
    back = read_matches(tmp_path / "m.npz")
    np.testing.assert_array_equal(back.raw, matches.raw)
    assert back.inliers.shape == (0, 2)
    assert back.kind == kind


@pytest.mark.parametrize("reader", READERS)
def test_equal_content_gives_equal_bytes(tmp_path: Path, reader: str) -> None:
    for name in "ab":
        READERS[reader][0](tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize("reader", READERS)
def test_a_file_that_is_cut_off_anywhere_is_refused(tmp_path: Path, reader: str) -> None:
    write, read = READERS[reader]
    path = tmp_path / "x.npz"
    write(path)
    whole = path.read_bytes()
    for end in range(0, len(whole), 37):
        path.write_bytes(whole[:end])
        with pytest.raises(InputError, match=r"x\.npz"):
            read(path)


@pytest.mark.parametrize("reader", READERS)
def test_changed_bytes_never_end_in_another_error(tmp_path: Path, reader: str) -> None:
    write, read = READERS[reader]
    path = tmp_path / "x.npz"
    write(path)
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    refused = 0
    for _ in range(300):
        changed = bytearray(whole)
        for at in rng.integers(0, len(whole), 3):
            changed[at] = rng.integers(256)
        path.write_bytes(changed)
        try:
            read(path)
        except InputError:
            refused += 1
    assert refused > 150


@pytest.mark.parametrize("reader", READERS)
def test_the_file_of_another_reader_and_a_missing_one_are_refused(tmp_path: Path, reader: str) -> None:
    write_arrays(tmp_path / "x.npz", {"something": np.zeros(3)})
    for name in ("x.npz", "gone.npz"):
        with pytest.raises(InputError, match=name) as caught:
            READERS[reader][1](tmp_path / name)
        assert caught.value.remedy


@pytest.mark.parametrize(
    "changes",
    [
        {"names": np.array(["a.jpg"])},
        {"names": np.array(["a.jpg", "a.jpg"])},
        {"names": np.zeros(2)},
        {"intrinsics": np.zeros((2, 5))},
        {"intrinsics": np.full((2, 6), np.nan)},
        {"rotations": np.zeros((2, 9))},
        {"view_index": np.array([0, 1, 2])},
        {"point_index": np.array([0, -1, 0])},
        {"error": np.zeros(4)},
        {"points": np.array([["x"] * 3] * 5)},
    ],
)
def test_a_scene_that_contradicts_itself_is_refused(tmp_path: Path, changes: dict[str, np.ndarray]) -> None:
    write_scene(some_scene(), tmp_path / "scene.npz")
    write_arrays(tmp_path / "scene.npz", {**read_arrays(tmp_path / "scene.npz"), **changes})
    with pytest.raises(InputError):
        read_scene(tmp_path / "scene.npz")


@pytest.mark.parametrize(
    "changes", [{"kind": np.array("magic")}, {"raw": np.zeros((3, 3))}, {"inliers": np.zeros(4)}, {"raw": np.array("x")}]
)
def test_matches_that_make_no_sense_are_refused(tmp_path: Path, changes: dict[str, np.ndarray]) -> None:
    write_matches(some_matches(), tmp_path / "m.npz")
    write_arrays(tmp_path / "m.npz", {**read_arrays(tmp_path / "m.npz"), **changes})
    with pytest.raises(InputError):
        read_matches(tmp_path / "m.npz")


@pytest.mark.parametrize("changes", [{"size": np.array([1, 2, 3])}, {"keypoints": np.zeros((7, 2))}, {"descriptors": np.zeros((6, 128))}])
def test_features_that_make_no_sense_are_refused(tmp_path: Path, changes: dict[str, np.ndarray]) -> None:
    write_features(some_features(), tmp_path / "f.npz")
    write_arrays(tmp_path / "f.npz", {**read_arrays(tmp_path / "f.npz"), **changes})
    with pytest.raises(InputError):
        read_features(tmp_path / "f.npz")


def header(shape: Any, kind: Any = "<f4", text: str | None = None) -> bytes:
    """A .npy header and nothing behind it."""
    line = (text or repr({"descr": kind, "fortran_order": False, "shape": shape})).encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + len(line).to_bytes(2, "little") + line


def objects() -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array(stream, np.array([{}], object), allow_pickle=True)
    return stream.getvalue()


HOSTILE = {
    "objects": objects(),
    "objects in a structure": header((1,), [("a", "<i4"), ("b", "|O")]),
    "huge": header((1 << 20, 1 << 20)),
    "empty but huge": header((0, 10**30)),
    "no bytes each": header((10**15,), "<U0"),
    "long text": header((1,), "<U100000000"),
    "negative": header((-1, 2)),
    "two negative": header((-2, -2)),
    "text for a shape": header("ab"),
    "open bracket": header(0, text="[" * 3000),
    "open string": header(0, text="{'descr': '''"),
    "indented": header(0, text="  1\n 2"),
    "a program": header(0, text="__import__('os').abort()"),
    "very long": header(0, text="{" + "1:1," * 12000 + "}"),
    "later version": b"\x93NUMPY\x09\x00xx",
    "nothing": b"",
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_arrays_are_refused(tmp_path: Path, content: bytes) -> None:
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.writestr("raw.npy", content)
    with pytest.raises(DAMAGE):
        read_arrays(tmp_path / "x.npz")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_archives_that_are_packed_in_rare_ways_are_refused(tmp_path: Path, method: int) -> None:
    with zipfile.ZipFile(tmp_path / "x.npz", "w", method) as archive:
        archive.writestr("raw.npy", header((0,)))
    with pytest.raises(ValueError, match="packed"):
        read_arrays(tmp_path / "x.npz")


def test_more_than_the_limit_is_refused_before_it_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    np.savez_compressed(tmp_path / "bomb.npz", a=np.zeros(1 << 20), b=np.zeros(1 << 20))
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_: pytest.fail("unpacked"))
    with pytest.raises(ValueError, match="more than 15 MB"):
        read_arrays(tmp_path / "bomb.npz", max_bytes=15 << 20)


def test_names_that_lead_out_of_the_folder_are_only_names(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.writestr("../../escaped.npy", header((0,)))
    assert list(read_arrays(tmp_path / "x.npz")) == ["escaped"]
    assert list(tmp_path.parent.rglob("escaped*")) == []


def test_what_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(ResourceError, match="gone"):
        write_matches(some_matches(), tmp_path / "gone" / "m.npz")
    with pytest.raises(ValueError):
        write_arrays(tmp_path / "x.npz", {"a": np.array([{}], object)})
    assert list(tmp_path.iterdir()) == []


def test_wrong_shapes_are_refused_when_they_are_made() -> None:
    with pytest.raises(ShapeError):
        PairMatches(np.zeros((2, 3)), np.zeros((0, 2)), "none")
    with pytest.raises(ShapeError):
        Features(np.zeros((2, 4)), np.zeros((3, 128), np.uint8), (1, 1))
