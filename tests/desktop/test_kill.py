"""Real runs that are killed, stopped, moved and changed: no finished item is computed twice, and the result is always the same."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from PIL import Image

from desktop.compose import stages
from recon.pipeline.plan import plan
from recon.project import Project
from tests.recon.sfm.tiny_scene import photograph

ROOT = Path(__file__).parents[2]
SMALL = (
    "features.max_features=1500",
    "depth.max_size=160",
    "depth.sources=2",
    "depth.rounds=1",
    "refine.method=statistical",
    "mesh.max_faces=4000",
)
OPTIONS = ["--preset", "draft", *(word for setting in SMALL for word in ("--set", setting)), "--deterministic", "--device", "cpu", "--json"]
DEATHS = {
    "photos": ("item", 5),
    "features": ("item", 4),
    "matches": ("item", 11),
    "sfm": ("step", 2),
    "undistort": ("item", 3),
    "depth": ("item", 7),
    "cloud": ("item", 6),
    "refine": ("step", 1),
    "mesh": ("step", 2),
    "texture": ("step", 2),
}
"""Stage -> after how many of its items or steps the process group is killed, while it is at the next."""
MAIN = ("-c", "import sys; from desktop.cli.main import main; sys.exit(main())")
GENEROUS = 60

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals")


@pytest.fixture(scope="module")
def photos(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    photograph(folder, [f"{i:02d}.jpg" for i in range(8)])
    return folder


@pytest.fixture(scope="module")
def undisturbed(photos, tmp_path_factory) -> Path:
    """A finished project."""
    project = tmp_path_factory.mktemp("undisturbed") / "project"
    finish(start(photos, project))
    return project


def start(photos: Path, project: Path, *more: str, module: tuple[str, ...] = MAIN) -> subprocess.Popen[str]:
    """The command line in a process group of its own."""
    command = [sys.executable, *module, "reconstruct", str(photos), "-o", str(project), *OPTIONS, *more]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def finish(process: subprocess.Popen[str]) -> list[dict]:
    out, err = process.communicate(timeout=240)
    assert process.returncode == 0, err
    return [json.loads(line) for line in out.splitlines()]


def finished_items(project: Path) -> dict[Path, tuple[int, int]]:
    """What no later run may compute again."""
    files = [path for path in (project / "items").rglob("*") if path.is_file()]
    return {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in files}


def wait_for_children(project: Path) -> None:
    """Waits until no process works in the project any more; fails when one outlives its parent."""
    of_project = [p for p in psutil.process_iter(["cmdline"]) if any(str(project) in word for word in p.info["cmdline"] or [])]
    assert not psutil.wait_procs(of_project, timeout=GENEROUS)[1]


def photos_of(project: Path) -> dict:
    return json.loads((project / "outputs" / "report.json").read_text())["photos"]


def outputs(project: Path) -> dict[str, bytes]:
    folder = project / "outputs"
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file() and p.stem != "report"}


def test_killed_in_every_stage_the_result_is_that_of_an_undisturbed_run(photos, undisturbed, tmp_path):
    assert list(DEATHS) == [stage.name for stage in stages()]
    disturbed = tmp_path / "disturbed"
    survivors: dict[Path, tuple[int, int]] = {}
    for stage, (moment, number) in DEATHS.items():
        killed = start(photos, disturbed, module=("-m", "tests.desktop.mortal", stage, moment, str(number)))
        out, err = killed.communicate(timeout=240)
        assert killed.returncode == -signal.SIGKILL, err
        assert json.loads(out.splitlines()[-1])["stage"] == stage
        wait_for_children(disturbed)
        left = finished_items(disturbed)
        assert survivors.items() <= left.items()
        survivors = left
        if moment == "item":
            assert len([path for path in left if path.parts[-3] == stage]) >= number
    finish(start(photos, disturbed))
    assert survivors.items() <= finished_items(disturbed).items()
    assert photos_of(disturbed) == photos_of(undisturbed)
    first, second = Project.open(undisturbed), Project.open(disturbed)
    for stage in DEATHS:
        assert second.artifact(stage).digest == first.artifact(stage).digest, stage
    assert outputs(disturbed).keys() >= {
        "cloud.ply",
        "cloud_refined.ply",
        "mesh.ply",
        "mesh.obj",
        "mesh.png",
        "mesh.glb",
        "sparse/images.bin",
        "depth/00.jpg.npz",
    }
    assert outputs(disturbed) == outputs(undisturbed)
    assert finished_items(disturbed).keys() == {disturbed / path.relative_to(undisturbed) for path in finished_items(undisturbed)}
    assert not list((disturbed / "tmp").iterdir())
    assert not list(disturbed.rglob(".*"))


@pytest.mark.parametrize(("number", "stage"), [(signal.SIGINT, "matches"), (signal.SIGTERM, "sfm")])
def test_a_signal_to_the_whole_group_stops_cleanly_and_the_project_goes_on(photos, tmp_path, number, stage):
    process = start(photos, tmp_path / "p")
    assert process.stdout is not None
    for line in process.stdout:
        event = json.loads(line)
        if event["event"] == "progress" and event["stage"] == stage:
            os.killpg(process.pid, number)
            break
    out, err = process.communicate(timeout=GENEROUS)
    assert process.returncode == 130
    assert json.loads(out.splitlines()[-1])["error"]["type"] == "Cancelled"
    assert "Run the same command again" in err
    wait_for_children(tmp_path / "p")
    project = Project.open(tmp_path / "p")
    with project.lock():
        states = {item.name: item.state for item in plan(project, stages(), device="cpu", deterministic=True)}
    assert states["photos"] == states["features"] == "fresh"
    assert states["mesh"] == "never"
    assert not list((tmp_path / "p" / "tmp").iterdir())


def test_elsewhere_and_with_a_change_only_what_depends_on_it_runs_again(photos, undisturbed, tmp_path):
    moved = tmp_path / "moved"
    shutil.copytree(undisturbed, moved)
    report = finish(start(photos, moved, "--set", "mesh.max_faces=3000"))[-1]["report"]
    assert [name for name, stage in report["stages"].items() if not stage["reused"]] == ["mesh", "texture"]
    assert outputs(moved)["cloud.ply"] == outputs(undisturbed)["cloud.ply"]
    assert outputs(moved)["mesh.ply"] != outputs(undisturbed)["mesh.ply"]
    changed = moved / "photos" / "07.jpg"
    Image.open(changed).save(changed, quality=80)
    report = finish(start(photos, moved, "--until", "matches"))[-1]["report"]
    assert {name: stage["items_computed"] for name, stage in report["stages"].items()} == {"photos": 2, "features": 1, "matches": 7}
