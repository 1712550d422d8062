"""The mapper runs in a process of its own: it can be stopped, and its death is an error with a reason."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

import psutil
import pytest

from recon.errors import Cancelled, ReconstructionError, ResourceError
from recon.pipeline.child import ChildFailed, run_child
from recon.sfm import SfmStage
from tests.recon.stage_harness import make_context

GENEROUS = 20
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere only a thread watches")


def mappers():
    return [child for child in psutil.Process().children() if "recon.sfm.mapper_child" in child.cmdline()]


def place(prepared, folder, **context):
    made = make_context(SfmStage(), folder, project_photos=prepared.photos, **context)
    return made, lambda: SfmStage().run(prepared.inputs, SfmStage.config_type(), made)


def test_cancelling_ends_the_mapper_at_once(prepared, tmp_path):
    context, run = place(prepared, tmp_path)
    seen: set[psutil.Process] = set()

    def check():
        seen.update(mappers())
        if context.cancel.is_set():
            raise Cancelled

    context.check_cancelled = check
    context.progress = lambda step: context.cancel.set()
    with pytest.raises(Cancelled):
        run()
    assert len(seen) == 1
    assert not seen.pop().is_running()
    assert not list(context.output.iterdir())


@pytest.mark.parametrize(
    ("number", "error", "word"), [(signal.SIGKILL, ResourceError, "memory"), (signal.SIGABRT, ReconstructionError, "mapper failed")]
)
def test_a_mapper_that_dies_is_a_typed_error(prepared, tmp_path, number, error, word):
    context, run = place(prepared, tmp_path)

    def kill():
        for child in mappers():
            child.send_signal(number)

    context.check_cancelled = kill
    with pytest.raises(error, match=word) as raised:
        run()
    assert raised.value.remedy


STUBBORN = """
import signal, time
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, signal.SIG_IGN)
print('ready', flush=True)
time.sleep(600)
"""


@pytest.fixture
def stubborn(tmp_path, monkeypatch):
    """A child module that heeds no polite request."""
    (tmp_path / "stubborn_child.py").write_text(STUBBORN)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return "stubborn_child"


def test_a_child_that_heeds_no_signal_is_ended_all_the_same(stubborn):
    ready = threading.Event()

    def check():
        if ready.is_set():
            raise Cancelled

    before = time.monotonic()
    with pytest.raises(Cancelled):
        run_child(stubborn, [], check=check, on_line=lambda line: ready.set())
    assert time.monotonic() - before < GENEROUS
    assert not [child for child in psutil.Process().children() if stubborn in child.cmdline()]


def test_a_failing_child_is_quoted(tmp_path, monkeypatch):
    (tmp_path / "failing_child.py").write_text("raise SystemExit('no such luck')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(ChildFailed, match="no such luck") as failed:
        run_child("failing_child", [], check=lambda: None)
    assert failed.value.code == 1


def test_of_a_traceback_only_the_error_is_told(tmp_path, monkeypatch):
    (tmp_path / "failing_child.py").write_text("def f():\n    raise ValueError('the first line\\nand the second')\nf()\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(ChildFailed) as failed:
        run_child("failing_child", [], check=lambda: None)
    assert failed.value.said == "ValueError: the first line and the second"


def test_stopping_wins_over_a_child_that_the_same_ctrl_c_has_ended(tmp_path, monkeypatch):
    (tmp_path / "failing_child.py").write_text("raise SystemExit(1)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    stop = threading.Event()

    def check():
        if stop.is_set():
            raise Cancelled

    class Ended(subprocess.Popen):
        """A child that is gone before anybody looks."""

        def poll(self):
            self.wait()
            stop.set()
            return super().poll()

    monkeypatch.setattr("recon.pipeline.child.subprocess.Popen", Ended)
    with pytest.raises(Cancelled):
        run_child("failing_child", [], check=check)


@pytest.mark.skipif(os.name != "posix", reason="signals of a terminal")
def test_ctrl_c_in_the_terminal_reaches_only_the_parent(stubborn):
    groups: list[int] = []

    def note(line):
        groups.extend(os.getpgid(c.pid) for c in psutil.Process().children() if stubborn in c.cmdline())

    def check():
        if groups:
            raise Cancelled

    with pytest.raises(Cancelled):
        run_child(stubborn, [], check=check, on_line=note)
    assert groups
    assert groups[0] != os.getpgid(0)


@pytest.mark.parametrize("work", ["time.sleep(600)", pytest.param("re.match('(a+)+b', 'a' * 60)", marks=LINUX)])
def test_a_child_ends_with_the_process_that_started_it(tmp_path, work):
    """The second work lets no other thread of the child run."""
    (tmp_path / "lasting_child.py").write_text(
        f"import re, time\nfrom recon.pipeline.child import follow_parent\nfollow_parent()\nprint('ready', flush=True)\n{work}\n"
    )
    script = (
        "import os, psutil\nfrom recon.pipeline.child import run_child\n"
        "def say(line): print(psutil.Process().children()[0].pid, flush=True)\n"
        "run_child('lasting_child', [], check=lambda: None, on_line=say)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, env=environment) as parent:
        child = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    assert not psutil.wait_procs([child], timeout=GENEROUS)[1]
