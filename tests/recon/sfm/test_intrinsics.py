"""Which photos share a camera, and its first values."""

import pytest

from recon.photos import PhotoInfo
from recon.scene.lens import LensCamera
from recon.sfm.intrinsics import GUESS, starting_cameras


def photo(name, key="one", size=(400, 300), focal=None):
    return PhotoInfo(name, *size, focal, None, None, key, None, None)


def test_photos_of_one_camera_share_it_and_other_sizes_do_not():
    photos = [photo("a"), photo("b"), photo("c", key="two"), photo("d", size=(300, 400))]
    start = starting_cameras({p.id: p for p in photos})
    assert start.camera_of["a"] == start.camera_of["b"]
    assert len({start.camera_of[name] for name in "acd"}) == 3
    assert (start.of("d").width, start.of("d").height) == (300, 400)


def test_each_photo_has_its_own_when_nothing_is_shared():
    start = starting_cameras({name: photo(name) for name in "abc"}, shared=False)
    assert len(start.cameras) == 3


def test_the_focal_length_is_the_median_prior_or_a_guess():
    focals = {"a": 500.0, "b": 510.0, "c": 900.0, "d": None}
    start = starting_cameras({name: photo(name, focal=f) for name, f in focals.items()}, model="RADIAL")
    assert start.of("d") == LensCamera("RADIAL", 400, 300, (510.0, 199.5, 149.5, 0.0, 0.0))
    assert start.has_prior == (True,)
    guessed = starting_cameras({"a": photo("a", size=(300, 400))})
    assert guessed.of("a").focal == pytest.approx(GUESS * 400)
    assert guessed.has_prior == (False,)


def test_given_cameras_are_taken_as_they_are_and_shared_where_equal():
    lens, other = LensCamera("PINHOLE", 400, 300, (333, 334, 200, 150)), LensCamera("PINHOLE", 400, 300, (335, 334, 200, 150))
    start = starting_cameras({name: photo(name, focal=500) for name in "abcd"}, {"a": lens, "b": lens, "c": other})
    assert [start.of(name) for name in "abc"] == [lens, lens, other]
    assert start.camera_of["a"] == start.camera_of["b"]
    assert [start.given[start.camera_of[name]] for name in "abcd"] == [True, True, True, False]
    assert start.has_prior[start.camera_of["a"]]
    assert start.of("d").focal == 500
