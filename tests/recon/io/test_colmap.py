"""COLMAP's cameras and ours: the half pixel, every lens, models of other programs, and damaged ones."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pycolmap
import pytest

from recon.errors import InputError
from recon.io.colmap import (
    from_colmap_camera,
    model_cameras,
    points_from_colmap,
    points_to_colmap,
    read_model,
    rigid_from_colmap,
    rigid_to_colmap,
    to_colmap_camera,
)
from recon.io.colmap_model import read_model_cameras, read_model_poses
from recon.scene import Rigid3
from recon.scene.lens import LENS_MODELS, LensCamera

VALUES = {"f": 900.0, "fx": 900.0, "fy": 870.0, "cx": 401.5, "cy": 297.25, "k1": 0.05, "k2": -0.01, "p1": 0.002, "p2": -0.001}


def lens(model: str) -> LensCamera:
    return LensCamera(model, 800, 600, tuple(VALUES.get(name, 0.003) for name in LENS_MODELS[model]))


@pytest.mark.parametrize("model", LENS_MODELS)
def test_every_lens_comes_back(model: str) -> None:
    back = from_colmap_camera(to_colmap_camera(lens(model), 7))
    assert (back.model, back.width, back.height) == (model, 800, 600)
    np.testing.assert_allclose(back.params, lens(model).params, rtol=0, atol=1e-12)


@pytest.mark.parametrize("model", LENS_MODELS)
def test_parameters_have_the_names_and_order_of_colmap(model: str) -> None:
    theirs = to_colmap_camera(lens(model)).params_info.split(", ")
    assert [name.replace("k1", "k") if "k" in theirs else name for name in LENS_MODELS[model]] == theirs


def test_a_point_projects_half_a_pixel_further_in_colmap() -> None:
    points = np.random.default_rng(0).uniform(-1, 1, (50, 3)) + [0, 0, 4]
    ours, _ = lens("PINHOLE").pinhole().project(points)
    theirs = to_colmap_camera(lens("PINHOLE")).img_from_cam(points)
    np.testing.assert_allclose(theirs, ours + 0.5, atol=1e-9)
    np.testing.assert_allclose(points_to_colmap(ours), theirs, atol=1e-9)
    np.testing.assert_allclose(points_from_colmap(theirs), ours, atol=1e-9)


def test_poses_come_back() -> None:
    pose = Rigid3(np.array([[0, -1.0, 0], [1, 0, 0], [0, 0, 1]]), np.array([1.0, 2, 3]))
    there = rigid_to_colmap(pose)
    np.testing.assert_allclose(there * np.array([4.0, 5, 6]), pose.apply(np.array([4.0, 5, 6])), atol=1e-12)
    np.testing.assert_allclose(rigid_from_colmap(there).matrix, pose.matrix, atol=1e-12)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same small model in folders `bin` and `txt`."""
    pycolmap.set_random_seed(0)
    options = pycolmap.SyntheticDatasetOptions()
    options.num_rigs, options.num_frames_per_rig, options.num_cameras_per_rig, options.num_points3D = 2, 3, 1, 30
    model = pycolmap.synthesize_dataset(options)
    for i, image in enumerate(sorted(model.images.values(), key=lambda image: image.name)):
        image.name = f"a b ü {i}.jpg"
    folder = tmp_path_factory.mktemp("models")
    for kind, write in (("bin", model.write_binary), ("txt", model.write_text)):
        (folder / kind).mkdir()
        write(str(folder / kind))
    return folder


@pytest.mark.parametrize("kind", ["bin", "txt"])
def test_a_model_reads_as_pycolmap_reads_it(models: Path, kind: str) -> None:
    cameras, poses = model_cameras(read_model(models / "bin"))  # it cannot read names with spaces from text
    found = read_model_cameras(models / kind)
    assert [given.name for given in found] == [f"a b ü {i}.jpg" for i in range(6)]
    for given in found:
        assert given.pose is not None
        assert given.camera == cameras[given.name]
        np.testing.assert_allclose(given.pose.matrix, poses[given.name].matrix, atol=1e-9)
    assert set(read_model_poses(models / kind)) == set(poses)


@pytest.mark.parametrize("model", LENS_MODELS)
def test_every_lens_is_read_from_a_model(tmp_path: Path, model: str) -> None:
    made = pycolmap.Reconstruction()
    made.add_camera_with_trivial_rig(to_colmap_camera(lens(model), 3))
    image = pycolmap.Image(name="x.jpg", camera_id=3, image_id=1)
    made.add_image_with_trivial_frame(image, pycolmap.Rigid3d())
    made.write_binary(str(tmp_path))
    assert read_model_cameras(tmp_path)[0].camera == lens(model)


def test_a_model_needs_only_cameras_and_images(models: Path, tmp_path: Path) -> None:
    for name in ("cameras.bin", "images.bin"):
        shutil.copy(models / "bin" / name, tmp_path)
    assert len(read_model_cameras(tmp_path)) == 6


@pytest.mark.parametrize("name", ["cameras.bin", "images.bin"])
@pytest.mark.parametrize("damage", ["empty", "cut", "count", "noise", "gone"])
def test_a_damaged_binary_model_is_refused(models: Path, tmp_path: Path, name: str, damage: str) -> None:
    folder = shutil.copytree(models / "bin", tmp_path / "m")
    data = (folder / name).read_bytes()
    noise = np.random.default_rng(0).integers(0, 256, len(data), np.uint8).tobytes()
    changed = {"empty": b"", "cut": data[: len(data) // 2], "count": (2**60).to_bytes(8, "little") + data[8:], "noise": noise}
    (folder / name).unlink()
    if damage in changed:
        (folder / name).write_bytes(changed[damage])
    check_refused(folder)


@pytest.mark.parametrize("name", ["cameras.txt", "images.txt"])
@pytest.mark.parametrize("content", [b"some words\n", b"1 PINHOLE x y 1 1 1 1\n\n", b"\xff\xfe\x00", b"1 0 0 0 0 0 0 0 1 a.jpg\n\n"])
def test_a_damaged_text_model_is_refused(models: Path, tmp_path: Path, name: str, content: bytes) -> None:
    folder = shutil.copytree(models / "txt", tmp_path / "m")
    (folder / name).write_bytes(content)
    check_refused(folder)


@pytest.mark.parametrize(
    "line",
    [
        "1 PINHOLE 800 600 0 0 400 300",
        "1 PINHOLE 800 600 nan 9 400 300",
        "1 PINHOLE 0 600 9 9 4 3",
        "1 PINHOLE 800 600 9 9",
        "1 FOV 8 6 1 1 4 3 1",
    ],
)
def test_a_camera_that_cannot_be_is_refused(models: Path, tmp_path: Path, line: str) -> None:
    folder = shutil.copytree(models / "txt", tmp_path / "m")
    (folder / "cameras.txt").write_text(line + "\n")
    check_refused(folder)


def check_refused(folder: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_model_cameras(folder)
    assert caught.value.what
    assert caught.value.why
    assert caught.value.remedy
