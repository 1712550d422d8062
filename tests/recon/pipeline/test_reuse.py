"""What is taken from earlier runs, what is not trusted, and what is thrown away."""

from __future__ import annotations

import errno
import json
import os

import pytest

from recon.errors import Cancelled
from recon.pipeline.plan import plan
from recon.pipeline.runner import run
from recon.project import Project
from tests.recon.pipeline.moments import at_change
from tests.recon.pipeline.toys import STAGES, Sizes
from tests.recon.project.conftest import picture


@pytest.fixture
def project(tmp_path):
    Sizes.calls, Sizes.stop_after = [], None
    made = Project.create(tmp_path / "project")
    made.add_photos([picture(tmp_path / f"p{i}.png", i, (10 + i, 10)) for i in range(3)])
    run(made, STAGES, device="cpu")
    Sizes.calls = []
    return made


def go(project):
    return run(project, STAGES, device="cpu")["stages"]


def touch(path, text):
    """Other content of the same size, as a failing disk or an editor leaves it."""
    assert len(path.read_text()) == len(text)
    path.write_text(text)
    os.utime(path, ns=(1, 1))


def test_an_item_whose_content_changed_is_computed_again_and_no_other(project):
    good = (project.outputs / "total.txt").read_text()
    damaged = project.artifact("photos").items["p1.png"]
    touch(damaged, "9" * len(damaged.read_text()))
    state = {item.name: item for item in plan(project, STAGES, device="cpu")}["photos"]
    assert state.state == "stale"
    assert damaged.name in state.why
    assert go(project)["photos"]["items_computed"] == 1
    assert Sizes.calls == ["p1.png"]
    assert (project.outputs / "total.txt").read_text() == good


def test_a_missing_item_is_computed_again(project):
    project.artifact("photos").items["p2.png"].unlink()
    assert project.artifact("photos") is None
    stages = go(project)
    assert Sizes.calls == ["p2.png"]
    assert stages["total"]["reused"]


HOSTILE = {
    "file above": lambda record: record["files"].update({"../../../../secret.txt": record["files"]["photos.json"]}),
    "absolute file": lambda record: record["files"].update({"/etc/passwd": record["files"]["photos.json"]}),
    "item above": lambda record: record["items"]["p0.png"].update(file="items/photos/../../../secret.txt"),
    "item elsewhere": lambda record: record["items"]["p0.png"].update(file="manifest.json"),
    "item name": lambda record: record["items"].update({"../p0.png": record["items"]["p0.png"]}),
    "other stage": lambda record: record.update(stage="total"),
    "wrong type": lambda record: record.update(items=[]),
    "size": lambda record: record["items"]["p0.png"].update(size="large"),
    "missing": lambda record: record["items"]["p0.png"].pop("digest"),
    "more": lambda record: record.update(surprise=1),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_record_that_cannot_be_right_is_not_believed(project, kind):
    path = project.artifact("photos").path / "artifact.json"
    record = json.loads(path.read_text())
    HOSTILE[kind](record)
    (project.path.parent / "secret.txt").write_text("1")
    path.write_text(json.dumps(record))
    manifest = (project.path / "manifest.json").read_bytes()
    assert project.artifact("photos") is None
    assert not go(project)["photos"]["reused"]
    assert Sizes.calls == []
    assert (project.path.parent / "secret.txt").read_text() == "1"
    assert (project.path / "manifest.json").read_bytes() == manifest
    assert project.artifact("photos") is not None


def test_an_item_that_became_a_symbolic_link_is_not_followed(project, tmp_path):
    item = project.artifact("photos").items["p0.png"]
    (tmp_path / "secret.txt").write_text(item.read_text())
    item.unlink()
    item.symlink_to(tmp_path / "secret.txt")
    go(project)
    assert not item.is_symlink()
    assert (tmp_path / "secret.txt").exists()


@pytest.mark.parametrize("text", ["", "[]", "{", '{"photos": 5}', '{"photos": ["../../x"], "total": [3]}', '{"../x": ["a"]}'])
def test_a_damaged_state_only_means_looking_for_results_by_key(project, text):
    (project.path / "state.json").write_text(text)
    assert project.history("photos") == ()
    assert all(stage["reused"] for stage in go(project).values())
    assert len(project.history("photos")) == 1


def test_a_damaged_cache_of_digests_only_costs_time(project):
    (project.path / "cache" / "digests.json").write_text('{"photos/p0.png": [1, 2]}')
    assert all(stage["reused"] for stage in go(Project.open(project.path)).values())


def test_a_change_taken_back_costs_nothing_and_older_results_go(project):
    for add in (1, 2):
        project.set_settings("photos", {"add": add})
        go(project)
    Sizes.calls = []
    project.set_settings("photos", {"add": 1})
    assert all(stage["reused"] for stage in go(project).values())
    assert Sizes.calls == []
    assert len(list((project.path / "artifacts" / "photos").iterdir())) == 2
    assert len(list((project.path / "items" / "photos").rglob("*.txt"))) == 6
    project.set_settings("photos", {})
    go(project)
    assert len(Sizes.calls) == 3


def test_items_of_unfinished_work_are_kept_for_it(project):
    project.set_settings("photos", {"add": 1})
    Sizes.stop_after = 2
    with pytest.raises(Cancelled):
        go(project)
    Sizes.calls, Sizes.stop_after = [], None
    project.set_settings("photos", {})
    assert all(stage["reused"] for stage in go(project).values())
    project.set_settings("photos", {"add": 1})
    go(project)
    assert Sizes.calls == ["p2.png"]


def test_a_photo_switched_off_and_on_again_costs_nothing(project):
    project.set_enabled("p1.png", False)
    assert go(project)["photos"]["items_computed"] == 0
    assert sorted(path.name for path in (project.outputs / "sizes").iterdir()) == ["p0.png.txt", "p2.png.txt"]
    project.set_enabled("p1.png", True)
    assert go(project)["photos"]["reused"]
    assert (project.outputs / "sizes" / "p1.png.txt").exists()


def test_outputs_are_copies_and_come_back_when_they_are_lost_or_changed(project):
    total = project.outputs / "total.txt"
    good = total.read_text()
    total.write_text("mine")
    (project.outputs / "parts" / "list.txt").unlink()
    (project.outputs / "sizes" / "p0.png.txt").write_text("mine")
    assert all(stage["reused"] for stage in go(project).values())
    assert total.read_text() == good
    assert (project.outputs / "parts" / "list.txt").exists()
    assert (project.outputs / "sizes" / "p0.png.txt").read_text() != "mine"


def test_temporary_files_of_killed_processes_are_swept_and_nothing_of_the_user(project):
    litter = ["tmp/x.txt", "tmp/folder/y.txt", ".state.json.abc.part", "cache/.digests.json.abc.part", "outputs/.report.json.abc.part"]
    kept = ["notes.txt", "photos/dropped here by hand.png", "masks/m.png", "outputs/mine.txt", ".hidden"]
    for name in litter + kept:
        (project.path / name).parent.mkdir(exist_ok=True)
        (project.path / name).write_text("left")
    go(project)
    assert not [name for name in litter if (project.path / name).exists()]
    assert all((project.path / name).exists() for name in kept)
    assert all(photo.file.exists() for photo in project.photos)


def test_a_copy_whose_times_are_new_is_read_once_and_found_intact(project, tmp_path, monkeypatch):
    for path in project.path.rglob("*"):
        os.utime(path, ns=(5, 5))
    assert all(stage["reused"] for stage in go(Project.open(project.path)).values())
    monkeypatch.setattr("recon.project.digests.digest_file", lambda path: pytest.fail(f"{path} is read again"))
    assert all(stage["reused"] for stage in go(Project.open(project.path)).values())


def test_a_read_only_project_can_be_opened_and_looked_at(project):
    def refuse():
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), "somewhere")

    with at_change(project.path, 0, refuse):
        opened = Project.open(project.path)
        assert {item.state for item in plan(opened, STAGES, device="cpu")} == {"fresh"}
        assert opened.artifact("total") is not None


def test_only_the_photo_that_was_added_is_computed(project, tmp_path):
    project.add_photos(picture(tmp_path / "p9.png", 9))
    states = {item.name: (item.state, item.why) for item in plan(project, STAGES, device="cpu")}
    assert states["photos"] == ("stale", "1 photo added")
    assert states["total"] == ("stale", "Sizes has to run first")
    go(project)
    assert Sizes.calls == ["p9.png"]
