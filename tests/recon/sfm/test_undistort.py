"""Undistortion: the way there and back, against a slow reference, and masks."""

from __future__ import annotations

import json
import threading
from dataclasses import replace

import cv2
import numpy as np
import pytest
from PIL import Image

from recon.errors import Cancelled, InputError, ProjectError
from recon.io.colmap import model_cameras, read_model, to_colmap_camera
from recon.pipeline.stage import Artifact
from recon.scene import Camera, Rigid3
from recon.scene.lens import LensCamera
from recon.sfm import UndistortStage, load_mappings, load_views
from recon.sfm.undistort import covers, undistort_mask, undistort_picture, warp
from recon.sfm.undistort_mapping import PixelMapping, pinhole_for, reduced
from tests.recon.stage_harness import run_stage

WIDTH, HEIGHT = 120, 90
LENSES = {
    "barrel": LensCamera("SIMPLE_RADIAL", WIDTH, HEIGHT, (100.0, 60.2, 43.1, -0.2)),
    "pincushion": LensCamera("RADIAL", WIDTH, HEIGHT, (100.0, 58.0, 45.0, 0.15, 0.02)),
    "skewed": LensCamera("OPENCV", WIDTH, HEIGHT, (100.0, 102.0, 59.5, 44.5, -0.1, 0.05, 0.003, -0.002)),
    "fisheye": LensCamera("OPENCV_FISHEYE", WIDTH, HEIGHT, (55.0, 55.0, 59.5, 44.5, 0.02, -0.01, 0.0, 0.0)),
}


def distorted(lens: LensCamera, u: float, v: float) -> tuple[float, float]:
    """Pixel of the ray (u, v, 1), written out from the definition of each lens (COLMAP's models, our pixels)."""
    p = lens.named
    fx, fy = (p["f"], p["f"]) if "f" in p else (p["fx"], p["fy"])
    r2 = u * u + v * v
    if lens.model == "OPENCV_FISHEYE":
        r = np.sqrt(r2)
        theta = np.arctan(r)
        bent = theta * (1 + sum(p[f"k{i}"] * theta ** (2 * i) for i in (1, 2, 3, 4)))
        factor = bent / r if r > 0 else 1.0
        return fx * u * factor + p["cx"], fy * v * factor + p["cy"]
    factor = 1 + p["k1"] * r2 + p.get("k2", 0.0) * r2 * r2
    p1, p2 = p.get("p1", 0.0), p.get("p2", 0.0)
    x = u * factor + 2 * p1 * u * v + p2 * (r2 + 2 * u * u)
    y = v * factor + 2 * p2 * u * v + p1 * (r2 + 2 * v * v)
    return fx * x + p["cx"], fy * y + p["cy"]


def smooth(x, y):
    """A picture known at every point: a grid of soft lines."""
    return np.stack([128 + 100 * np.sin(x / 4) * np.cos(y / 5), 128 + 90 * np.cos(x / 7 + y / 6), 60 + x + 0 * y], axis=-1)


def photo_of(width, height):
    x, y = np.meshgrid(np.arange(width, dtype=float), np.arange(height, dtype=float))
    return np.rint(smooth(x, y)).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("name", LENSES)
@pytest.mark.parametrize("blank", [0.0, 1.0])
def test_every_pixel_comes_from_where_the_lens_put_it(name, blank):
    lens = LENSES[name]
    camera = pinhole_for(lens, blank)
    image = undistort_picture(photo_of(WIDTH, HEIGHT), lens, camera)
    mask = undistort_mask(None, lens, camera)
    assert image.shape == (camera.height, camera.width, 3)
    assert mask.mean() > 0.5
    for row in range(camera.height):
        for column in range(camera.width):
            x, y = distorted(lens, (column - camera.cx) / camera.fx, (row - camera.cy) / camera.fy)
            inside = -0.5 <= x <= WIDTH - 0.5 and -0.5 <= y <= HEIGHT - 0.5
            if mask[row, column]:
                assert inside
                if 1 <= x <= WIDTH - 2 and 1 <= y <= HEIGHT - 2:
                    assert np.abs(image[row, column] - smooth(x, y).clip(0, 255)).max() < 3
            elif not inside:
                assert (image[row, column] == 0).all()


@pytest.mark.parametrize("name", LENSES)
def test_there_and_back_is_the_same_pixel(name):
    mapping = PixelMapping(LENSES[name], pinhole_for(LENSES[name]))
    rng = np.random.default_rng(0)
    pixels = rng.uniform([0, 0], [mapping.undistorted.width - 1, mapping.undistorted.height - 1], (7, 30, 2))
    original = mapping.to_original(pixels)
    assert original.shape == pixels.shape
    np.testing.assert_allclose(mapping.to_undistorted(original), pixels, atol=1e-3)
    x, y = distorted(mapping.original, *(mapping.undistorted.unproject(pixels[0, 0], np.ones(()))[:2]))
    np.testing.assert_allclose(original[0, 0], [x, y], atol=1e-9)
    assert PixelMapping.from_json(json.loads(json.dumps(mapping.to_json()))) == mapping


@pytest.mark.parametrize("name", LENSES)
@pytest.mark.parametrize("blank", [0.0, 0.5, 1.0])
def test_coverage_by_the_border_is_coverage_of_every_pixel(name, blank):
    lens = LENSES[name]
    camera = pinhole_for(lens, blank)
    assert covers(lens, camera) == bool(warp(lens, camera)[2].all())


def test_without_blank_pixels_nothing_is_cut_from_a_weak_lens():
    assert covers(LENSES["barrel"], pinhole_for(LENSES["barrel"]))
    assert not covers(LENSES["barrel"], pinhole_for(LENSES["barrel"], 1.0))


def test_what_a_folded_lens_shows_twice_is_left_out():
    lens = LensCamera("SIMPLE_RADIAL", WIDTH, HEIGHT, (60.0, 59.5, 44.5, -0.3))
    wide = Camera(WIDTH, HEIGHT, 25.0, 25.0, 59.5, 44.5)
    mask = undistort_mask(None, lens, wide)
    edge = 1 / np.sqrt(3 * 0.3)  # r (1 - 0.3 r^2) is largest here and falls beyond
    radius = np.hypot(*np.meshgrid((np.arange(WIDTH) - 59.5) / 25, (np.arange(HEIGHT) - 44.5) / 25))
    assert mask[radius < 0.9 * edge].all()
    assert not mask[radius > 1.1 * edge].any()
    assert not covers(lens, wide)


def test_a_photo_without_distortion_is_handed_on_unchanged():
    lens = LensCamera("PINHOLE", WIDTH, HEIGHT, (100.0, 100.0, 59.5, 44.5))
    photo = photo_of(WIDTH, HEIGHT)
    assert undistort_picture(photo, lens, pinhole_for(lens)) is photo


def test_a_reduced_photo_keeps_its_geometry():
    big = LENSES["barrel"].scaled(4 * WIDTH, 4 * HEIGHT)
    small = reduced(big, WIDTH)
    camera = pinhole_for(small)
    assert (small.width, small.height) == (WIDTH, HEIGHT)
    mapping = PixelMapping(big, camera)
    image = undistort_picture(photo_of(4 * WIDTH, 4 * HEIGHT), small, camera)
    x, y = np.meshgrid(np.arange(10, camera.width - 10), np.arange(10, camera.height - 10))
    place = mapping.to_original(np.stack([x, y], axis=-1))
    assert np.abs(image[y, x, 2] - smooth(place[..., 0], place[..., 1])[..., 2].clip(0, 255)).max() < 3
    assert reduced(big, 4 * WIDTH) == big


def test_a_mask_moves_with_its_photo():
    lens = LENSES["barrel"]
    camera = pinhole_for(lens, 1.0)
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[20:60, 30:90] = True
    used = undistort_mask(mask, lens, camera)
    rows, columns = np.nonzero(undistort_mask(None, lens, camera))
    place = PixelMapping(lens, camera).to_original(np.stack([columns, rows], axis=-1))
    inside = (place >= [30, 20]).all(axis=1) & (place <= [89, 59]).all(axis=1)
    beyond = (place < [29, 19]).any(axis=1) | (place > [90, 60]).any(axis=1)
    assert used[rows[inside], columns[inside]].all()
    assert not used[rows[beyond], columns[beyond]].any()
    assert not used[~undistort_mask(None, lens, camera)].any()


def reconstruction(folder, lenses):
    """Artifact of the stage before: one photo a lens, in a row, and one point."""
    import pycolmap

    model = pycolmap.Reconstruction()
    for number, (name, lens) in enumerate(lenses.items(), 1):
        model.add_camera_with_trivial_rig(to_colmap_camera(lens, number))
        image = pycolmap.Image(name=name, camera_id=number, image_id=number, keypoints=np.array([[60.0, 45.0]]))
        model.add_image_with_trivial_frame(image, pycolmap.Rigid3d(pycolmap.Rotation3d(), np.array([-0.1 * number, 0, 0])))
    track = pycolmap.Track([pycolmap.TrackElement(number, 0) for number in range(1, len(lenses) + 1)])
    model.add_point3D(np.array([0.1, 0.0, 2.0]), track, np.array([10, 20, 30], np.uint8))
    (folder / "sparse").mkdir(parents=True)
    model.write(str(folder / "sparse"))
    return Artifact("sfm", folder, "digest", {}, {})


@pytest.fixture
def shot(tmp_path):
    """Two photos, one with distortion and one without; the first has a mask."""
    lenses = {"a b ü.png": LENSES["barrel"], "flat.png": LensCamera("PINHOLE", WIDTH, HEIGHT, (100.0, 100.0, 59.5, 44.5))}
    for name in lenses:
        Image.fromarray(photo_of(WIDTH, HEIGHT)).save(tmp_path / name)
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[:, 60:] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    photos = {name: tmp_path / name for name in lenses}
    return {"sfm": reconstruction(tmp_path / "sfm", lenses), "photos": Artifact("photos", tmp_path, "", {}, {})}, {
        "project_photos": photos,
        "masks": {"a b ü.png": tmp_path / "mask.png"},
    }


def test_the_stage_leaves_pictures_masks_scene_and_mapping(shot, tmp_path):
    inputs, context = shot
    artifact, _ = run_stage(UndistortStage(), inputs, tmp_path, **context)
    scene, pictures, masks = load_views(artifact)
    assert [view.name for view in scene.views] == ["a b ü.png", "flat.png"]
    assert list(masks) == ["a b ü.png"]
    lenses, poses = model_cameras(read_model(inputs["sfm"].path / "sparse"))
    mappings = load_mappings(artifact)
    for view in scene.views:
        image = cv2.imread(str(pictures[view.name]))
        assert image.shape == (view.camera.height, view.camera.width, 3)
        assert isinstance(view.cam_from_world, Rigid3)
        np.testing.assert_allclose(view.cam_from_world.matrix, poses[view.name].matrix)
        assert mappings[view.name] == PixelMapping(lenses[view.name], view.camera)
    used = cv2.imread(str(masks["a b ü.png"]), cv2.IMREAD_GRAYSCALE)
    assert set(np.unique(used)) == {0, 255}
    assert 0.4 < (used > 0).mean() < 0.6
    np.testing.assert_allclose(scene.sparse.points, [[0.1, 0.0, 2.0]])
    assert scene.sparse.view_index.tolist() == [0, 1]


def test_blank_pixels_are_masked_without_a_mask_of_the_user(shot, tmp_path):
    inputs, context = shot
    artifact, _ = run_stage(UndistortStage(), inputs, tmp_path, {"blank": 1.0}, **{**context, "masks": {}})
    scene, pictures, masks = load_views(artifact)
    assert list(masks) == ["a b ü.png"]
    used = cv2.imread(str(masks["a b ü.png"]), cv2.IMREAD_GRAYSCALE) > 0
    picture = cv2.imread(str(pictures["a b ü.png"]))
    assert (picture[~used] == 0).all()
    np.testing.assert_array_equal(used, undistort_mask(None, LENSES["barrel"], scene.views[0].camera))


def test_a_second_run_undistorts_nothing_and_a_new_mask_only_what_it_touches(shot, tmp_path):
    inputs, context = shot
    run_stage(UndistortStage(), inputs, tmp_path, **context)
    _, again = run_stage(UndistortStage(), inputs, tmp_path, **context)
    assert again.computed == []
    _, more = run_stage(UndistortStage(), inputs, tmp_path, **{**context, "masks": {**context["masks"], "flat.png": tmp_path / "mask.png"}})
    assert "mask__flat.png" in more.computed
    assert "a b ü.png" not in more.computed


def test_a_photo_that_changed_its_size_is_named(shot, tmp_path):
    inputs, context = shot
    Image.fromarray(photo_of(WIDTH, HEIGHT + 10)).save(context["project_photos"]["flat.png"])
    with pytest.raises(InputError, match=r"flat\.png"):
        run_stage(UndistortStage(), inputs, tmp_path, **context)


def test_cancelling_stops_between_photos(shot, tmp_path):
    inputs, context = shot
    stop = threading.Event()
    stop.set()
    with pytest.raises(Cancelled):
        run_stage(UndistortStage(), inputs, tmp_path, cancel=stop, **context)


def test_a_missing_picture_or_a_damaged_mapping_is_a_project_error(shot, tmp_path):
    inputs, context = shot
    artifact, _ = run_stage(UndistortStage(), inputs, tmp_path, **context)
    with pytest.raises(ProjectError, match=r"flat\.png"):
        load_views(replace(artifact, items={"a b ü.png": artifact.items["a b ü.png"]}))
    (artifact.path / "mapping.json").write_text('{"views": {"x": {"original": []}}}')
    with pytest.raises(ProjectError, match="damaged"):
        load_mappings(artifact)
