"""The stages on four small photos with known cameras: true matches, what is computed again, and what can go wrong."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

import resources
from recon.errors import Cancelled, InputError, ReconstructionError
from recon.features.matches_npz import read_matches
from recon.features.npz import read_features
from recon.features.second_look import views_item
from recon.features.stage import FeaturesStage, MatchesStage
from recon.io.given_cameras import read_cameras
from recon.photos.stage import PhotosStage
from recon.pipeline.stage import Artifact
from tests.recon.stage_harness import HarnessContext, run_stage

SIZE = (400, 300)
Photos = dict[str, Path]


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Photos:
    """Four neighbouring photos of the demo at half size."""
    folder = tmp_path_factory.mktemp("photos")
    for path in sorted(resources.path("demo/photos").glob("*.jpg"))[:4]:
        with Image.open(path) as image:
            image.resize(SIZE, Image.Resampling.BOX).save(folder / f"{path.stem}.png", exif=image.getexif())
    return {path.name: path for path in sorted(folder.iterdir())}


def prepare(photos: Mapping[str, Path], folder: Path, **context: Any) -> dict[str, Artifact]:
    """Artifacts of `photos` and `features`."""
    found, _ = run_stage(PhotosStage(), {}, folder, {"blur_always": 12.0}, project_photos=photos, **context)
    features, _ = run_stage(FeaturesStage(), {"photos": found}, folder, project_photos=photos, **context)
    return {"photos": found, "features": features}


@pytest.fixture(scope="module")
def done(photos: Photos, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[dict[str, Artifact], Artifact, HarnessContext]]:
    """Artifacts before, the artifact of `matches`, and its context."""
    folder = tmp_path_factory.mktemp("run")
    inputs = prepare(photos, folder)
    matches, context = run_stage(MatchesStage(), inputs, folder, {"second_look": False}, project_photos=photos)
    return inputs, matches, context


def true_cameras() -> dict[str, Any]:
    return {Path(given.name).stem: given for given in read_cameras(resources.path("demo/cameras.json"))}


def epipolar_distance(name_a: str, name_b: str, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Distance in pixels of each point of the second photo from the true epipolar line of its partner."""
    cameras = true_cameras()
    a, b = cameras[Path(name_a).stem], cameras[Path(name_b).stem]
    ka, kb = a.camera.scaled(*SIZE).pinhole().matrix, b.camera.scaled(*SIZE).pinhole().matrix
    b_from_a = b.pose @ a.pose.inverse()
    x, y, z = b_from_a.translation
    essential = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]]) @ b_from_a.rotation
    lines = np.c_[first, np.ones(len(first))] @ (np.linalg.inv(kb).T @ essential @ np.linalg.inv(ka)).T
    return np.abs((lines * np.c_[second, np.ones(len(second))]).sum(axis=1)) / np.linalg.norm(lines[:, :2], axis=1)


def test_verified_matches_obey_the_true_cameras(done: tuple[dict[str, Artifact], Artifact, HarnessContext]) -> None:
    inputs, matches, context = done
    keypoints = {name: read_features(path).keypoints for name, path in inputs["features"].items.items()}
    pairs = json.loads((matches.path / "pairs.json").read_text())
    assert [(row["a"], row["b"]) for row in pairs] == [(a, b) for i, a in enumerate(keypoints) for b in list(keypoints)[i + 1 :]]
    assert list(matches.items) == [f"{row['a']}__{row['b']}" for row in pairs]
    neighbours = 0
    for row in pairs:
        found = read_matches(matches.items[f"{row['a']}__{row['b']}"])
        assert (row["raw"], row["inliers"], row["kind"]) == (len(found.raw), len(found.inliers), found.kind)
        assert {tuple(pair) for pair in found.inliers.tolist()} <= {tuple(pair) for pair in found.raw.tolist()}
        if row["inliers"] > 60:
            first, second = keypoints[row["a"]][found.inliers[:, 0], :2], keypoints[row["b"]][found.inliers[:, 1], :2]
            off = epipolar_distance(row["a"], row["b"], first, second)
            assert np.median(off) < 0.6
            assert (off < 4).mean() > 0.9
            neighbours += 1
    assert neighbours >= 2
    assert context.notes["pairs compared"] == 6
    assert context.notes["pairs verified"] >= neighbours


def test_features_are_those_of_the_photo_in_full_size(done: tuple[dict[str, Artifact], Artifact, HarnessContext]) -> None:
    for path in done[0]["features"].items.values():
        features = read_features(path)
        assert features.size == SIZE
        assert len(features) > 300


def test_a_second_run_computes_nothing_and_a_changed_photo_only_its_own(photos: Photos, tmp_path: Path) -> None:
    def everything(current: Photos) -> tuple[list[str], list[str]]:
        found, _ = run_stage(PhotosStage(), {}, tmp_path, project_photos=current)
        features, one = run_stage(FeaturesStage(), {"photos": found}, tmp_path, project_photos=current)
        _, two = run_stage(MatchesStage(), {"photos": found, "features": features}, tmp_path, project_photos=current)
        return one.computed, two.computed

    first, second, third = list(photos)[:3]
    few = {name: photos[name] for name in (first, second, third)}
    everything(few)
    assert everything(few) == ([], [])
    changed = tmp_path / "changed.png"
    with Image.open(photos[second]) as image:
        image.point(lambda value: value // 2).save(changed, exif=image.getexif())
    assert everything({**few, second: changed}) == ([second], [f"{first}__{second}", f"{second}__{third}"])


def test_other_pairs_do_not_compute_known_ones_again(photos: Photos, tmp_path: Path) -> None:
    inputs = prepare(photos, tmp_path)
    run_stage(MatchesStage(), inputs, tmp_path, {"pairs": "sequential", "overlap": 1, "neighbours": 1}, project_photos=photos)
    _, again = run_stage(MatchesStage(), inputs, tmp_path, {"pairs": "exhaustive"}, project_photos=photos)
    names = list(photos)
    assert not {f"{a}__{b}" for a, b in pairwise(names)} & set(again.computed)


def test_keypoints_stay_inside_the_mask(photos: Photos, tmp_path: Path) -> None:
    name = next(iter(photos))
    left = np.zeros((SIZE[1] // 2, SIZE[0] // 2), np.uint8)
    left[:, : SIZE[0] // 4] = 255
    Image.fromarray(left).save(tmp_path / "mask.png")
    inputs = prepare(photos, tmp_path, masks={name: tmp_path / "mask.png"})
    counts = {item: read_features(path) for item, path in inputs["features"].items.items()}
    assert counts[name].keypoints[:, 0].max() < SIZE[0] / 2
    assert len(counts[name]) > 50
    assert all(features.keypoints[:, 0].max() > SIZE[0] / 2 for item, features in counts.items() if item != name)


def test_photos_that_cannot_be_used_are_left_out(photos: Photos, tmp_path: Path) -> None:
    (tmp_path / "text.jpg").write_text("no picture")
    inputs = prepare({**photos, "text.jpg": tmp_path / "text.jpg"}, tmp_path)
    assert list(inputs["features"].items) == list(photos)


def test_a_photo_without_features_is_a_pair_with_nobody(photos: Photos, tmp_path: Path) -> None:
    Image.new("RGB", SIZE, (90, 90, 90)).save(tmp_path / "wall.png")
    two = {name: photos[name] for name in list(photos)[:2]}
    three = {**two, "wall.png": tmp_path / "wall.png"}
    _, context = run_stage(MatchesStage(), prepare(three, tmp_path), tmp_path, project_photos=three)
    assert context.notes["pairs compared"] == 3
    assert context.notes["pairs verified"] == 1


def test_given_cameras_are_used_and_new_ones_compare_again(photos: Photos, tmp_path: Path) -> None:
    two = {name: photos[name] for name in list(photos)[:2]}
    inputs = prepare(two, tmp_path)
    (name,) = {f"{a}__{b}" for a, b in [tuple(two)]}

    def compared(cameras: Path | None) -> tuple[str, list[str]]:
        artifact, context = run_stage(MatchesStage(), inputs, tmp_path, project_photos=two, given_cameras=cameras)
        return read_matches(artifact.items[name]).kind, context.computed

    def given(focal: float) -> Path:
        k = [[focal, 0, 199.5], [0, focal, 149.5], [0, 0, 1]]
        path = tmp_path / f"{focal}.json"
        path.write_text(json.dumps({"cameras": [{"width": SIZE[0], "height": SIZE[1], "K": k}]}))
        return path

    true = true_cameras()[Path(next(iter(two))).stem].camera.scaled(*SIZE).focal
    assert compared(given(true)) == ("calibrated", [name])
    assert compared(given(true)) == ("calibrated", [])
    assert compared(given(true + 1))[1] == [name]
    with pytest.raises(InputError, match=r"gone\.json"):
        compared(tmp_path / "gone.json")


def test_one_photo_alone_is_explained(photos: Photos, tmp_path: Path) -> None:
    inputs = prepare(photos, tmp_path)
    name = next(iter(photos))
    one = Artifact("features", inputs["features"].path, "x", {name: inputs["features"].items[name]}, {name: "k"})
    with pytest.raises(ReconstructionError, match="too few photos"):
        run_stage(MatchesStage(), {**inputs, "features": one}, tmp_path)


@pytest.mark.parametrize("stage", [FeaturesStage(), MatchesStage()])
def test_cancelling_ends_the_stage(
    done: tuple[dict[str, Artifact], Artifact, HarnessContext], stage: Any, photos: Photos, tmp_path: Path
) -> None:
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(Cancelled):
        run_stage(stage, done[0], tmp_path, project_photos=photos, cancel=cancel)


def test_retrieval_can_be_cancelled_while_it_looks_at_the_photos(
    done: tuple[dict[str, Artifact], Artifact, HarnessContext], photos: Photos, tmp_path: Path
) -> None:
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(Cancelled):
        run_stage(MatchesStage(), done[0], tmp_path, {"pairs": "retrieval"}, project_photos=photos, cancel=cancel)


def test_a_photo_that_was_damaged_after_its_check_is_named(photos: Photos, tmp_path: Path) -> None:
    found, _ = run_stage(PhotosStage(), {}, tmp_path, project_photos=photos)
    copies = {name: tmp_path / name for name in photos}
    for name, path in list(copies.items())[1:]:
        path.write_bytes(photos[name].read_bytes())
    first = next(iter(copies))
    copies[first].write_bytes(b"overwritten")
    with pytest.raises(InputError, match=first):
        run_stage(FeaturesStage(), {"photos": found}, tmp_path, project_photos=copies)


def seen_from_aside(path: Path, target: Path) -> np.ndarray:
    """A picture of the picture, compressed to two fifths across as if seen from aside, on grey; the homography to it."""
    with Image.open(path) as image:
        photo = np.asarray(image.convert("RGB"))
    to_aside = np.array([[0.4, 0.0, 120.0], [0.08, 0.9, 5.0], [0.0, 0.0, 1.0]])
    cv2.imwrite(str(target), cv2.warpPerspective(cv2.GaussianBlur(photo, (0, 0), 1.1, sigmaY=0.3)[..., ::-1], to_aside, SIZE))
    return to_aside


def test_a_photo_from_far_aside_is_found_by_the_second_look(photos: Photos, tmp_path: Path) -> None:
    one = next(iter(photos.values()))
    to_aside = seen_from_aside(one, tmp_path / "aside.png")
    two = {one.name: one, "aside.png": tmp_path / "aside.png"}
    inputs = prepare(two, tmp_path)
    counts = {}
    for again in (False, True):
        artifact, _ = run_stage(MatchesStage(), inputs, tmp_path, {"second_look": again}, project_photos=two)
        (row,) = json.loads((artifact.path / "pairs.json").read_text())
        counts[again] = row["inliers"]
    assert counts[True] > 3 * max(counts[False], 15)
    inliers = read_matches(artifact.items[row["item"]]).inliers
    first, second = (
        np.concatenate([read_features(path).keypoints for path in (inputs["features"].items[name], artifact.items[views_item(name)])])
        for name in (row["a"], row["b"])
    )
    if row["a"] != one.name:
        first, second, inliers = second, first, inliers[:, ::-1]
    expected = np.c_[first[inliers[:, 0], :2], np.ones(len(inliers))] @ to_aside.T
    assert np.median(np.linalg.norm(expected[:, :2] - second[inliers[:, 1], :2], axis=1)) < 2
