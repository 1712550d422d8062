"""The stage on a folder with everything that can be wrong."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from recon.errors import InputError, ProjectError
from recon.photos import load_photos
from recon.photos.stage import PhotosStage
from tests.recon.photos.test_verdicts import blobs
from tests.recon.stage_harness import run_stage


def save(path: Path, grey: np.ndarray) -> Path:
    Image.fromarray(np.repeat(np.clip(grey, 0, 255).astype(np.uint8)[..., None], 3, axis=2)).save(path, quality=95)
    return path


@pytest.fixture
def photos(tmp_path: Path) -> dict[str, Path]:
    """Six good photos and one of each kind of trouble."""
    files = [save(tmp_path / f"gut ü {i}.jpg", blobs(i)) for i in range(6)]
    files.append(save(tmp_path / "blurred.jpg", cv2.GaussianBlur(blobs(10), (0, 0), 4)))
    files.append(save(tmp_path / "dark.jpg", blobs(11) * 0.12))
    files.append(save(tmp_path / "bright.jpg", 190 + blobs(12) * 1.5))
    files.append(save(tmp_path / "copy.jpg", cv2.resize(blobs(0), (600, 450), interpolation=cv2.INTER_AREA)))
    files.append(save(tmp_path / "dot.png", np.zeros((1, 1))))
    (tmp_path / "text.jpg").write_text("hello")
    (tmp_path / "cut.jpg").write_bytes(files[0].read_bytes()[:2000])
    files += [tmp_path / "text.jpg", tmp_path / "cut.jpg"]
    return {file.name: file for file in files}


def test_each_kind_of_trouble_is_named_and_none_is_fatal(tmp_path: Path, photos: dict[str, Path]) -> None:
    artifact, context = run_stage(PhotosStage(), {}, tmp_path / "run", project_photos=photos)
    found = load_photos(artifact)
    assert list(found) == list(photos)
    expected = {"blurred.jpg": "blurred", "dark.jpg": "dark", "bright.jpg": "bright", "copy.jpg": "duplicate", "dot.png": "small"}
    expected |= {"text.jpg": "unreadable", "cut.jpg": "unreadable"}
    assert {name: info.verdict for name, info in found.items()} == {name: expected.get(name, "ok") for name in photos}
    assert all(info.reason for info in found.values() if info.verdict != "ok")
    assert [name for name, info in found.items() if not info.usable] == ["dot.png", "text.jpg", "cut.jpg"]
    assert found["copy.jpg"].duplicate_of == "gut ü 0.jpg"
    assert context.notes["verdicts"] == {"ok": 6, "blurred": 1, "dark": 1, "bright": 1, "duplicate": 1, "small": 1, "unreadable": 2}
    with Image.open(artifact.items["gut ü 0.jpg"]) as thumbnail:
        assert thumbnail.size == (320, 240)


def test_photos_json_is_plain_json(tmp_path: Path, photos: dict[str, Path]) -> None:
    artifact, _ = run_stage(PhotosStage(), {}, tmp_path / "run", project_photos=photos)

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    entries = json.loads((artifact.path / "photos.json").read_text(encoding="utf-8"), parse_constant=refuse)["photos"]
    assert [entry["id"] for entry in entries] == list(photos)


def test_fewer_than_two_usable_photos_end_the_stage_and_name_the_others(tmp_path: Path, photos: dict[str, Path]) -> None:
    few = {name: photos[name] for name in ("gut ü 0.jpg", "text.jpg", "dot.png")}
    with pytest.raises(InputError, match="Only 1 of 3 photos") as caught:
        run_stage(PhotosStage(), {}, tmp_path / "run", project_photos=few)
    assert "text.jpg" in caught.value.why
    assert "dot.png" in caught.value.why


def test_two_good_photos_are_enough(tmp_path: Path, photos: dict[str, Path]) -> None:
    few = {name: photos[name] for name in ("gut ü 0.jpg", "gut ü 1.jpg", "cut.jpg")}
    artifact, _ = run_stage(PhotosStage(), {}, tmp_path / "run", project_photos=few)
    assert sum(info.usable for info in load_photos(artifact).values()) == 2


def test_new_thresholds_do_not_measure_again(tmp_path: Path, photos: dict[str, Path]) -> None:
    run_stage(PhotosStage(), {}, tmp_path / "run", project_photos=photos)
    artifact, again = run_stage(PhotosStage(), {}, tmp_path / "run", {"blur": 10.0, "blur_always": 12.0}, project_photos=photos)
    assert again.computed == []
    assert load_photos(artifact)["blurred.jpg"].verdict == "ok"


def test_a_mask_that_cannot_be_used_is_named_and_not_ignored(tmp_path: Path, photos: dict[str, Path]) -> None:
    masks = {f"gut ü {i}.jpg": tmp_path / f"mask {i}.png" for i in range(4)}
    Image.new("L", (100, 100), 255).save(masks["gut ü 0.jpg"])
    masks["gut ü 1.jpg"].write_text("no picture")
    Image.new("L", (640, 480), 0).save(masks["gut ü 2.jpg"])
    Image.new("L", (320, 240), 255).save(masks["gut ü 3.jpg"])
    artifact, _ = run_stage(PhotosStage(), {}, tmp_path / "run", project_photos=photos, masks=masks)
    found = load_photos(artifact)
    assert [found[name].verdict for name in masks] == ["unreadable"] * 3 + ["ok"]
    for name, why in (("gut ü 0.jpg", "100 x 100"), ("gut ü 1.jpg", "not a picture"), ("gut ü 2.jpg", "nothing")):
        assert not found[name].usable
        assert found[name].reason.startswith("Its mask")
        assert why in found[name].reason


def test_photos_without_a_mask_are_named_when_others_have_one(
    tmp_path: Path, photos: dict[str, Path], caplog: pytest.LogCaptureFixture
) -> None:
    Image.new("L", (640, 480), 255).save(tmp_path / "mask.png")
    few = {name: photos[name] for name in ("gut ü 0.jpg", "gut ü 1.jpg", "text.jpg")}
    run_stage(PhotosStage(), {}, tmp_path / "run", project_photos=few, masks={"gut ü 0.jpg": tmp_path / "mask.png"})
    assert "Without a mask, used whole: gut ü 1.jpg" in caplog.text
    caplog.clear()
    run_stage(PhotosStage(), {}, tmp_path / "none", project_photos=few)
    assert "Without a mask" not in caplog.text


def test_a_damaged_list_is_an_error_with_a_remedy(tmp_path: Path, photos: dict[str, Path]) -> None:
    artifact, _ = run_stage(PhotosStage(), {}, tmp_path / "run", project_photos=photos)
    (artifact.path / "photos.json").write_text('{"photos": [{}]}')
    with pytest.raises(ProjectError, match="damaged"):
        load_photos(artifact)
