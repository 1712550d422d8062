"""The process that computes for the window, spoken to as the window does."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

import resources
from recon.project import Project

ROOT = Path(__file__).parents[2]
GENEROUS = 60


class Conversation:
    """A worker and its lines."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def say(self, request: Any) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write((request if isinstance(request, str) else json.dumps(request)) + "\n")
        self.process.stdin.flush()

    def hear(self, *kinds: str) -> dict[str, Any]:
        """The next event of one of these kinds."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            event: dict[str, Any] = json.loads(line)
            if event["event"] in kinds:
                return event
        raise AssertionError("the worker ended")


@pytest.fixture
def worker() -> Iterator[Conversation]:
    command = [sys.executable, "-m", "desktop.jobs.worker"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Conversation(process)
        process.kill()


@pytest.fixture
def project(tmp_path) -> Project:
    made = Project.create(tmp_path / "p")
    made.add_photos(sorted(resources.path("demo/photos").glob("*.jpg"))[:2])
    return made


def test_it_runs_again_and_again_and_stays_warm(worker, project):
    for reused in (False, True):
        worker.say({"id": 1, "command": "run", "project": str(project.path), "until": "photos", "device": "cpu"})
        report = worker.hear("report", "failed")["report"]
        assert report["stages"]["photos"]["reused"] is reused
    assert worker.process.poll() is None


def test_errors_are_told_in_the_words_of_the_command_line_and_it_lives_on(worker, project, tmp_path):
    worker.say({"id": 1, "command": "run", "project": str(tmp_path / "nowhere")})
    assert worker.hear("failed")["error"]["type"] == "ProjectError"
    worker.say({"id": 2, "command": "run", "project": str(project.path), "until": "lunch"})
    error = worker.hear("failed")["error"]
    assert error["type"] == "SettingsError"
    assert error["remedy"]
    worker.say({"id": 3, "command": "run"})
    assert "inside Photolith" in worker.hear("failed")["error"]["what"]
    with project.lock():
        worker.say({"id": 4, "command": "run", "project": str(project.path)})
        assert worker.hear("failed")["error"]["type"] == "ProjectLockedError"


@pytest.mark.parametrize("nonsense", ["", "{", "5", "[]", '{"command": "dance"}'])
def test_nonsense_is_no_reason_to_end(worker, project, nonsense):
    worker.say(nonsense)
    worker.say({"id": 1, "command": "run", "project": str(project.path), "until": "photos", "device": "cpu"})
    assert worker.hear("report", "failed")["event"] == "report"


def test_a_cancelled_run_says_so_and_the_next_one_goes_on(worker, project):
    request = {"id": 1, "command": "run", "project": str(project.path), "until": "features", "device": "cpu"}
    worker.say(request)
    worker.hear("stage_started")
    worker.say({"id": 1, "command": "cancel"})
    assert worker.hear("report", "failed")["error"]["type"] == "Cancelled"
    worker.say(request)
    assert worker.hear("report", "failed")["event"] == "report"


@pytest.mark.parametrize("end", [lambda worker: worker.process.stdin.close(), lambda worker: worker.process.kill()])
def test_when_the_window_goes_the_worker_goes_and_leaves_the_project_free(worker, project, end: Callable[[Conversation], None]):
    worker.say({"id": 1, "command": "run", "project": str(project.path), "until": "features", "device": "cpu"})
    worker.hear("stage_started")
    process = psutil.Process(worker.process.pid)
    end(worker)
    assert not psutil.wait_procs([process], timeout=GENEROUS)[1]
    with project.lock():
        pass
