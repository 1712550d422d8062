"""Running, reusing, stopping and resuming, with two small stages."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from PIL import Image

from recon.errors import Cancelled, ProjectError, ProjectLockedError, ReconstructionError
from recon.pipeline.config import setting
from recon.pipeline.plan import plan
from recon.pipeline.runner import run
from recon.pipeline.stage import Item, Stage
from recon.project import Project


@dataclass(frozen=True)
class CountConfig:
    add: int = setting(0, "Added to every size.")


class Sizes(Stage):
    name, title, version, config_type, sources = "photos", "Sizes", 1, CountConfig, ("photos",)
    calls: ClassVar[list[str]] = []
    stop_after: ClassVar[int] = 99

    def run(self, inputs, config, context):
        def compute(item, path):
            if len(self.calls) >= self.stop_after:
                if os.environ.get("DIE"):
                    os.kill(os.getpid(), signal.SIGKILL)
                raise Cancelled
            self.calls.append(item.name)
            path.write_text(str(context.project_photos[item.name].stat().st_size + config.add))

        context.items([Item(name, (digest,)) for name, digest in context.digests.items()], compute, ".txt")
        rows = [{"id": name, "verdict": "ok", "usable": True} for name in context.digests]
        (context.output / "photos.json").write_text(json.dumps({"photos": rows}))


class Total(Stage):
    name, title, version, config_type, needs = "total", "Total", 1, CountConfig, ("photos",)
    publishes: ClassVar[dict[str, str]] = {"total.txt": "total.txt"}

    def run(self, inputs, config, context):
        total = sum(int(path.read_text()) for path in inputs["photos"].items.values())
        (context.output / "total.txt").write_text(str(total + config.add))


STAGES = (Sizes(), Total())


@pytest.fixture
def project(tmp_path):
    for i in range(4):
        Image.fromarray(np.random.default_rng(i).integers(0, 255, (40, 50, 3), np.uint8)).save(tmp_path / f"p{i}.png")
    made = Project.create(tmp_path / "project")
    made.add_photos([tmp_path])
    Sizes.calls, Sizes.stop_after = [], 99
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
    Sizes.stop_after = 99
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


@pytest.mark.skipif(sys.platform == "win32", reason="no kill -9")
@pytest.mark.parametrize("after", [0, 1, 3])
def test_killed_and_started_again_gives_the_undisturbed_result(project, tmp_path, after):
    script = (
        f"import sys; from tests.recon.pipeline.test_runner import *\nSizes.stop_after = {after}\nrun(Project.open(sys.argv[1]), STAGES)"
    )
    root = Path(__file__).parents[3]
    command = [sys.executable, "-c", script, str(project.path)]
    done = subprocess.run(command, env={**os.environ, "DIE": "1"}, cwd=root, check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    report = run(project, STAGES)
    assert report["stages"]["photos"]["items_computed"] == 4 - after
    undisturbed = Project.create(tmp_path / "undisturbed")
    undisturbed.add_photos([tmp_path / f"p{i}.png" for i in range(4)])
    run(undisturbed, STAGES)
    assert (project.outputs / "total.txt").read_bytes() == (undisturbed.outputs / "total.txt").read_bytes()
    assert not [p for p in (project.path / "tmp").glob("*") if p.is_file()]
