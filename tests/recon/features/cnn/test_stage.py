"""The shipped features in the stages, on photos of the demo."""

from pathlib import Path

import cv2
import numpy as np
import pytest

import resources
from recon.features.cnn.extractor import NAME
from recon.features.matches_npz import read_matches
from recon.features.npz import read_features
from recon.features.stage import FeaturesStage, MatchesStage
from recon.io.given_cameras import read_cameras
from recon.learning.shelf import shipped
from recon.learning.weights import load_weights
from recon.photos.stage import PhotosStage
from tests.recon.stage_harness import run_stage

SIZE = (400, 300)


@pytest.fixture(scope="module")
def matched(tmp_path_factory):
    """Two neighbouring photos of the demo, and the second one turned to the left: features and matches."""
    folder = tmp_path_factory.mktemp("run")
    one, two = sorted(resources.path("demo/photos").glob("*.jpg"))[:2]
    pictures = [cv2.resize(cv2.imread(str(p)), SIZE, interpolation=cv2.INTER_AREA) for p in (one, two)]
    photos = {}
    for name, picture in (("a.png", pictures[0]), ("b.png", pictures[1]), ("turned.png", np.rot90(pictures[1]))):
        cv2.imwrite(str(folder / name), picture)
        photos[name] = folder / name
    found, _ = run_stage(PhotosStage(), {}, folder, {"blur_always": 12.0}, project_photos=photos)
    features, context = run_stage(FeaturesStage(), {"photos": found}, folder, {"extractor": "cnn"}, project_photos=photos)
    matches, _ = run_stage(MatchesStage(), {"photos": found, "features": features}, folder, {"second_look": False}, project_photos=photos)
    cameras = {Path(given.name).stem: given for given in read_cameras(resources.path("demo/cameras.json"))}
    return features, matches, [cameras[p.stem] for p in (one, two)], context


def test_verified_matches_obey_the_true_cameras(matched):
    features, matches, (a, b), _ = matched
    found = read_matches(matches.items["a.png__b.png"]).inliers
    first, second = (read_features(features.items[name]).keypoints[:, :2].astype(float) for name in ("a.png", "b.png"))
    ka, kb = (given.camera.scaled(*SIZE).pinhole().matrix for given in (a, b))
    b_from_a = b.pose @ a.pose.inverse()
    x, y, z = b_from_a.translation
    essential = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]]) @ b_from_a.rotation
    lines = np.c_[first[found[:, 0]], np.ones(len(found))] @ (np.linalg.inv(kb).T @ essential @ np.linalg.inv(ka)).T
    off = np.abs((lines * np.c_[second[found[:, 1]], np.ones(len(found))]).sum(axis=1)) / np.linalg.norm(lines[:, :2], axis=1)
    assert len(found) > 100
    assert np.median(off) < 0.5
    assert (off < 4).mean() > 0.9


def test_a_turned_photo_is_matched_as_well(matched):
    features, matches, _, _ = matched
    upright, turned = (len(read_matches(matches.items[f"a.png__{name}.png"]).inliers) for name in ("b", "turned"))
    assert turned > 0.7 * upright
    same = read_matches(matches.items["b.png__turned.png"]).inliers
    b, t = (read_features(features.items[f"{name}.png"]).keypoints[:, :2] for name in ("b", "turned"))
    expected = np.stack([b[same[:, 0], 1], SIZE[0] - 1 - b[same[:, 0], 0]], 1)
    assert len(same) > 300
    assert np.median(np.abs(expected - t[same[:, 1]])) < 0.1


def test_features_say_that_their_descriptors_turn(matched):
    features, _, _, context = matched
    found = read_features(features.items["a.png"])
    assert (found.turns, found.descriptors.dtype, found.descriptors.shape[1]) == (4, np.float32, 64)
    assert context.notes["keypoints"]["a.png"] == len(found) > 300


def test_shipped_weights_are_small_and_their_card_says_what_they_were_trained_on():
    path = shipped(NAME)
    _, card = load_weights(path)
    assert path.stat().st_size < 2_000_000
    assert card.task == "features"
    assert card.data["photographs"] > 100
    assert "terms" in card.data
    assert card.command.startswith("photolith train features")
