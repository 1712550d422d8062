"""What a user puts into a project, takes out of it, and finds again after it was moved."""

from __future__ import annotations

import errno
import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from recon.errors import InputError, ProjectError, SettingsError
from recon.pipeline.keys import read_sources
from recon.project import Project, digests, imports
from tests.recon.project.conftest import picture


def ids(project):
    return [photo.id for photo in project.photos]


def test_photos_come_in_natural_order_and_other_files_are_named(shots, tmp_path):
    project = Project.create(tmp_path / "p")
    steps = []
    result = project.add_photos(shots, progress=lambda *step: steps.append(step))
    assert result.added == ("a b ü.png", "img1.png", "img2.png", "img10.png")
    assert [(path.name, "not a photo format" in reason) for path, reason in result.skipped] == [("notes.txt", True)]
    assert steps[-1] == (4, 4, "img10.png")
    assert ids(Project.open(project.path)) == list(result.added)
    assert all(photo.file.is_relative_to(project.path) and photo.enabled for photo in project.photos)


def test_the_same_photo_is_not_taken_twice_and_equal_names_stay_apart(project, shots, tmp_path):
    again = project.add_photos(shots)
    assert again.added == ()
    assert sum("has the same file already" in reason for _, reason in again.skipped) == 4
    other = picture(tmp_path / "other" / "IMG1.png", 77)
    assert project.add_photos(other).added == ("IMG1_2.png",)


def test_files_that_cannot_be_photos_are_skipped_with_the_reason(tmp_path):
    project = Project.create(tmp_path / "p")
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "folder.jpg").mkdir()
    picture(tmp_path / "good.png")
    result = project.add_photos([tmp_path / "empty.jpg", tmp_path / "good.png", tmp_path])
    assert result.added == ("good.png",)
    assert "empty" in {path.name: reason for path, reason in result.skipped}["empty.jpg"]


def test_a_file_far_too_large_for_a_photo_is_named_without_being_read(shots, tmp_path, monkeypatch):
    (shots / "film.jpg").write_bytes(b"x" * 5000)
    monkeypatch.setattr(imports, "MAX_BYTES", 4999)
    monkeypatch.setattr(digests.DigestCache, "of", lambda _, path: path.name if path.name != "film.jpg" else pytest.fail("it was read"))
    result = Project.create(tmp_path / "p").add_photos(shots)
    assert "photos of at most" in {path.name: reason for path, reason in result.skipped}["film.jpg"]


def test_a_photo_on_a_bad_spot_of_the_card_is_named_and_the_others_are_taken(shots, tmp_path, monkeypatch):
    digest = digests.digest_file

    def read(path):
        if path.name == "img2.png":
            raise OSError(errno.EIO, "Input/output error")
        return digest(path)

    monkeypatch.setattr(digests, "digest_file", read)
    result = Project.create(tmp_path / "p").add_photos(shots)
    assert len(result.added) == 3
    assert ("img2.png", "it cannot be read (Input/output error)") in [(path.name, reason) for path, reason in result.skipped]


@pytest.mark.parametrize("bad", ["missing.png", "missing folder"])
def test_what_does_not_exist_is_an_input_error_and_changes_nothing(project, tmp_path, bad):
    before = (project.path / "manifest.json").read_bytes()
    with pytest.raises(InputError, match="does not exist"):
        project.add_photos(tmp_path / bad)
    assert (project.path / "manifest.json").read_bytes() == before


@pytest.mark.skipif(sys.platform != "linux", reason="names that are not text")
@pytest.mark.parametrize("link", [False, True])
def test_a_file_name_that_is_no_text_is_no_obstacle(tmp_path, link):
    path = picture(tmp_path / "plain.png").rename(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.png"))
    project = Project.create(tmp_path / "p")
    (added,) = project.add_photos(path, link=link).added
    assert added.isprintable()
    opened = Project.open(project.path)
    assert opened.photos[0].file.read_bytes() == path.read_bytes()
    assert list(read_sources(opened).photos) == [added]


def test_each_photo_is_read_once_for_its_digest(shots, tmp_path, monkeypatch):
    read = []
    digest = digests.digest_file
    monkeypatch.setattr(digests, "digest_file", lambda path: read.append(path) or digest(path))
    project = Project.create(tmp_path / "p")
    project.add_photos(shots)
    assert len(read) == 4
    project.add_photos(shots)
    assert len(read_sources(Project.open(project.path)).photos) == len(read) == 4


def test_linked_photos_stay_where_they_are(shots, tmp_path):
    project = Project.create(tmp_path / "p")
    project.add_photos(shots, link=True)
    assert {photo.file.parent for photo in project.photos} == {shots}
    project.remove_photos(["img1.png"])
    assert (shots / "img1.png").exists()
    (shots / "img2.png").unlink()
    with pytest.raises(ProjectError, match=r"img2\.png") as raised:
        read_sources(project)
    assert "linked" in raised.value.remedy


def test_an_imported_photo_survives_the_loss_of_the_original(project, shots):
    shutil.rmtree(shots)
    assert len(read_sources(Project.open(project.path)).photos) == 4


def test_a_symbolic_link_is_imported_as_the_file_it_leads_to(shots, tmp_path):
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / "l.png").symlink_to(shots / "img1.png")
    project = Project.create(tmp_path / "p")
    project.add_photos(tmp_path / "links")
    shutil.rmtree(shots)
    assert Project.open(project.path).photos[0].file.read_bytes()
    assert not project.photos[0].file.is_symlink()


def test_removing_and_adding_again(project, shots):
    project.remove_photos(["img1.png", "img2.png"])
    assert ids(project) == ["a b ü.png", "img10.png"]
    assert not (project.path / "photos" / "img1.png").exists()
    assert project.add_photos(shots).added == ("img1.png", "img2.png")
    project.set_order(["img2.png", "img1.png"])
    assert ids(Project.open(project.path)) == ["img2.png", "img1.png", "a b ü.png", "img10.png"]


@pytest.mark.parametrize("change", [lambda p: p.remove_photos(["x"]), lambda p: p.set_enabled("x", False), lambda p: p.set_order(["x"])])
def test_an_unknown_photo_is_an_input_error(project, change):
    with pytest.raises(InputError, match="'x'"):
        change(project)
    assert len(ids(project)) == 4


def test_photos_switched_off_are_kept_but_not_used(project):
    project.set_enabled(["img1.png"], False)
    assert [photo.enabled for photo in Project.open(project.path).photos] == [True, False, True, True]
    assert "img1.png" not in read_sources(project).photos
    project.set_enabled("img1.png", True)
    assert "img1.png" in read_sources(project).photos


def test_masks_find_their_photos_by_name_and_can_be_taken_away(project, tmp_path):
    masks = tmp_path / "masks"
    for name in ("img1.png", "img2_mask.png", "img10.png.png", "of nobody.png"):
        picture(masks / name)
    assert set(project.set_masks(masks)) == {"img1.png", "img2.png", "img10.png"}
    shutil.rmtree(masks)
    opened = Project.open(project.path)
    assert all(path.is_file() for path in opened.masks.values())
    assert set(read_sources(opened).masks) == {"img1.png", "img2.png", "img10.png"}
    opened.remove_photos(["img1.png"])
    assert set(opened.masks) == {"img2.png", "img10.png"}
    files = list(opened.masks.values())
    opened.set_masks(None)
    assert opened.masks == {}
    assert not any(path.exists() for path in files)


def test_masks_of_photos_with_long_names_stay_apart(tmp_path):
    stems = ["x" * 132 + end for end in "ab"]
    project = Project.create(tmp_path / "p")
    project.add_photos([picture(tmp_path / "shots" / f"{stem}.png", i) for i, stem in enumerate(stems)])
    for i, stem in enumerate(stems):
        picture(tmp_path / "masks" / f"{stem}.png", 10 + i)
    project.set_masks(tmp_path / "masks")
    assert len({path.read_bytes() for path in project.masks.values()}) == 2


def test_masks_of_other_photos_are_an_input_error_and_the_old_ones_stay(project, tmp_path):
    picture(tmp_path / "good" / "img1.png")
    picture(tmp_path / "bad" / "nobody.png")
    project.set_masks(tmp_path / "good")
    with pytest.raises(InputError, match="belongs to a photo"):
        project.set_masks(tmp_path / "bad")
    assert set(Project.open(project.path).masks) == {"img1.png"}


def test_cameras_are_copied_and_forgotten(project, tmp_path):
    given = tmp_path / "cameras.json"
    given.write_text('{"cameras": []}')
    project.set_cameras(given, "intrinsics")
    given.unlink()
    opened = Project.open(project.path)
    assert opened.cameras.read_text() == '{"cameras": []}'
    assert opened.cameras.name == "cameras.json"
    assert read_sources(opened).cameras_use == "intrinsics"
    model = tmp_path / "model" / "sparse" / "0"
    model.mkdir(parents=True)
    for name in ("cameras.bin", "images.bin", "points3D.bin"):
        (model / name).write_bytes(bytes(8))
    old = opened.cameras
    opened.set_cameras(tmp_path / "model")
    assert sorted(path.name for path in opened.cameras.iterdir()) == ["cameras.bin", "images.bin", "points3D.bin"]
    assert not old.exists()
    opened.set_cameras(None)
    assert Project.open(project.path).cameras is None


def test_cameras_that_are_none_are_errors(project, tmp_path):
    (tmp_path / "cameras.txt").write_text("")
    (tmp_path / "damaged.json").write_text("{")
    for path in (tmp_path / "cameras.txt", tmp_path / "damaged.json", tmp_path / "shots", tmp_path / "nowhere"):
        with pytest.raises(InputError):
            project.set_cameras(path)
    with pytest.raises(SettingsError, match="lenses"):
        project.set_cameras(tmp_path / "x.json", "lenses")


def test_settings_and_preset_are_kept_and_an_empty_change_goes_back(project):
    project.set_preset("draft")
    project.set_settings("depth", {"max_size": 640})
    opened = Project.open(project.path)
    assert (opened.preset, opened.settings) == ("draft", {"depth": {"max_size": 640}})
    opened.set_settings("depth", {})
    assert Project.open(project.path).settings == {}
    with pytest.raises(SettingsError, match="heroic"):
        project.set_preset("heroic")


def test_two_windows_on_one_project_do_not_lose_each_others_changes(project, tmp_path):
    other = Project.open(project.path)
    project.set_preset("draft")
    other.add_photos(picture(tmp_path / "more.png", 50))
    opened = Project.open(project.path)
    assert opened.preset == "draft"
    assert "more.png" in ids(opened)


def test_a_moved_project_has_everything(project, tmp_path):
    picture(tmp_path / "masks" / "img1.png")
    project.set_masks(tmp_path / "masks")
    before = read_sources(project)
    moved = tmp_path / "elsewhere" / "new name"
    moved.parent.mkdir()
    shutil.move(project.path, moved)
    opened = Project.open(moved)
    assert opened.name == "new name"
    assert read_sources(opened) == before
    assert all(path.is_relative_to(moved) for path in [*opened.masks.values(), *(photo.file for photo in opened.photos)])


def test_a_project_is_made_only_where_nothing_is_lost(shots, tmp_path, project):
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / ".DS_Store").touch()
    assert Project.create(tmp_path / "empty").photos == ()
    with pytest.raises(ProjectError, match="other files"):
        Project.create(shots)
    with pytest.raises(ProjectError, match="project already"):
        Project.create(project.path)
    with pytest.raises(ProjectError, match="a file of this name"):
        Project.create(shots / "notes.txt")


def test_what_is_no_project_says_so(tmp_path, shots):
    for path in (shots, tmp_path / "nowhere", shots / "notes.txt"):
        with pytest.raises(ProjectError, match="is not a Photolith project"):
            Project.open(path)


def test_a_photo_changed_in_place_counts_as_changed(project):
    before = read_sources(project).photos
    picture(project.photos[0].file, 99)
    after = read_sources(project).photos
    assert before["a b ü.png"] != after["a b ü.png"]
    assert {name: digest for name, digest in before.items() if name != "a b ü.png"}.items() <= after.items()


def test_nothing_outside_is_named_in_the_manifest_of_a_copied_project(project, shots):
    text = (project.path / "manifest.json").read_text()
    assert str(shots) not in text
    assert str(project.path) not in text
    assert {Path(photo["file"]).parent.as_posix() for photo in json.loads(text)["photos"]} == {"photos"}
