"""Whenever the process dies or the disk fails, the project is whole, and the next run gives the result of an undisturbed one."""

from __future__ import annotations

import errno
import os
import shutil
import signal

import pytest

from recon.errors import ProjectError, ResourceError
from recon.pipeline.runner import run
from recon.project import Project
from tests.recon.pipeline.moments import at_change
from tests.recon.pipeline.toys import STAGES, Sizes
from tests.recon.project.conftest import picture

FAILURES = {errno.ENOSPC: ResourceError, errno.EACCES: ProjectError, errno.EROFS: ProjectError}


def failing(code):
    """What the system does on such a disk."""

    def fail():
        raise OSError(code, os.strerror(code), "somewhere")

    return fail


def outputs(project):
    return {str(p.relative_to(project)): p.read_text() for p in (project / "outputs").rglob("*") if p.is_file() and p.suffix == ".txt"}


@pytest.fixture
def changed(tmp_path):
    """A project that was run once and whose settings then changed, so that every result has to be replaced."""
    Sizes.stop_after = None
    project = Project.create(tmp_path / "project")
    project.add_photos([picture(tmp_path / f"p{i}.png", i) for i in range(2)])
    run(project, STAGES, device="cpu")
    project.set_settings("photos", {"add": 1})
    project.set_settings("total", {"add": 2})
    return project.path


@pytest.fixture
def expected(changed, tmp_path):
    """Outputs of an undisturbed run of it."""
    shutil.copytree(changed, tmp_path / "undisturbed")
    run(Project.open(tmp_path / "undisturbed"), STAGES, device="cpu")
    return outputs(tmp_path / "undisturbed")


def restored(changed, tmp_path):
    """A fresh copy of the project, at the same place every time."""
    folder = tmp_path / "copy"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(changed, folder)
    return folder


def settle(folder, expected):
    """Runs to the end and checks that nothing tells of what happened before."""
    before = {path: path.stat().st_mtime_ns for path in (folder / "items").rglob("*.txt")}
    run(Project.open(folder), STAGES, device="cpu")
    assert outputs(folder) == expected
    items = {path: path.stat().st_mtime_ns for path in (folder / "items").rglob("*.txt")}
    assert all(before.get(path, time) == time for path, time in items.items())
    assert len(items) == 4
    assert sorted(path.name for path in (folder / "artifacts").iterdir()) == ["photos", "total"]
    assert [len(list(stage.iterdir())) for stage in (folder / "artifacts").iterdir()] == [2, 2]
    assert not list((folder / "tmp").iterdir())
    assert not list(folder.rglob(".*"))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_killed_at_any_change_of_the_disk_the_next_run_puts_everything_right(changed, expected, tmp_path):
    for number in range(1000):
        folder = restored(changed, tmp_path)
        child = os.fork()
        if child == 0:
            with at_change(folder, number, lambda: os.kill(os.getpid(), signal.SIGKILL)):
                run(Project.open(folder), STAGES, device="cpu")
            os._exit(0)
        _, status = os.waitpid(child, 0)
        settle(folder, expected)
        if status == 0:
            break
        assert os.WTERMSIG(status) == signal.SIGKILL
    assert number > 40


def test_a_disk_that_is_full_at_any_change_is_a_typed_error_and_the_next_run_puts_everything_right(changed, expected, tmp_path):
    raised: list[ResourceError] = []
    for number in range(1000):
        folder = restored(changed, tmp_path)
        try:
            with at_change(folder, number, failing(errno.ENOSPC)) as count:
                run(Project.open(folder), STAGES, device="cpu")
        except ResourceError as error:
            raised.append(error)
        settle(folder, expected)
        if count() <= number:
            break
    assert len(raised) > 30
    assert all("disk is full" in error.what and error.remedy for error in raised)


CHANGES = {
    "import": lambda project, given: project.add_photos(given / "shots"),
    "link": lambda project, given: project.add_photos(given / "shots", link=True),
    "remove": lambda project, given: project.remove_photos(["p0.png"]),
    "masks": lambda project, given: project.set_masks(given / "masks"),
    "cameras": lambda project, given: project.set_cameras(given / "cameras.json"),
    "settings": lambda project, given: project.set_settings("total", {"add": 3}),
}


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS])
@pytest.mark.parametrize("name", CHANGES)
def test_a_change_of_the_project_on_a_failing_disk_is_a_typed_error_and_all_or_nothing(tmp_path, name, code):
    picture(tmp_path / "masks" / "p0.png")
    (tmp_path / "cameras.json").write_text('{"cameras": []}')
    made = Project.create(tmp_path / "project")
    first, *_ = [picture(tmp_path / "shots" / f"p{i}.png", i) for i in range(3)]
    made.add_photos(first)
    before = (made.path / "manifest.json").read_bytes()
    failed = 0
    for number in range(100):
        folder = restored(made.path, tmp_path)
        try:
            with at_change(folder, number, failing(code)) as count:
                CHANGES[name](Project.open(folder), tmp_path)
        except FAILURES[code]:
            failed += 1
            assert (folder / "manifest.json").read_bytes() == before
            assert Project.open(folder).photos[0].file.exists()
            CHANGES[name](Project.open(folder), tmp_path)
        assert (folder / "manifest.json").read_bytes() != before
        if count() <= number:
            break
    assert failed > 3


@pytest.mark.parametrize("code", FAILURES)
def test_a_project_that_cannot_be_made_is_a_typed_error(tmp_path, code):
    with pytest.raises(FAILURES[code]), at_change(tmp_path / "new", 0, failing(code)):
        Project.create(tmp_path / "new")
