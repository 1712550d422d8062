"""Cameras that the user gives: their formats and conventions, how they find their photos, and files that make no sense."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recon.errors import InputError
from recon.io.given_cameras import read_cameras, read_given_cameras
from recon.scene import Camera, Rigid3

K = [[900.0, 0, 400], [0, 880, 300], [0, 0, 1]]
TURN = [[0.0, -1, 0], [1, 0, 0], [0, 0, 1]]
EYE4 = np.eye(4).tolist()


def entry(**changes: Any) -> dict[str, Any]:
    made = {"name": "a.jpg", "width": 800, "height": 600, "K": K, "R": TURN, "t": [1, 2, 3], **changes}
    return {name: value for name, value in made.items() if value is not ...}


def frame(**changes: Any) -> dict[str, Any]:
    return {"file_path": "./images/a.jpg", "w": 800, "h": 600, "fl_x": 900, "transform_matrix": EYE4, **changes}


def save(path: Path, content: Any) -> Path:
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def cameras_json(folder: Path, *entries: dict[str, Any]) -> Path:
    return save(folder / "cameras.json", {"cameras": list(entries)})


def transforms(folder: Path, *frames: dict[str, Any], **common: Any) -> Path:
    return save(folder / "transforms.json", {**common, "frames": list(frames)})


def test_cameras_json_gives_intrinsics_and_pose(tmp_path: Path) -> None:
    given = read_given_cameras(
        cameras_json(tmp_path, entry(), entry(name="b.jpg", R=..., t=...)), {"a.jpg": (800, 600), "b.jpg": (800, 600)}
    )
    assert given.cameras["a.jpg"].pinhole() == Camera(800, 600, 900.0, 880.0, 400.0, 300.0)
    np.testing.assert_allclose(given.poses["a.jpg"].apply(np.array([1.0, 0, 0])), [1, 3, 3])
    assert list(given.poses) == ["a.jpg"]


def test_cameras_json_gives_lenses_with_distortion(tmp_path: Path) -> None:
    path = cameras_json(tmp_path, entry(K=..., model="SIMPLE_RADIAL", params=[900, 400, 300, 0.1]))
    assert read_cameras(path)[0].camera.named == {"f": 900.0, "cx": 400.0, "cy": 300.0, "k1": 0.1}


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    path = save(tmp_path / "cameras.json", "\ufeff" + json.dumps({"cameras": [entry()]}))
    assert len(read_cameras(path)) == 1


def test_a_camera_without_name_is_that_of_every_photo_not_named(tmp_path: Path) -> None:
    path = cameras_json(tmp_path, entry(name=..., R=..., t=...), entry(K=[[500, 0, 400], [0, 500, 300], [0, 0, 1]]))
    given = read_given_cameras(path, {"a.jpg": (800, 600), "z.png": (800, 600)})
    assert given.cameras["a.jpg"].focal == 500
    assert given.cameras["z.png"].focal == 890
    assert list(given.poses) == ["a.jpg"]


def test_opengl_axes_become_opencv_axes(tmp_path: Path) -> None:
    """A camera at (0, 0, 5) that looks along -z, y up: the origin is 5 in front of it, world y points up in the picture."""
    matrix = np.eye(4)
    matrix[2, 3] = 5
    pose = read_cameras(transforms(tmp_path, frame(transform_matrix=matrix.tolist())))[0].pose
    assert pose is not None
    np.testing.assert_allclose(pose.center, [0, 0, 5], atol=1e-12)
    np.testing.assert_allclose(pose.apply(np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0]])), [[0, 0, 5], [1, 0, 5], [0, -1, 5]], atol=1e-12)


def test_a_point_lands_on_the_same_pixel_through_transforms_json(tmp_path: Path) -> None:
    """The principal point counts from the corner there, from the centre of the first pixel here."""
    rng = np.random.default_rng(3)
    rotation = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    pose = Rigid3(rotation * np.sign(np.linalg.det(rotation)), np.array([0.1, 0.2, 4.0]))
    matrix = pose.inverse().matrix @ np.diag([1.0, -1, -1, 1])
    path = transforms(tmp_path, frame(transform_matrix=matrix.tolist()), fl_y=880, cx=400.5, cy=300.5)
    given = read_cameras(path)[0]
    points = rng.uniform(-1, 1, (20, 3))
    assert given.pose is not None
    found, _ = given.camera.pinhole().project(given.pose.apply(points))
    expected, _ = Camera(800, 600, 900, 880, 400, 300).project(pose.apply(points))
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_a_field_of_view_and_the_photos_size_are_enough(tmp_path: Path) -> None:
    path = transforms(tmp_path, {"file_path": "./train/a", "transform_matrix": EYE4}, camera_angle_x=math.pi / 2)
    camera = read_given_cameras(path, {"a.png": (640, 480)}).cameras["a.png"]
    assert camera.pinhole() == Camera(640, 480, pytest.approx(320), pytest.approx(320), 319.5, 239.5)


@pytest.mark.parametrize(
    ("distortion", "model"),
    [
        ({}, "PINHOLE"),
        ({"k1": 0.1, "p2": 0.01}, "OPENCV"),
        ({"k1": 0.1, "k3": 0.02}, "FULL_OPENCV"),
        ({"k1": 0.1, "k4": 0.02, "camera_model": "OPENCV_FISHEYE"}, "OPENCV_FISHEYE"),
    ],
)
def test_no_distortion_of_transforms_json_gets_lost(tmp_path: Path, distortion: dict[str, Any], model: str) -> None:
    camera = read_cameras(transforms(tmp_path, frame(**distortion)))[0].camera
    assert camera.model == model
    assert {name: value for name, value in camera.named.items() if name[0] in "kp" and value} == {
        name: value for name, value in distortion.items() if name != "camera_model"
    }


def test_a_file_of_any_name_with_frames_is_a_transforms_json(tmp_path: Path) -> None:
    path = transforms(tmp_path, frame()).rename(tmp_path / "train.json")
    assert read_cameras(path)[0].name == "a.jpg"


def test_intrinsics_follow_a_resized_photo(tmp_path: Path) -> None:
    path = cameras_json(tmp_path, entry())
    assert read_given_cameras(path, {"a.jpg": (400, 300)}).cameras["a.jpg"].pinhole() == Camera(400, 300, 450, 440, 199.75, 149.75)
    with pytest.raises(InputError, match=r"a\.jpg") as caught:
        read_given_cameras(path, {"a.jpg": (600, 800)})
    assert "600 x 800" in caught.value.why


@pytest.mark.parametrize(
    ("given", "photo"),
    [
        ("a.jpg", "a.jpg"),
        ("images/set 1/a.jpg", "a.jpg"),
        ("images\\a.jpg", "a.jpg"),
        ("a", "a.jpg"),
        ("a.png", "a.jpg"),
        ("u\u0308.jpg", "\u00fc.jpg"),
    ],
)
def test_names_are_matched_without_folder_suffix_and_unicode_form(tmp_path: Path, given: str, photo: str) -> None:
    assert list(read_given_cameras(cameras_json(tmp_path, entry(name=given)), {photo: (800, 600)}).cameras) == [photo]


def test_names_that_two_entries_or_photos_share_match_nothing(tmp_path: Path) -> None:
    """A pose of the wrong photo is worse than none."""
    path = cameras_json(tmp_path, entry(name="left/a.jpg"), entry(name="right/a.jpg"), entry(name="b.jpg"), entry(name="b.png"))
    given = read_given_cameras(path, {"a.jpg": (800, 600), "b.png": (800, 600), "b.tif": (800, 600)})
    assert list(given.cameras) == ["b.png"]
    given = read_given_cameras(cameras_json(tmp_path, entry(name="b.jpg")), {"b.jpg": (800, 600), "b.png": (800, 600)})
    assert list(given.cameras) == ["b.jpg"]


def test_photos_that_are_not_named_have_no_camera_and_none_at_all_is_an_error(tmp_path: Path) -> None:
    path = cameras_json(tmp_path, entry())
    assert list(read_given_cameras(path, {"a.jpg": (800, 600), "z.jpg": (800, 600)}).cameras) == ["a.jpg"]
    with pytest.raises(InputError, match="None of the photos is in the given cameras") as caught:
        read_given_cameras(path, {"z.jpg": (800, 600)})
    assert "a.jpg" in caught.value.why


BAD_ENTRIES: dict[str, dict[str, Any]] = {
    "no width": {"width": ...},
    "no K": {"K": ...},
    "flat K": {"K": [900, 900, 400, 300]},
    "transposed K": {"K": np.transpose(K).tolist()},
    "text in K": {"K": [["x"] * 3] * 3},
    "ragged K": {"K": [[1], [1, 2], [3]]},
    "negative focal length": {"K": [[-900, 0, 400], [0, 900, 300], [0, 0, 1]]},
    "infinite": {"K": [[math.inf, 0, 400], [0, 900, 300], [0, 0, 1]]},
    "no size": {"width": 0},
    "huge size": {"width": 10**30},
    "not a number": {"width": math.nan},
    "unknown model": {"K": ..., "model": "MAGIC", "params": [1]},
    "too few params": {"K": ..., "model": "OPENCV", "params": [900, 400]},
    "huge params": {"K": ..., "model": "SIMPLE_PINHOLE", "params": [10**400, 1, 1]},
    "no t": {"t": ...},
    "no R": {"R": ...},
    "mirror": {"R": [[-1, 0, 0], [0, 1, 0], [0, 0, 1]]},
    "scaled R": {"R": (2 * np.eye(3)).tolist()},
    "R not finite": {"R": [[math.nan] * 3] * 3},
    "R of nothing": {"R": None},
    "short t": {"t": [1, 2]},
    "pose without name": {"name": ""},
}


@pytest.mark.parametrize("changes", BAD_ENTRIES.values(), ids=BAD_ENTRIES.keys())
def test_a_camera_that_makes_no_sense_is_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    check_refused(cameras_json(tmp_path, entry(**changes)))


BAD_FRAMES: dict[str, dict[str, Any]] = {
    "no focal length": {"fl_x": ...},
    "no angle at all": {"fl_x": ..., "camera_angle_x": 0},
    "no height": {"h": ...},
    "text": {"fl_x": "long"},
    "no matrix": {"transform_matrix": ...},
    "small matrix": {"transform_matrix": [[1, 0], [0, 1]]},
    "zero matrix": {"transform_matrix": np.zeros((4, 4)).tolist()},
    "no path": {"file_path": ...},
    "unknown model": {"camera_model": "EQUIRECTANGULAR"},
    "unknown distortion": {"k1": 0.1, "k4": 0.1},
}


@pytest.mark.parametrize("changes", BAD_FRAMES.values(), ids=BAD_FRAMES.keys())
def test_a_frame_that_makes_no_sense_is_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    check_refused(transforms(tmp_path, {name: value for name, value in frame(**changes).items() if value is not ...}))


@pytest.mark.parametrize(
    "content",
    [
        *("", "no json", "[]", "{}", "null", "[" * 100_000, '{"cameras": 3}', '{"cameras": {"a": 1}}', '{"cameras": [3]}'),
        *('{"frames": [[]]}', '{"frames": "ab"}', '{"frames": null}', '{"cameras": [{"width": ' + "9" * 5000 + "}]}"),
    ],
)
def test_a_file_that_is_not_one_of_cameras_is_refused(tmp_path: Path, content: str) -> None:
    check_refused(save(tmp_path / "cameras.json", content))


def test_missing_files_binary_files_and_empty_folders_are_refused(tmp_path: Path) -> None:
    check_refused(tmp_path / "gone.json")
    (tmp_path / "b.json").write_bytes(b"\xff\xfe\x00\x80")
    check_refused(tmp_path / "b.json")
    (tmp_path / "folder").mkdir()
    check_refused(tmp_path / "folder")


def test_a_huge_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    with (tmp_path / "large.json").open("wb") as file:
        file.truncate(1 << 33)
    check_refused(tmp_path / "large.json")


def check_refused(path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_cameras(path)
    assert path.name in caught.value.what
    assert caught.value.why
    assert caught.value.remedy
