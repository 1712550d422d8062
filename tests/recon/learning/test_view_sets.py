"""Shards and their reader: what is written comes back, and nothing that is wrong gets through."""

import json
import pickle
import struct
import subprocess
import sys
import zipfile
import zlib
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest

from recon.errors import InputError
from recon.learning.shards import EncodedView, differences, encode_set, quantised, read_entries, read_index, summed, write_shard
from recon.learning.view_sets import ViewSets, decode_set

HEIGHT, WIDTH = 40, 56


def encoded_view(number, step=1e-3):
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    inverse = 0.3 + 0.004 * x + 0.002 * y + 0.1 * np.sin(x / 7 + number)
    inverse[5:15, 8:20] = 0
    picture = np.stack([40 + 3 * x, 200 - 2 * y, 50 + 20 * number + 0 * x], -1).astype(np.uint8)
    jpeg = bytes(cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])[1])
    matrix = np.array([[50.0 + number, 0, 27.1], [0, 50.0 + number, 19.9], [0, 0, 1]])
    pose = np.column_stack([cv2.Rodrigues(np.array([0.1, 0.2 * number, -0.1]))[0], [0.1, number, 2.0]])
    return EncodedView(jpeg, inverse, step, inverse > 0.5, matrix, pose, 1.0 + number, 9.0), picture


def encoded(count=3):
    return encode_set([encoded_view(i)[0] for i in range(count)], {"kind": "test"})


def test_a_set_comes_back_as_it_was_written(tmp_path):
    write_shard(tmp_path / "train_000.zip", {"a": encoded(), "b": encoded(2)})
    write_shard(tmp_path / "train_001.zip", {"c": encoded()})
    sets = ViewSets(tmp_path, "train")
    assert sets.names == ["train_000.zip/a", "train_000.zip/b", "train_001.zip/c"]
    assert [len(views.images) for views in sets] == [3, 2, 3]
    views = sets[2]
    for i in range(3):
        given, picture = encoded_view(i)
        known = given.inverse_depth > 0
        np.testing.assert_array_equal(views.inverse_depth[i] > 0, known)
        np.testing.assert_allclose(views.inverse_depth[i][known], given.inverse_depth[known], atol=0.5e-3 * 1.001)
        assert np.abs(views.images[i].astype(int) - picture).mean() < 3
        np.testing.assert_array_equal(views.object_mask[i], given.mask)
        np.testing.assert_array_equal(views.matrices[i], given.matrix.astype(np.float32))
        np.testing.assert_array_equal(views.poses[i], given.pose.astype(np.float32))
    np.testing.assert_array_equal(views.near, [1, 2, 3])
    np.testing.assert_array_equal(views.far, [9, 9, 9])
    assert views.about == {"kind": "test"}


def test_equal_sets_give_equal_bytes(tmp_path):
    for name in ("train_0.zip", "train_1.zip"):
        write_shard(tmp_path / name, {"a": encoded()})
    assert (tmp_path / "train_0.zip").read_bytes() == (tmp_path / "train_1.zip").read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["train_0.zip", "train_1.zip"]


def test_any_numbers_survive_being_stored_as_differences():
    rng = np.random.default_rng(0)
    for values in (rng.integers(0, 65536, (30, 41)), np.full((3, 4), 65535), np.tile([0, 65535], (4, 3)), np.arange(12).reshape(1, 12)):
        values = values.astype(np.uint16)
        np.testing.assert_array_equal(summed(differences(values)), values)


def test_a_range_too_wide_for_the_step_is_stored_coarser_and_an_empty_picture_stays_empty():
    inverse = np.array([[0.0, 1.0, 1.5, 3.0]])
    values, offset, step = quantised(inverse, 1e-9)
    restored = np.where(values > 0, offset + step * (values.astype(float) - 1), 0)
    np.testing.assert_allclose(restored, inverse, atol=2 / 65533)
    assert values.max() > 65000
    assert not quantised(np.zeros((2, 2)), 0.1)[0].any()


def test_sets_can_be_read_by_threads_and_sent_to_processes(tmp_path):
    write_shard(tmp_path / "validation_000.zip", {f"{i}": encoded(2) for i in range(6)})
    sets = pickle.loads(pickle.dumps(ViewSets(tmp_path, "validation")))
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(sets.__getitem__, [i % 6 for i in range(48)]))
    assert all(np.array_equal(views.inverse_depth, found[0].inverse_depth) for views in found)


def test_splits_are_kept_apart_and_an_empty_folder_is_named(tmp_path):
    write_shard(tmp_path / "train_000.zip", {"a": encoded()})
    with pytest.raises(InputError, match="validation"):
        ViewSets(tmp_path, "validation")
    with pytest.raises(InputError):
        ViewSets(tmp_path / "nowhere", "train")


def png_that_claims(width, height):
    content = bytearray(cv2.imencode(".png", np.zeros((4, 4), np.uint8))[1])
    content[16:24] = struct.pack(">II", width, height)
    content[29:33] = struct.pack(">I", zlib.crc32(bytes(content[12:29])))
    return bytes(content)


def jpeg(width, height):
    return bytes(cv2.imencode(".jpg", np.zeros((height, width, 3), np.uint8))[1])


def with_head(change):
    files = encoded()
    head = json.loads(files["views.json"])
    change(head)
    return {**files, "views.json": json.dumps(head).encode()}


HOSTILE = {
    "giant depth": lambda: {**encoded(), "0.depth.png": png_that_claims(60_000, 60_000)},
    "giant mask": lambda: {**encoded(), "1.mask.png": png_that_claims(2**31 - 1, 2**31 - 1)},
    "picture of another size": lambda: {**encoded(), "2.jpg": jpeg(WIDTH + 1, HEIGHT)},
    "picture that is none": lambda: {**encoded(), "0.jpg": b"GIF89a nothing"},
    "cut picture": lambda: {**encoded(), "0.depth.png": encoded()["0.depth.png"][:60]},
    "missing picture": lambda: {k: v for k, v in encoded().items() if k != "1.jpg"},
    "missing depth": lambda: {k: v for k, v in encoded().items() if k != "2.depth.png"},
    "missing head": lambda: {k: v for k, v in encoded().items() if k != "views.json"},
    "head that is no JSON": lambda: {**encoded(), "views.json": b"{"},
    "head that is a list": lambda: {**encoded(), "views.json": b"[]"},
    "head without end": lambda: {**encoded(), "views.json": b"[" * 100_000},
    "giant sizes": lambda: with_head(lambda h: h.update(width=10**9, height=10**9)),
    "sizes that are words": lambda: with_head(lambda h: h.update(width="56")),
    "no views": lambda: with_head(lambda h: h.update(views=[])),
    "hundreds of views": lambda: with_head(lambda h: h.update(views=h["views"] * 200)),
    "another version": lambda: with_head(lambda h: h.update(version=2)),
    "matrix not a number": lambda: with_head(lambda h: h["views"][0]["K"][0].__setitem__(0, float("nan"))),
    "matrix of another shape": lambda: with_head(lambda h: h["views"][0].update(K=[[1, 0], [0, 1]])),
    "focal length below zero": lambda: with_head(lambda h: h["views"][0]["K"][0].__setitem__(0, -50.0)),
    "pose that mirrors": lambda: with_head(lambda h: h["views"][0].update(cam_from_world=[[-1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]])),
    "pose infinite": lambda: with_head(lambda h: h["views"][1]["cam_from_world"][0].__setitem__(3, float("inf"))),
    "empty range": lambda: with_head(lambda h: h["views"][1].update(near=9.0)),
    "near missing": lambda: with_head(lambda h: h["views"][1].pop("near")),
    "near null": lambda: with_head(lambda h: h["views"][1].update(near=None)),
    "step not a number": lambda: with_head(lambda h: h["views"][1].update(step=float("nan"))),
    "step a list": lambda: with_head(lambda h: h["views"][1].update(step=[1])),
    "offset below zero": lambda: with_head(lambda h: h["views"][1].update(offset=-1.0)),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_set_that_is_wrong_is_refused_by_name(tmp_path, name):
    write_shard(tmp_path / "train_000.zip", {"good": encoded(), "bad": HOSTILE[name]()})
    sets = ViewSets(tmp_path, "train")
    assert len(sets[0].images) == 3
    with pytest.raises(InputError, match=r"bad in train_000\.zip"):
        sets[1]


def packed(path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/views.json", b"0" * 100_000_000)


def nested(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a/b/views.json", b"{}")


def cut(path):
    write_shard(path, {"a": encoded()})
    path.write_bytes(path.read_bytes()[:-30])


@pytest.mark.parametrize(
    "make", [packed, nested, cut, lambda path: path.write_bytes(b"PK\x03\x04 not a zip"), lambda path: path.write_bytes(b"")]
)
def test_a_file_that_is_no_shard_is_refused(tmp_path, make):
    make(tmp_path / "train_000.zip")
    with pytest.raises(InputError, match=r"train_000\.zip"):
        ViewSets(tmp_path, "train")


def test_damage_after_the_index_was_read_is_noticed(tmp_path):
    path = tmp_path / "train_000.zip"
    write_shard(path, {"a": encoded()})
    index, content = read_index(path)["a"], path.read_bytes()
    middle = index["1.jpg"].header + 200
    for changed in (content[:middle], content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :], b"", content[7:]):
        path.write_bytes(changed)
        with pytest.raises(InputError, match=r"train_000\.zip"):
            read_entries(path, index)
    path.unlink()
    with pytest.raises(InputError):
        read_entries(path, index)


def test_without_masks_there_is_none():
    files = {name: content for name, content in encoded().items() if "mask" not in name}
    assert decode_set(files).object_mask is None


def test_reading_needs_nothing_that_a_bare_machine_lacks():
    heavy = ("torch", "open3d", "pycolmap", "trimesh", "scipy")
    code = f"import sys, recon.learning.view_sets, recon.learning.photographs; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
