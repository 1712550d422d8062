"""Training data: true cameras and depth, splits that stay apart, the same seed the same bytes."""

import math

import cv2
import numpy as np
import pytest

from recon.errors import InputError, ResourceError
from recon.learning.view_sets import ViewSets, decode_set
from recon.synth.training.__main__ import main
from recon.synth.training.make import SetConfig, found, make_set
from recon.synth.training.materials import plain
from recon.synth.training.photography import metered, photograph, random_style
from recon.synth.training.pool import HELD_BACK, NEVER, Pool, mesh_files, split_of
from recon.synth.training.ranges import parallax, searched_range
from recon.synth.training.run import make_data, planned
from recon.synth.training.shapes import MAKERS
from tests.bench.support.renders import MESHES
from tests.data_paths import shared

SMALL = SetConfig(width=128, height=96, supersampling=2)
POOL = Pool(None, None, "train")
SEEDS = [(3, 0, n) for n in range(4)]


@pytest.fixture(scope="module")
def made():
    return {seed: make_set(POOL, seed, SMALL) for seed in SEEDS}


def test_depth_that_is_read_is_the_depth_that_was_rendered_to_a_fiftieth_of_a_pixel_of_parallax(made):
    for seed in SEEDS[:2]:
        read = decode_set(made[seed])
        shown = found(POOL, np.random.default_rng(seed), SMALL)
        views, depths = shown.views, shown.depths
        scale = np.linalg.norm(read.poses[0][:, 3]) / np.linalg.norm(views[0][1].translation)
        for i, (camera, pose) in enumerate(views):
            np.testing.assert_allclose(read.matrices[i], camera.matrix, rtol=1e-6)
            np.testing.assert_allclose(read.poses[i], np.column_stack([pose.rotation, pose.translation * scale]), rtol=1e-5, atol=1e-6)
            known = depths[i] > 0
            np.testing.assert_array_equal(read.inverse_depth[i] > 0, known)
            error = np.abs(read.inverse_depth[i][known] * scale - 1 / depths[i][known]) * parallax(views, i)
            assert error.max() < 0.021


def into(views, reference, source):
    """Where the pixels of the reference are in the source `[H, W]` twice, and which are seen there."""
    height, width = views.inverse_depth.shape[1:]
    y, x = np.mgrid[:height, :width]
    inverse = views.inverse_depth[reference].astype(float)
    depth = 1 / np.where(inverse > 0, inverse, 1)
    rays = np.linalg.inv(views.matrices[reference].astype(float)) @ np.stack([x.ravel(), y.ravel(), np.ones(x.size)])
    first, second = (views.poses[i].astype(float) for i in (reference, source))
    world = first[:, :3].T @ (rays * depth.ravel() - first[:, 3:])
    there = views.matrices[source].astype(float) @ (second[:, :3] @ world + second[:, 3:])
    u, v, z = (there[0] / there[2]).reshape(x.shape), (there[1] / there[2]).reshape(x.shape), there[2].reshape(x.shape)
    found = cv2.remap(views.inverse_depth[source], u.astype(np.float32), v.astype(np.float32), cv2.INTER_NEAREST, borderValue=0)
    return u, v, (inverse > 0) & (z > 0) & (np.abs(found * z - 1) < 0.01)


def agreement(views, reference, source, offset=0.0):
    """Correlation of fine detail after the warp, and the shift in x and y that would improve it; None where little is shared."""
    u, v, seen = into(views, reference, source)
    inner = cv2.erode(seen.astype(np.uint8), np.ones((5, 5))) > 0
    if inner.sum() < 800:
        return None
    grey = [cv2.GaussianBlur(views.images[i].astype(np.float32).mean(2), (0, 0), 0.7) for i in (reference, source)]
    detail = (grey[0] - cv2.blur(grey[0], (9, 9)))[inner]

    def score(dx, dy):
        moved = cv2.remap(grey[1], (u + dx + offset).astype(np.float32), (v + dy + offset).astype(np.float32), cv2.INTER_LINEAR)
        return float(np.corrcoef(detail, (moved - cv2.blur(moved, (9, 9)))[inner])[0, 1])

    middle = score(0, 0)
    shifts = []
    for dx, dy in ((1, 0), (0, 1)):
        before, after = score(-dx, -dy), score(dx, dy)
        shifts.append(0.5 * (before - after) / min(before - 2 * middle + after, -1e-6))
    return middle, *shifts


def test_one_picture_warped_by_depth_and_cameras_lies_on_the_other_without_a_shift(made):
    measured_at = {offset: [] for offset in (0.0, 0.5)}
    for files in made.values():
        views = decode_set(files)
        for pair in ((0, 1), (2, 3), (4, 5)):
            for offset, measured in measured_at.items():
                measured.append(agreement(views, *pair, offset))
    good = [pair for pair in measured_at[0.0] if pair is not None]
    assert len(good) >= 5
    correlation, dx, dy = np.median(good, axis=0)
    assert correlation > 0.7
    assert abs(dx) < 0.08
    assert abs(dy) < 0.08
    shifted = np.median([pair for pair in measured_at[0.5] if pair is not None], axis=0)
    assert shifted[1] < -0.2  # half a pixel, as of another pixel convention, would be noticed
    assert shifted[2] < -0.2


def test_ranges_hold_most_of_what_several_views_see_and_not_one_stray_point():
    rng = np.random.default_rng(0)
    clean, stray = rng.uniform(2, 4, 2000), [0.01, 1e6]
    for _ in range(20):
        near, far = searched_range(clean, rng)
        assert 1.4 < near < 2.0
        assert 4.0 < far < 8.0
    found = np.array([searched_range(np.concatenate([clean, stray]), rng) for _ in range(40)])
    assert (found[:, 0] > 1.4).mean() > 0.8
    assert (found[:, 1] < 8.1).mean() > 0.8
    assert len(np.unique(found[:, 0])) == 40


def test_every_set_has_a_range_objects_and_views_that_differ(made):
    for files in made.values():
        views = decode_set(files)
        known = views.inverse_depth > 0
        for i in range(6):
            searched = known[i] & (views.inverse_depth[i] <= 1 / views.near[i]) & (views.inverse_depth[i] >= 1 / views.far[i])
            assert searched[views.object_mask[i] & known[i]].mean() > 0.5
        assert views.object_mask.mean() > 0.02
        assert known.reshape(6, -1).any(axis=1).all()
        axes = views.poses[:, 2, :3].astype(float)
        turned = np.degrees(np.arccos(np.clip((axes[:-1] * axes[1:]).sum(1), -1, 1)))
        assert turned.min() > 0.5
        assert turned.max() < 70


def test_the_same_seed_gives_the_same_bytes_and_another_number_another_set(made):
    assert make_set(POOL, SEEDS[1], SMALL) == made[SEEDS[1]]
    assert made[SEEDS[0]]["0.jpg"] != made[SEEDS[1]]["0.jpg"]


def test_the_meshes_of_the_benchmark_are_in_no_split(tmp_path):
    assert set(MESHES) == NEVER
    for name in (*MESHES, *HELD_BACK, "green_cup", "mine"):
        (tmp_path / f"{name}.glb").touch()
    found = {split: {path.stem for path in Pool(tmp_path, None, split).mesh_files} for split in ("train", "validation")}
    assert found == {"train": {"green_cup", "mine"}, "validation": set(HELD_BACK)}
    assert all(split_of(name) is None for name in MESHES)


def test_of_the_shared_meshes_every_split_gets_some_and_none_twice():
    folder = shared("meshes_textured")
    train, validation = ({path.stem for path in mesh_files(folder, split)} for split in ("train", "validation"))
    assert not train & validation
    assert not (train | validation) & set(MESHES)
    assert validation == HELD_BACK
    assert len(train) == 20


def test_making_again_keeps_what_is_there_and_makes_only_what_is_missing(tmp_path):
    told = []

    def make(sets):
        told.clear()
        config = SetConfig(64, 48, 3, supersampling=1)
        made = {"sets": sets, "validation": 1, "seed": 8, "per_shard": 1, "config": config}
        make_data(
            tmp_path, meshes=None, photos=None, **made, on_shard=lambda shard, seconds: told.append((shard.path.name, seconds is None))
        )

    make(1)
    assert told == [("validation_000.zip", False), ("train_000.zip", False)]
    before = (tmp_path / "train_000.zip").read_bytes()
    assert before != (tmp_path / "validation_000.zip").read_bytes()
    (tmp_path / "train_000.zip").unlink()
    (tmp_path / "validation_000.zip").write_bytes(b"left alone")
    make(2)
    assert told == [("validation_000.zip", True), ("train_000.zip", False), ("train_001.zip", False)]
    assert (tmp_path / "train_000.zip").read_bytes() == before
    assert len(ViewSets(tmp_path, "train")) == 2


def test_plans_cover_every_set_once(tmp_path):
    shards = planned(tmp_path, 70, 5, 32)
    assert [(s.path.name, s.first, s.count) for s in shards] == [
        ("validation_000.zip", 0, 5),
        ("train_000.zip", 0, 32),
        ("train_001.zip", 32, 32),
        ("train_002.zip", 64, 6),
    ]


def test_the_command_names_a_folder_without_meshes(tmp_path, capsys):
    assert main(["--meshes", str(tmp_path), "-o", str(tmp_path / "out")]) == InputError.exit_code
    assert str(tmp_path) in capsys.readouterr().err


@pytest.mark.parametrize("options", [["--sets", "-1"], ["--views", "2"], ["--width", "8"], ["--per-shard", "0"], ["--seed", "x"]])
def test_impossible_sizes_are_refused_before_anything_is_made(tmp_path, options, capsys):
    with pytest.raises(SystemExit) as end:
        main(["-o", str(tmp_path / "out"), *options])
    assert end.value.code == 2
    assert f"argument {options[0]}" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_made_or_has_no_photographs_is_named(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert main(["-o", str(tmp_path / "file"), "--sets", "0", "--validation", "0"]) == ResourceError.exit_code
    assert str(tmp_path / "file") in capsys.readouterr().err
    assert main(["-o", str(tmp_path / "out"), "--photos", str(tmp_path / "none")]) == InputError.exit_code
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", MAKERS)
def test_shapes_are_whole_and_of_the_size_asked_for(name):
    for seed in range(4):
        shape = MAKERS[name][0](np.random.default_rng(seed), plain(np.random.default_rng(seed), 16), 2.0)
        assert np.isfinite(shape.vertices).all()
        assert np.isfinite(shape.uv).all()
        assert np.isfinite(shape.normals).all()
        assert 0.4 < shape.diagonal < 4.5
        assert (shape.face_areas() > 0).mean() > 0.95
        lengths = np.linalg.norm(shape.normals, axis=-1)
        assert (np.abs(lengths - 1) < 1e-3).mean() > 0.85  # the ends of bars have none and are shaded flat


def test_photographs_differ_in_exposure_noise_and_sharpness_but_not_in_what_they_show():
    y, x = np.mgrid[:60, :80]
    light = (0.2 + 0.15 * np.sin(x / 3.0) * np.cos(y / 4.0))[..., None].repeat(3, axis=2).astype(np.float32)
    means, sizes = [], []
    for seed in range(24):
        rng = np.random.default_rng(seed)
        style = random_style(rng)
        assert 75 <= style.quality <= 97
        gain = metered(light, rng)
        content = photograph(light, gain, style, rng)
        picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_GRAYSCALE).astype(float)
        assert picture.shape == (60, 80)
        assert np.corrcoef(picture.ravel(), light[..., 0].ravel())[0, 1] > 0.7
        means.append(picture.mean())
        sizes.append(len(content))
    assert np.ptp(means) > 40
    assert max(sizes) > 1.5 * min(sizes)


def test_plain_surfaces_show_almost_nothing():
    deviations = [float(plain(np.random.default_rng(seed), 64).std(axis=(0, 1)).mean()) for seed in range(40)]
    assert np.median(deviations) < 0.03
    assert math.isfinite(max(deviations))
    assert len({round(value, 4) for value in deviations}) > 20
