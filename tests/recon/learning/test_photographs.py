"""Photographs as training data."""

import numpy as np
import pytest
from PIL import Image

from recon.errors import InputError
from recon.learning.photographs import Photographs, held_back


def folder_of(path, count, size=(90, 60)):
    (path / "deeper").mkdir()
    y, x = np.mgrid[: size[1], : size[0]]
    for i in range(count):
        picture = np.stack([x * 255 // size[0], y * 255 // size[1], 0 * x + i], -1).astype(np.uint8)
        Image.fromarray(picture).save(path / ("deeper" if i % 2 else ".") / f"{i:03d}.png")
    (path / "notes.txt").write_text("not a picture")
    return path


def test_every_photograph_is_in_exactly_one_split_wherever_it_lies(tmp_path):
    folder = folder_of(tmp_path, 60, (8, 8))
    train, validation, everything = (Photographs(folder, split) for split in ("train", "validation", None))
    assert len(everything) == 60
    assert set(train.files) | set(validation.files) == set(everything.files)
    assert not set(train.files) & set(validation.files)
    assert all(held_back(path) for path in validation.files)
    assert 0 < len(validation) < 10


def test_crops_have_the_size_asked_for_and_are_of_every_scale_and_place(tmp_path):
    photographs = Photographs(folder_of(tmp_path, 3))
    rng = np.random.default_rng(0)
    spans, left = [], []
    for _ in range(60):
        crop = photographs.crop(rng, 30, 40)
        assert crop.shape == (30, 40, 3)
        assert crop.dtype == np.uint8
        spans.append(float(np.ptp(crop[15, :, 0].astype(float))) / 255 * 90)
        left.append(float(crop[15, 0, 0]))
    assert 25 < min(spans) < 40  # 0.4 of the largest 4:3 part, which is 80 wide
    assert 70 < max(spans) < 82
    assert np.ptp(left) > 60
    again = photographs.crop(np.random.default_rng(5), 30, 40)
    np.testing.assert_array_equal(again, photographs.crop(np.random.default_rng(5), 30, 40))
    assert photographs.crop(rng, 500, 20).shape == (500, 20, 3)


def test_large_ones_are_reduced_and_grey_or_transparent_ones_become_rgb(tmp_path):
    Image.new("L", (300, 100), 77).save(tmp_path / "a.jpg", quality=95)
    Image.new("RGBA", (100, 300), (10, 200, 30, 255)).save(tmp_path / "b.png")
    first, second = Photographs(tmp_path, max_size=150)
    assert first.shape == (50, 150, 3)
    assert abs(int(first[20, 20, 0]) - 77) <= 2
    assert second.shape == (150, 50, 3)
    assert second[5, 5].tolist() == [10, 200, 30]


def test_damaged_files_and_empty_folders_are_named(tmp_path):
    with pytest.raises(InputError, match="no photographs"):
        Photographs(tmp_path)
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff nothing")
    with pytest.raises(InputError, match=r"broken\.jpg"):
        Photographs(tmp_path)[0]
