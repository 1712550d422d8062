"""One process at a time."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from recon.errors import ProjectLockedError, ResourceError
from recon.project import Project

HOLDER = """
import sys
from recon.project import Project
with Project.open(sys.argv[1]).lock():
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(project):
    """Another process that works on the project."""
    root = Path(__file__).parents[3]
    command = [sys.executable, "-c", HOLDER, str(project.path)]
    with subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_the_second_process_hears_who_holds_the_project(project, holder):
    with pytest.raises(ProjectLockedError, match=str(holder.pid)) as raised, project.lock():
        pass
    assert raised.value.exit_code == 6
    assert "since 20" in raised.value.why


def test_photos_can_be_changed_while_another_process_computes(project, holder):
    project.set_enabled("img1.png", False)
    assert not Project.open(project.path).photos[1].enabled


def test_the_lock_of_a_dead_process_is_free(project, holder):
    holder.kill()
    holder.wait()
    assert json.loads((project.path / "project.lock").read_text())["pid"] == holder.pid
    with project.lock():
        assert json.loads((project.path / "project.lock").read_text())["pid"] == os.getpid()
    assert (project.path / "project.lock").read_text() == ""


def test_the_holder_can_enter_again_and_keeps_it_to_the_end(project):
    other = Project.open(project.path)
    with project.lock():
        with project.lock():
            pass
        with pytest.raises(ProjectLockedError), other.lock():
            pass
    with other.lock():
        pass


@pytest.mark.parametrize("text", ["", "{", "[]", "\x00" * 5000])
def test_an_owner_that_cannot_be_read_does_not_matter(project, text):
    (project.path / "project.lock").write_text(text)
    with project.lock():
        (project.path / "project.lock").write_text(text)
        with pytest.raises(ProjectLockedError, match="works on the project"), Project.open(project.path).lock():
            pass


@pytest.mark.skipif(os.name != "posix", reason="flock")
def test_a_disk_without_locks_is_a_typed_error(project, monkeypatch):
    def flock(*_):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("fcntl.flock", flock)
    with pytest.raises(ResourceError, match="No locks available"), project.lock():
        pass
