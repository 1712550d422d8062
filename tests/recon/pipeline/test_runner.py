"""Running, reusing, stopping and resuming, with two small stages."""

from __future__ import annotations

import errno
import json
import shutil
import threading

import numpy as np
import pytest
from PIL import Image

from recon.errors import Cancelled, ProjectError, ProjectLockedError, ReconstructionError, ResourceError
from recon.pipeline.plan import plan
from recon.pipeline.runner import run
from recon.project import Project
from tests.recon.pipeline.toys import STAGES, Sizes, Total


@pytest.fixture
def project(tmp_path):
    for i in range(4):
        Image.fromarray(np.random.default_rng(i).integers(0, 255, (40, 50, 3), np.uint8)).save(tmp_path / f"p{i}.png")
    made = Project.create(tmp_path / "project")
    made.add_photos([tmp_path])
    Sizes.calls, Sizes.stop_after = [], None
    return made


def test_outputs_and_report_appear_and_a_second_run_computes_nothing(project):
    events: list[dict] = []
    report = run(project, STAGES, on_event=events.append)
    first = (project.outputs / "total.txt").read_text()
    assert len(Sizes.calls) == 4
    assert events[0]["event"] == "run_started"
    assert events[-1]["event"] == "report"
    assert json.loads((project.outputs / "report.json").read_text())["stages"]["photos"]["items_computed"] == 4
    assert not report["stages"]["total"]["reused"]
    assert report["seed"] == 0
    assert {entry["digest"] for entry in report["photos"].values()} == {photo.digest for photo in project.photos}
    again = run(project, STAGES)
    assert again["stages"]["total"]["reused"]
    assert len(Sizes.calls) == 4
    assert (project.outputs / "total.txt").read_text() == first


def test_only_what_depends_on_a_changed_setting_runs_again(project):
    run(project, STAGES)
    before = int((project.outputs / "total.txt").read_text())
    project.set_settings("total", {"add": 5})
    states = {item.name: (item.state, item.why) for item in plan(project, STAGES)}
    assert states["photos"][0] == "fresh"
    assert states["total"] == ("stale", "add changed from 0 to 5")
    report = run(project, STAGES)
    assert report["stages"]["photos"]["reused"]
    assert int((project.outputs / "total.txt").read_text()) == before + 5


def test_a_stopped_run_goes_on_with_the_item_it_was_at(project):
    Sizes.stop_after = 2
    with pytest.raises(Cancelled):
        run(project, STAGES)
    Sizes.stop_after = None
    report = run(project, STAGES)
    assert report["stages"]["photos"]["items_computed"] == 2
    assert sorted(Sizes.calls) == ["p0.png", "p1.png", "p2.png", "p3.png"]


def test_cancelling_stops_before_the_next_stage(project):
    cancel = threading.Event()
    with pytest.raises(Cancelled):
        run(project, STAGES, cancel=cancel, on_event=lambda e: cancel.set() if e["event"] == "stage_finished" else None)
    assert not (project.outputs / "total.txt").exists()


def test_a_moved_project_is_still_up_to_date(project, tmp_path):
    run(project, STAGES)
    moved = tmp_path / "elsewhere"
    project.path.rename(moved)
    report = run(Project.open(moved), STAGES)
    assert report["stages"]["photos"]["reused"]
    assert report["stages"]["total"]["reused"]


def test_a_second_run_on_a_locked_project_is_refused(project):
    other = Project.open(project.path)
    events: list[dict] = []
    with project.lock(), pytest.raises(ProjectLockedError):
        run(other, STAGES, on_event=events.append)
    assert events[-1]["error"]["type"] == "ProjectLockedError"


def test_a_photo_deleted_after_import_is_named(project):
    project.photos[1].file.unlink()
    with pytest.raises(ProjectError, match=r"p1\.png"):
        run(project, STAGES)


def test_a_project_without_photos_says_so(tmp_path):
    with pytest.raises(ReconstructionError, match="no photos"):
        run(Project.create(tmp_path / "empty"), STAGES)


def test_a_damaged_output_of_a_stage_is_made_again(project):
    run(project, STAGES)
    (project.artifact("total").path / "total.txt").write_text("0")
    report = run(project, STAGES)
    assert not report["stages"]["total"]["reused"]


@pytest.mark.parametrize(
    ("error", "kind", "word"),
    [
        (MemoryError(), ResourceError, "Out of memory"),
        (OSError(errno.ENOSPC, "No space left on device"), ResourceError, "disk is full"),
        (OSError(errno.EIO, "Input/output error"), ResourceError, "disk failed"),
        (ZeroDivisionError("of a stage"), ZeroDivisionError, "of a stage"),
        (OSError("of a library"), OSError, "of a library"),
    ],
)
def test_whatever_ends_a_stage_is_told_and_leaves_the_project_whole(project, monkeypatch, error, kind, word):
    def fail(*_):
        raise error

    events: list[dict] = []
    original = Total.run
    monkeypatch.setattr(Total, "run", fail)
    with pytest.raises(kind):
        run(project, STAGES, on_event=events.append)
    monkeypatch.setattr(Total, "run", original)
    assert events[-1]["event"] == "failed"
    assert word in events[-1]["error"]["what"] + events[-1]["error"]["why"]
    assert events[-1]["error"]["remedy"]
    assert run(project, STAGES)["stages"]["photos"]["reused"]


def test_a_project_that_vanishes_is_said_to_be_gone(project, monkeypatch):
    def vanish(self, inputs, config, context):
        shutil.rmtree(project.path)
        (context.output / "total.txt").write_text("0")

    monkeypatch.setattr(Total, "run", vanish)
    with pytest.raises(ProjectError, match="is gone"):
        run(project, STAGES)


def test_whoever_shows_the_report_gets_what_is_finished(project):
    shown = []
    run(project, STAGES, until="photos", after=shown.append)
    (finished,) = shown
    assert finished.report["outcome"] == {"state": "done"}
    assert set(finished.artifacts) == {"photos"}
    assert list(finished.photos) == ["p0.png", "p1.png", "p2.png", "p3.png"]
    assert finished.outputs == project.outputs


@pytest.mark.parametrize("error", [ZeroDivisionError("no page"), ReconstructionError("no page"), MemoryError()])
def test_a_page_that_fails_is_a_warning_and_spoils_nothing(project, error):
    def fail(finished):
        raise error

    events: list[dict] = []
    report = run(project, STAGES, after=fail, on_event=events.append)
    assert report["outcome"]["state"] == "done"
    warning = next(event for event in events if event["event"] == "log" and event["level"] == "warning")
    assert "page of the report was not made" in warning["message"]
    assert events[-1]["event"] == "report"
    assert (project.outputs / "total.txt").exists()


def test_a_stopped_run_reports_what_it_has_finished(project):
    cancel, shown = threading.Event(), []
    with pytest.raises(Cancelled):
        run(project, STAGES, cancel=cancel, after=shown.append, on_event=lambda e: cancel.set() if e["event"] == "stage_finished" else None)
    outcome = json.loads((project.outputs / "report.json").read_text())["outcome"]
    assert (outcome["state"], outcome["stage"]) == ("cancelled", "total")
    assert set(shown[0].report["stages"]) == {"photos"}


def test_a_failed_run_reports_the_error_and_still_tells_it(project, monkeypatch):
    def fail(*_):
        raise ZeroDivisionError("of a stage")

    shown = []
    monkeypatch.setattr(Total, "run", fail)
    with pytest.raises(ZeroDivisionError):
        run(project, STAGES, after=shown.append)
    outcome = shown[0].report["outcome"]
    assert outcome["state"] == "failed"
    assert "of a stage" in outcome["error"]["why"]


def test_a_report_that_cannot_be_written_does_not_hide_why_the_run_failed(project, monkeypatch):
    run(project, STAGES, until="photos")

    def fail(self, inputs, config, context):
        (project.outputs / "report.json").unlink()
        (project.outputs / "report.json").mkdir()
        raise ReconstructionError("The stage failed.")

    monkeypatch.setattr(Total, "run", fail)
    events: list[dict] = []
    with pytest.raises(ReconstructionError, match="The stage failed"):
        run(project, STAGES, on_event=events.append)
    assert any("There is no report" in event.get("message", "") for event in events)


def test_what_a_killed_writer_of_the_page_left_is_swept_away(project):
    run(project, STAGES)
    left = project.outputs / ".report.html.0123.part"
    left.write_text("<p>half")
    run(project, STAGES)
    assert not left.exists()
