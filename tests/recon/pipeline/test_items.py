"""Items in threads, their progress, and what stops them."""

from __future__ import annotations

import json
import threading
import time
from typing import ClassVar

import numpy as np
import pytest

from recon.errors import Cancelled, InputError
from recon.pipeline.events import Reporter
from recon.pipeline.runner import run
from recon.pipeline.stage import Item, Progress, Stage
from recon.project import Project
from tests.recon.pipeline.toys import AddConfig
from tests.recon.project.conftest import picture

COUNT = 12
GENEROUS = 20


class Many(Stage):
    """Twelve items in threads; what each does can be chosen."""

    name, title, version, config_type, parallel_items = "many", "Many", 1, AddConfig, True
    work: ClassVar = staticmethod(lambda item, context: None)

    def run(self, inputs, config, context):
        def compute(item, path):
            self.work(item, context)
            path.write_text(item.name)

        files = context.items([Item(f"a__{i:02d}", (i,)) for i in range(COUNT)], compute, ".txt")
        assert [path.read_text() for path in files.values()] == list(files)
        context.note("numbers", {"mean": np.float32(1.5), "none": float("nan"), "far": np.inf, "list": np.arange(2), "pair": (1, 2)})


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.setattr("recon.pipeline.runner.cores", lambda: 4)
    monkeypatch.setattr(Many, "work", staticmethod(lambda item, context: None))
    made = Project.create(tmp_path / "p")
    made.add_photos(picture(tmp_path / "a.png"))
    return made


def go(project, **options):
    events: list[dict] = []
    report = run(project, (Many(),), device="cpu", on_event=events.append, **options)
    return report["stages"]["many"], events


def test_items_keep_their_order_whatever_thread_was_first(project, monkeypatch):
    threads = set()
    gate = threading.Barrier(4)

    def work(item, context):
        threads.add(threading.get_ident())
        gate.wait(GENEROUS)

    monkeypatch.setattr(Many, "work", staticmethod(work))
    stage, events = go(project)
    assert stage["items_computed"] == COUNT
    assert len(threads) == 4
    steps = [event for event in events if event["event"] == "progress"]
    assert (steps[-1]["done"], steps[-1]["total"]) == (COUNT, COUNT)
    assert steps[-1]["detail"].startswith("a · ")
    assert stage["notes"]["numbers"] == {"mean": 1.5, "none": None, "far": None, "list": [0, 1], "pair": [1, 2]}
    assert json.loads((project.outputs / "report.json").read_text())["stages"]["many"]["notes"] == stage["notes"]


def test_an_error_in_one_item_ends_the_stage_and_keeps_what_was_finished(project, monkeypatch):
    def work(item, context):
        if item.name.endswith("05"):
            raise InputError("This one is bad.", "", "Take it out.")

    monkeypatch.setattr(Many, "work", staticmethod(work))
    with pytest.raises(InputError, match="This one"):
        go(project)
    kept = len(list((project.path / "items").rglob("*.txt")))
    assert 0 < kept < COUNT
    monkeypatch.setattr(Many, "work", staticmethod(lambda item, context: None))
    assert go(project)[0]["items_computed"] == COUNT - kept


def test_cancelling_reaches_items_in_all_threads(project, monkeypatch):
    cancel, gate = threading.Event(), threading.Barrier(4)

    def work(item, context):
        gate.wait(GENEROUS)
        cancel.set()
        end = time.monotonic() + GENEROUS
        while time.monotonic() < end:
            context.check_cancelled()
        raise AssertionError("nobody was told")

    monkeypatch.setattr(Many, "work", staticmethod(work))
    with pytest.raises(Cancelled):
        go(project, cancel=cancel)
    assert not list((project.path / "tmp").iterdir())
    assert not list((project.path / "items").rglob("*.txt"))


def test_the_time_left_is_that_of_the_work_of_this_run(monkeypatch):
    clock = [100.0]
    monkeypatch.setattr("recon.pipeline.events.time.monotonic", lambda: clock[0])
    events: list[dict] = []
    reporter = Reporter(events.append)
    reporter.begin_stage("many", "Many")
    reporter.progress("many", Progress(6, 10))  # done by an earlier run
    clock[0] += 4
    reporter.progress("many", Progress(8, 10))
    clock[0] += 0.01
    reporter.progress("many", Progress(9, 10))  # too soon after
    reporter.progress("many", Progress(10, 10))
    told = [(event["done"], event["eta_seconds"]) for event in events if event["event"] == "progress"]
    assert told == [(6, None), (8, 4.0), (10, 0.0)]
    reporter.progress("many", Progress(0, 5))  # a second count starts its own clock
    clock[0] += 1
    reporter.progress("many", Progress(1, 5))
    assert events[-1]["eta_seconds"] == 4.0
