"""Cameras of a rendered scene: found, given, in a frame of their own or of GPS, and the reasons of photos left out."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from recon.errors import InputError, ReconstructionError
from recon.io.colmap import model_cameras, read_model
from recon.metrics.align import umeyama
from recon.metrics.poses import camera_center_rmse
from recon.sfm import SfmStage
from recon.synth.photographs import write_cameras
from tests.recon.sfm.conftest import MAIN, OTHER, prepare
from tests.recon.sfm.tiny_scene import CAMERA
from tests.recon.stage_harness import run_stage

METRES = 20.0


def place(prepared, folder, values=None, **context):
    context = {"project_photos": prepared.photos, "deterministic": True, **context}
    return run_stage(SfmStage(), prepared.inputs, folder, values, **context)


def placed(artifact):
    return model_cameras(read_model(artifact.path / "sparse"))


def registration(artifact):
    return json.loads((artifact.path / "registration.json").read_text())


def centers(poses, names=MAIN):
    return np.array([poses[name].center for name in names])


def true_poses(prepared, names=MAIN):
    return {name: prepared.truth[name][1] for name in names}


def largest_turn(estimated, truth):
    """Degrees between relative rotations to the first camera."""
    first = MAIN[0]
    angles = []
    for name in estimated:
        a = estimated[name].rotation @ estimated[first].rotation.T
        b = truth[name].rotation @ truth[first].rotation.T
        angles.append(np.degrees(np.arccos(np.clip((np.trace(a @ b.T) - 1) / 2, -1, 1))))
    return max(angles)


@pytest.mark.parametrize("mapper", ["incremental", "global"])
def test_cameras_are_where_the_photos_were_taken(prepared, tmp_path, mapper):
    artifact, context = place(prepared, tmp_path, {"mapper": mapper})
    cameras, poses = placed(artifact)
    assert set(poses) == set(MAIN)
    assert camera_center_rmse(poses, true_poses(prepared)) < 0.02
    assert largest_turn(poses, true_poses(prepared)) < 0.3
    assert abs(cameras[MAIN[0]].focal / CAMERA.fx - 1) < 0.02
    assert context.notes["reprojection_error_px"] < 0.6
    assert context.notes["frame"] == "upright"
    photos = registration(artifact)["photos"]
    assert all(photo["registered"] and photo["points"] > 20 and photo["error_px"] < 1 for photo in photos.values())
    if mapper == "incremental":
        assert any(step.total == 8 and "photos placed" in step.detail for step in context.steps)


@pytest.mark.parametrize(("names", "mapper"), [(MAIN[:2], "incremental"), (MAIN[:2], "global"), ([*MAIN[:2], "blank.png"], "incremental")])
def test_two_photos_are_enough(pictures, tmp_path, names, mapper):
    prepared = prepare(pictures, names, tmp_path)
    artifact, context = place(prepared, tmp_path, {"mapper": mapper})
    poses = placed(artifact)[1]
    assert set(poses) == set(MAIN[:2])
    assert largest_turn(poses, true_poses(prepared)) < 1
    assert context.notes["points"] > 50


def test_two_photos_with_given_poses_have_points(pictures, tmp_path):
    prepared = prepare(pictures, MAIN[:2], tmp_path)
    _, context = place(prepared, tmp_path, given_cameras=given(prepared, tmp_path, MAIN[:2]))
    assert context.notes["points"] > 50


def test_without_gps_the_model_is_upright_and_of_sensible_size(prepared, tmp_path):
    artifact, _ = place(prepared, tmp_path)
    _, poses = placed(artifact)
    found = umeyama(centers(true_poses(prepared)), centers(poses))
    assert np.degrees(np.arccos(found.rotation[2, 2])) < 5
    model = read_model(artifact.path / "sparse")
    middle = np.median([point.xyz for point in model.points3D.values()], axis=0)
    assert np.abs(middle).max() < 1e-6
    assert 0.8 < np.median(np.linalg.norm(centers(poses) - middle, axis=1)) < 1.2


def test_gps_gives_metres_and_north(prepared, tmp_path):
    def fix(name):
        east, north, up = prepared.truth[name][1].center * METRES
        degree = np.radians(1) * 6_371_000
        return {"gps": {"lat": 48 + north / degree, "lon": 11 + east / degree / np.cos(np.radians(48)), "alt": 500 + up}}

    artifact, context = place(prepared.with_facts(tmp_path / "gps", fix), tmp_path)
    assert context.notes["frame"].startswith("gps")
    found = umeyama(centers(placed(artifact)[1]), centers(true_poses(prepared)) * METRES)
    assert found.scale == pytest.approx(1, abs=0.02)
    assert np.degrees(np.arccos((np.trace(found.rotation) - 1) / 2)) < 1


def test_gps_that_hardly_moves_is_not_trusted(prepared, tmp_path):
    _, context = place(prepared.with_facts(tmp_path / "gps", lambda name: {"gps": {"lat": 48, "lon": 11, "alt": 1}}), tmp_path)
    assert context.notes["frame"] == "upright"


def given(prepared, tmp_path, names=MAIN):
    path = tmp_path / "cameras.json"
    write_cameras({name: prepared.truth[name] for name in names}, path)
    return path


def test_given_poses_stay_as_they_are(prepared, tmp_path):
    artifact, context = place(prepared, tmp_path, given_cameras=given(prepared, tmp_path))
    cameras, poses = placed(artifact)
    assert context.notes["frame"] == "given"
    for name, (camera, pose) in prepared.truth.items():
        np.testing.assert_allclose(poses[name].matrix, pose.matrix, atol=1e-9)
        assert cameras[name].pinhole() == camera
    assert context.notes["points"] > 100
    assert context.notes["reprojection_error_px"] < 1
    assert registration(artifact)["note"] == "8 of 8 photos placed. The poses of 8 were given."


def test_photos_without_a_given_pose_are_placed_among_the_others(prepared, tmp_path):
    artifact, _ = place(prepared, tmp_path, given_cameras=given(prepared, tmp_path, MAIN[:6]))
    _, poses = placed(artifact)
    for name in MAIN[:6]:
        np.testing.assert_allclose(poses[name].matrix, prepared.truth[name][1].matrix, atol=1e-9)
    for name in MAIN[6:]:
        assert np.linalg.norm(poses[name].center - prepared.truth[name][1].center) < 0.05


def test_given_poses_that_contradict_the_photos_are_named(prepared, tmp_path):
    swapped = dict(zip(MAIN, [MAIN[1], MAIN[0], *MAIN[2:]], strict=True))
    write_cameras({name: prepared.truth[other] for name, other in swapped.items()}, tmp_path / "cameras.json")
    artifact, _ = place(prepared, tmp_path, given_cameras=tmp_path / "cameras.json")
    assert f"poses of 2 contradict what the photos show ({MAIN[0]}, {MAIN[1]})" in registration(artifact)["note"]


def test_a_single_given_pose_is_not_used_but_its_intrinsics_are(prepared, tmp_path, caplog):
    artifact, context = place(prepared, tmp_path, given_cameras=given(prepared, tmp_path, MAIN[:1]))
    assert context.notes["frame"] == "upright"
    assert len(placed(artifact)[1]) == 8
    assert placed(artifact)[0][MAIN[0]].pinhole() == CAMERA
    assert "only one photo" in caplog.text


def test_given_poses_that_are_a_little_off_may_be_refined(prepared, tmp_path):
    rng = np.random.default_rng(0)
    off = {
        name: (camera, type(pose)(pose.rotation, pose.translation + rng.normal(0, 0.02, 3)))
        for name, (camera, pose) in prepared.truth.items()
    }
    write_cameras(off, tmp_path / "cameras.json")
    before = camera_center_rmse({name: pose for name, (_, pose) in off.items()}, true_poses(prepared))
    artifact, _ = place(prepared, tmp_path, {"refine_given_poses": True}, given_cameras=tmp_path / "cameras.json")
    assert camera_center_rmse(placed(artifact)[1], true_poses(prepared)) < before / 3


def test_given_intrinsics_stay_and_poses_are_found(prepared, tmp_path):
    artifact, context = place(prepared, tmp_path, given_cameras=given(prepared, tmp_path), cameras_use="intrinsics")
    cameras, poses = placed(artifact)
    assert cameras[MAIN[0]].pinhole() == CAMERA
    assert context.notes["frame"] == "upright"
    assert camera_center_rmse(poses, true_poses(prepared)) < 0.01


def test_cameras_of_other_photos_are_an_input_error(prepared, tmp_path):
    write_cameras({f"x{name}": camera for name, camera in prepared.truth.items()}, tmp_path / "cameras.json")
    with pytest.raises(InputError, match="None of the photos"):
        place(prepared, tmp_path, given_cameras=tmp_path / "cameras.json")


def test_each_photo_left_out_has_its_reason_and_the_largest_group_is_kept(pictures, tmp_path):
    names = [*MAIN[:5], *OTHER, "blank.png", "stranger.jpg"]
    artifact, _ = place(prepare(pictures, names, tmp_path), tmp_path)
    report = registration(artifact)
    photos = report["photos"]
    assert [name for name, photo in photos.items() if photo["registered"]] == MAIN[:5]
    assert set(placed(artifact)[1]) == set(MAIN[:5])
    assert report["models"] == [5, 3]
    assert "2 groups" in report["note"]
    assert "3 photos" in report["note"]
    assert photos["blank.png"]["reason"].startswith("Too few features")
    assert "smaller group of 3" in photos["z1.jpg"]["reason"]
    stranger = photos["stranger.jpg"]
    assert stranger["closest"] in names
    assert f"came closest to {stranger['closest']}" in stranger["reason"]
    assert stranger["inliers"] == 0


def test_photos_of_two_sizes_are_placed_together_with_a_camera_each(pictures, tmp_path):
    small = [f"small {name}" for name in MAIN[4:6]]
    for name, new in zip(MAIN[4:6], small, strict=True):
        Image.open(pictures[0] / name).resize((240, 180), Image.Resampling.LANCZOS).save(tmp_path / new, quality=95)
    ready = prepare(pictures, [*MAIN[:4]], tmp_path, more={name: tmp_path / name for name in small})
    artifact, _ = place(ready, tmp_path)
    cameras, poses = placed(artifact)
    assert set(poses) == {*MAIN[:4], *small}
    assert {camera.width for camera in cameras.values()} == {320, 240}
    assert abs(cameras[small[0]].focal / (CAMERA.fx * 0.75) - 1) < 0.05
    truth = {**true_poses(prepared=ready, names=MAIN[:4]), **{f"small {name}": pictures[1][name][1] for name in MAIN[4:6]}}
    assert camera_center_rmse(poses, truth) < 0.03


def test_each_photo_may_have_its_own_intrinsics(prepared, tmp_path):
    artifact, _ = place(prepared, tmp_path, {"shared_intrinsics": False, "camera_model": "PINHOLE"})
    cameras, poses = placed(artifact)
    assert len({camera.params for camera in cameras.values()}) == 8
    assert camera_center_rmse(poses, true_poses(prepared)) < 0.03


def test_photos_that_share_nothing_are_named_as_such(pictures, tmp_path):
    ready = prepare(pictures, [MAIN[0], OTHER[0], "stranger.jpg"], tmp_path)
    with pytest.raises(ReconstructionError, match="None of the 3 pairs"):
        place(ready, tmp_path)


def test_the_same_bytes_when_deterministic(prepared, tmp_path):
    first, _ = place(prepared, tmp_path / "a")
    second, _ = place(prepared, tmp_path / "b")
    assert first.digest == second.digest
