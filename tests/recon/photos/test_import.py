"""A folder with everything that can be wrong, from the import to the verdicts: each file is handled or named, none is fatal."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from recon.errors import InputError
from recon.photos import load_photos, read_image
from recon.photos.stage import PhotosStage
from recon.pipeline.runner import run
from recon.project import Project
from tests.recon.photos.test_verdicts import blobs

ROOT = Path(__file__).parents[3]
STAGES = (PhotosStage(),)


@cache
def picture(seed: int, size: tuple[int, int] = (300, 400)) -> Image.Image:
    grey = np.clip(blobs(seed, size), 0, 255).astype(np.uint8)
    return Image.fromarray(np.stack([grey, 255 - grey, grey // 2], axis=-1))


def turned_exif() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F], exif[0x0110] = 6, "Canon", "Canon EOS REBEL T3"
    exif.get_ifd(0x8769)[0x920A] = 55.0
    return exif


def mixed_folder(folder: Path) -> dict[str, str]:
    """Makes the files; returns the verdict expected of each that is imported."""
    import pillow_heif

    pillow_heif.register_heif_opener()
    folder.mkdir()
    picture(0).save(folder / "plain.jpg", quality=95)
    picture(1).save(folder / "name with spaces.JPG", quality=95)
    picture(2).save(folder / "Ümläut 写真 📷.jpeg", quality=95)
    cv2.imwrite(str(folder / "deep.tif"), np.asarray(picture(3))[..., ::-1].astype(np.uint16) * 257)
    picture(4).convert("CMYK").save(folder / "cmyk.jpg", quality=95)
    picture(5).convert("P", palette=Image.Palette.ADAPTIVE).save(folder / "palette.png")
    picture(6).save(folder / "web.webp", quality=95)
    picture(7).save(folder / "phone.heic", quality=95)
    picture(8).save(folder / "turned.jpg", quality=95, exif=turned_exif())
    picture(9, (600, 800)).save(folder / "larger.png")
    picture(10, (400, 300)).save(folder / "upright.png")
    picture(0).resize((320, 240)).save(folder / "smaller copy.png")
    whole = (folder / "plain.jpg").read_bytes()
    (folder / "truncated.jpg").write_bytes(whole[: len(whole) // 2])
    (folder / "text.jpg").write_text("I am not a picture")
    Image.new("RGB", (1, 1)).save(folder / "dot.png")
    trouble = {"smaller copy.png": "duplicate", "truncated.jpg": "unreadable", "text.jpg": "unreadable", "dot.png": "small"}
    verdicts = {path.name: trouble.get(path.name, "ok") for path in folder.iterdir()}
    (folder / "empty.jpg").write_bytes(b"")
    (folder / "z copy.jpg").write_bytes(whole)
    (folder / "notes.txt").write_text("not a photo")
    (folder / "folder.jpg").mkdir()
    (folder / ".hidden.jpg").write_bytes(whole)
    (folder / "gone.jpg").symlink_to(folder / "nowhere")
    return verdicts


def photolith(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "import sys; from desktop.cli.main import main; sys.exit(main())", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def test_every_file_of_a_mixed_folder_is_handled_or_named(tmp_path: Path) -> None:
    expected = mixed_folder(tmp_path / "photos")
    done = photolith("reconstruct", tmp_path / "photos", "-o", tmp_path / "project", "--until", "photos", "--json")
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert {name: entry["verdict"] for name, entry in events[-1]["report"]["photos"].items()} == expected
    told = "\n".join(event["message"] for event in events if event["event"] == "log")
    for name in ("empty.jpg", "z copy.jpg", "notes.txt", "folder.jpg", "gone.jpg", "truncated.jpg", "text.jpg", "dot.png"):
        assert name in told, name
    artifact = Project.open(tmp_path / "project").artifact("photos")
    assert artifact is not None
    found = load_photos(artifact)
    assert (found["turned.jpg"].width, found["turned.jpg"].height) == (300, 400)
    assert found["turned.jpg"].focal_px == pytest.approx(55 / 22.2 * 400)
    assert (found["larger.png"].width, found["larger.png"].height) == (800, 600)
    assert len({info.camera_key for info in found.values() if info.usable}) == 5
    for seed, name in enumerate(("plain.jpg", "name with spaces.JPG", "Ümläut 写真 📷.jpeg", "deep.tif", "cmyk.jpg", "palette.png")):
        seen = read_image(tmp_path / "project" / "photos" / name).astype(int)
        assert np.abs(seen - np.asarray(picture(seed))).mean() < 6, name


def test_a_second_run_says_nothing_of_photos_that_are_there_already(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    for i in range(2):
        picture(i).save(tmp_path / "photos" / f"{i}.jpg")
    command = ("reconstruct", tmp_path / "photos", "-o", tmp_path / "project", "--until", "photos", "--json")
    photolith(*command)
    again = photolith(*command)
    assert again.returncode == 0
    assert "Not added" not in again.stdout


@pytest.mark.parametrize("kind", ["empty", "only folders", "only text", "missing"])
def test_a_folder_without_photos_is_explained_and_no_project_is_left(tmp_path: Path, kind: str) -> None:
    photos = tmp_path / "photos"
    if kind != "missing":
        photos.mkdir()
    if kind == "only folders":
        (photos / "inside").mkdir()
    if kind == "only text":
        (photos / "notes.txt").write_text("no photo")
    done = photolith("reconstruct", photos, "-o", tmp_path / "project")
    assert done.returncode == 3
    assert str(photos) in done.stderr.replace("\n", "")
    assert not (tmp_path / "project").exists()


def project_of(folder: Path, **pictures: Image.Image) -> Project:
    folder.mkdir()
    for name, image in pictures.items():
        image.save(folder / f"{name}.jpg", quality=95)
    project = Project.create(folder.parent / "project")
    project.add_photos(folder)
    return project


def verdicts(project: Project) -> dict[str, Any]:
    report = run(project, STAGES, until="photos")
    return {name: entry["verdict"] for name, entry in report["photos"].items()}


def test_photos_of_equal_name_from_two_folders_are_both_kept(tmp_path: Path) -> None:
    project = project_of(tmp_path / "left", a=picture(0), b=picture(1))
    (tmp_path / "right").mkdir()
    picture(2).save(tmp_path / "right" / "A.JPG")
    assert project.add_photos(tmp_path / "right").added == ("A_2.JPG",)
    assert verdicts(project) == {"a.jpg": "ok", "b.jpg": "ok", "A_2.JPG": "ok"}


def test_names_that_some_systems_forbid_become_names_of_files(tmp_path: Path) -> None:
    names = ["line\nbreak.jpg", 'a:b*c?"<>|.jpg', "..jpg", "CON.jpg", "x" * 200 + ".jpg", "back\\slash.jpg", "a__b.jpg"]
    (tmp_path / "photos").mkdir()
    for seed, name in enumerate(names):
        picture(seed).save(tmp_path / "photos" / name, format="JPEG")
    project = Project.create(tmp_path / "project")
    project.add_photos([tmp_path / "photos" / name for name in names])
    assert len(project.photos) == len(names)
    for photo in project.photos:
        assert photo.file.parent == tmp_path / "project" / "photos"
        assert photo.file.is_file()
        assert not set('/\\:*?"<>|\n') & set(photo.id)
        assert len(photo.id.encode()) <= 150
    assert set(verdicts(project).values()) == {"ok"}


def test_masks_of_wrong_shape_and_missing_ones_are_named_and_the_rest_is_used(tmp_path: Path) -> None:
    project = project_of(tmp_path / "photos", a=picture(0), b=picture(1), c=picture(2), d=picture(3))
    (tmp_path / "masks").mkdir()
    for name, size in {"a.jpg.png": (400, 300), "b.png": (200, 150), "c_mask.png": (100, 100), "stranger.png": (400, 300)}.items():
        Image.new("L", size, 255).save(tmp_path / "masks" / name)
    assert project.set_masks(tmp_path / "masks") == ("a.jpg", "b.jpg", "c.jpg")
    events: list[dict[str, Any]] = []
    report = run(project, STAGES, until="photos", on_event=events.append)
    assert {name: entry["verdict"] for name, entry in report["photos"].items()} == {
        **dict.fromkeys(("a.jpg", "b.jpg", "d.jpg"), "ok"),
        "c.jpg": "unreadable",
    }
    assert "100 x 100" in report["photos"]["c.jpg"]["reason"]
    assert any("Without a mask" in event.get("message", "") and "d.jpg" in event["message"] for event in events)


def test_a_folder_whose_masks_belong_to_no_photo_is_explained(tmp_path: Path) -> None:
    project = project_of(tmp_path / "photos", a=picture(0), b=picture(1))
    (tmp_path / "masks").mkdir()
    with pytest.raises(InputError, match="masks"):
        project.set_masks(tmp_path / "masks")
    Image.new("L", (400, 300), 255).save(tmp_path / "masks" / "stranger.png")
    with pytest.raises(InputError, match="No mask"):
        project.set_masks(tmp_path / "masks")
    assert set(verdicts(project).values()) == {"ok"}
