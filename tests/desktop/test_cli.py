"""The command line: what it prints, leaves and returns."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import resources
from recon.io.formats import read_mesh, write_cloud, write_mesh
from recon.project import Project
from recon.scene import PointCloud, TriMesh

ROOT = Path(__file__).parents[2]
DEMO = sorted(resources.path("demo/photos").glob("*.jpg"))


@pytest.fixture
def pair(tmp_path) -> Path:
    """A folder with two photos of the demo."""
    folder = tmp_path / "shots"
    folder.mkdir()
    for path in DEMO[:2]:
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


@pytest.fixture
def finished(pair, tmp_path) -> Path:
    """A project with outputs as a finished run leaves them."""
    project = Project.create(tmp_path / "p")
    project.add_photos(pair)
    project.outputs.mkdir()
    corners = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], np.float32)
    faces = np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]], np.int32)
    write_mesh(TriMesh(corners, faces, colors=np.full((4, 3), 0.5, np.float32)), project.outputs / "mesh.ply")
    write_cloud(PointCloud(corners), project.outputs / "cloud.ply")
    return project.path


def events_of(out: str) -> list[dict]:
    return [json.loads(line) for line in out.splitlines()]


def test_reconstruct_prints_events_and_leaves_a_report(photolith, pair, tmp_path):
    code, out, err = photolith("reconstruct", pair, "-o", tmp_path / "p", "--until", "photos", "--device", "cpu", "--seed", 5, "--json")
    assert code == 0, err
    events = events_of(out)
    assert [event["event"] for event in events if event["event"] != "progress"][:2] == ["run_started", "stage_started"]
    report = events[-1]["report"]
    assert report == json.loads((tmp_path / "p" / "outputs" / "report.json").read_text())
    assert {entry["verdict"] for entry in report["photos"].values()} == {"ok"}
    assert (report["seed"], report["preset"]) == (5, "balanced")
    again = photolith("reconstruct", pair, "-o", tmp_path / "p", "--until", "photos", "--device", "cpu", "--json")
    assert events_of(again[1])[-1]["report"]["stages"]["photos"]["reused"]


def test_a_project_goes_on_without_the_folder_its_photos_came_from(photolith, pair, tmp_path):
    common = ["-o", tmp_path / "p", "--until", "photos", "--device", "cpu", "--json"]
    assert photolith("reconstruct", *common)[0] == 3
    assert photolith("reconstruct", pair, *common)[0] == 0
    shutil.rmtree(pair)
    code, out, err = photolith("reconstruct", *common)
    assert code == 0, err
    assert events_of(out)[-1]["report"]["stages"]["photos"]["reused"]


def test_a_person_reads_progress_on_stderr_and_the_outcome_on_stdout(photolith, pair, tmp_path):
    (pair / "broken.jpg").write_text("no picture at all")
    (pair / "empty.png").touch()
    code, out, err = photolith("reconstruct", pair, "-o", tmp_path / "p", "--until", "photos", "--device", "cpu")
    assert code == 0, err
    assert "Photos" in err
    assert "empty.png" in err
    assert "broken.jpg" in out
    assert str(tmp_path / "p" / "outputs") in out
    assert "✓" not in out


def test_choices_are_kept_in_the_project(photolith, pair, tmp_path):
    Image.new("L", (800, 600), 255).save(tmp_path / f"{DEMO[0].stem}.png")
    (tmp_path / "masks").mkdir()
    (tmp_path / f"{DEMO[0].stem}.png").rename(tmp_path / "masks" / f"{DEMO[0].stem}.png")
    write = ["--masks", tmp_path / "masks", "--cameras", resources.path("demo/cameras.json"), "--cameras-use", "intrinsics", "--link"]
    settings = ["--preset", "draft", "--set", "depth.max_size=480", "--set", "depth.cost=census", "--features", "sift"]
    common = ["--until", "photos", "--device", "cpu"]
    assert photolith("reconstruct", pair, "-o", tmp_path / "p", *write, *settings, *common)[0] == 0
    project = Project.open(tmp_path / "p")
    assert project.settings == {"depth": {"max_size": 480, "cost": "census"}, "features": {"extractor": "sift"}}
    assert (project.preset, project.cameras_use, list(project.masks)) == ("draft", "intrinsics", [DEMO[0].name])
    assert all(photo.linked for photo in project.photos)
    assert photolith("reconstruct", pair, "-o", tmp_path / "p", "--cameras-use", "poses", *common)[0] == 0
    project.reload()
    assert (project.preset, project.cameras_use) == ("draft", "poses")
    assert project.cameras.is_file()


@pytest.mark.parametrize(
    ("options", "code", "word"),
    [
        (["--set", "depth.nonsense=1"], 4, "nonsense"),
        (["--set", "depth.max_size=many"], 4, "int"),
        (["--set", "depth.max_size=1"], 4, "smallest"),
        (["--set", "dpeth.max_size=640"], 4, "dpeth"),
        (["--set", "max_size"], 4, "not a setting"),
        (["--features", "magic"], 4, "magic"),
        (["--preset", "heroic"], 4, "heroic"),
        (["--until", "lunch"], 4, "lunch"),
        (["--colour"], 2, "--colour"),
    ],
)
def test_a_wrong_choice_is_named_before_anything_is_made(photolith, pair, tmp_path, options, code, word):
    found, _, err = photolith("reconstruct", pair, "-o", tmp_path / "p", *options)
    assert found == code
    assert word in err
    assert not (tmp_path / "p").exists()


@pytest.mark.parametrize(
    ("options", "code", "word"),
    [
        (["--device", "abacus"], 4, "abacus"),
        (["--device", "mps"], 8, "not available"),
        (["--cameras", "nowhere.json"], 3, "nowhere.json"),
        (["--cameras-use", "intrinsics"], 3, "--cameras"),
        (["--masks", "nowhere"], 3, "nowhere"),
    ],
)
def test_each_kind_of_failure_has_its_exit_code_and_says_what_to_do(photolith, pair, tmp_path, options, code, word):
    if "mps" in options and sys.platform == "darwin":
        pytest.skip("it may be there")
    found, out, err = photolith("reconstruct", pair, "-o", tmp_path / "p", "--until", "photos", "--json", *options)
    assert found == code
    assert word in err
    failed = events_of(out)[-1]
    assert failed["event"] == "failed"
    assert failed["error"]["what"] in err
    assert failed["error"]["remedy"] in err


@pytest.mark.skipif(os.name == "nt", reason="names of folders that Linux and macOS refuse")
@pytest.mark.parametrize("name", ["n" * 300, "file.txt/p"])
def test_a_folder_that_the_system_refuses_is_told_in_words(photolith, pair, tmp_path, name):
    (tmp_path / "file.txt").write_text("no folder")
    code, out, err = photolith("reconstruct", pair, "-o", tmp_path / name, "--json")
    assert code in (3, 5)
    assert len(err.strip().splitlines()) >= 3
    assert "Traceback" not in err
    assert events_of(out)[-1]["error"]["what"] in err


def test_photos_that_cannot_be_used_end_with_their_reasons(photolith, tmp_path):
    (tmp_path / "shots").mkdir()
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / "shots" / name).write_text("no picture")
    code, _, err = photolith("reconstruct", tmp_path / "shots", "-o", tmp_path / "p", "--device", "cpu")
    assert code == 3
    assert "a.jpg" in err
    assert "b.jpg" in err


def test_a_folder_without_photos_or_none_at_all_is_input_error(photolith, tmp_path):
    (tmp_path / "notes.txt").write_text("no picture")
    for path in (tmp_path, tmp_path / "missing"):
        code, _, err = photolith("reconstruct", path, "-o", tmp_path / "p")
        assert code == 3
        assert str(path) in err
    assert not (tmp_path / "p").exists()


def test_photos_without_overlap_are_the_photos_fault(photolith, tmp_path):
    rng = np.random.default_rng(0)
    (tmp_path / "shots").mkdir()
    for i in range(2):
        blotches = Image.fromarray(rng.integers(0, 255, (60, 80, 3), np.uint8)).resize((640, 480), Image.Resampling.BICUBIC)
        blotches.save(tmp_path / "shots" / f"{i}.png")
    code, _, err = photolith("reconstruct", tmp_path / "shots", "-o", tmp_path / "p", "--device", "cpu")
    assert code == 7
    assert "overlap" in err


def test_a_folder_of_something_else_or_a_project_in_use_is_refused(photolith, pair, tmp_path):
    assert photolith("reconstruct", pair, "-o", pair)[0] == 5
    project = Project.create(tmp_path / "p")
    project.add_photos(pair)
    with project.lock():
        code, out, err = photolith("reconstruct", pair, "-o", project.path, "--json", "--device", "cpu")
    assert code == 6
    assert str(os.getpid()) in err
    assert events_of(out)[-1]["error"]["type"] == "ProjectLockedError"


def test_info_tells_the_state_of_each_stage_and_why(photolith, pair, tmp_path):
    photolith("reconstruct", pair, "-o", tmp_path / "p", "--until", "photos", "--device", "cpu")
    told = json.loads(photolith("info", tmp_path / "p", "--json")[1])
    assert told["photos"] == [path.name for path in DEMO[:2]]
    states = {stage["name"]: stage["state"] for stage in told["stages"]}
    assert (states["photos"], states["features"], states["mesh"]) == ("fresh", "never", "never")
    code, out, _ = photolith("info", tmp_path / "p")
    assert code == 0
    assert "2 photos" in out
    assert photolith("info", pair)[0] == 5


def test_export_writes_what_the_suffix_names(photolith, finished, tmp_path):
    for suffix in (".ply", ".obj", ".glb", ".stl"):
        code, out, err = photolith("export", finished, tmp_path / f"m{suffix}")
        assert code == 0, err
        assert str(tmp_path / f"m{suffix}") in out
        assert len(read_mesh(tmp_path / f"m{suffix}").faces) == 4
    assert photolith("export", finished, tmp_path / "c.xyz")[0] == 0
    assert len((tmp_path / "c.xyz").read_text().split("\n")) >= 4
    assert photolith("export", finished, tmp_path / "c.ply", "--what", "cloud")[0] == 0


def test_export_takes_the_texture_along_where_the_format_has_one_unless_the_surface_is_newer(photolith, finished, tmp_path):
    mesh = finished / "outputs" / "mesh.ply"
    plain = read_mesh(mesh)
    uv = np.tile(np.array([[0.1, 0.1], [0.9, 0.1], [0.1, 0.9]], np.float32), (4, 1, 1))
    picture = np.full((16, 16, 3), (200, 40, 40), np.uint8)
    write_mesh(replace(plain, colors=None, uv=uv, texture=picture), mesh.with_suffix(".obj"))
    for suffix in (".obj", ".glb"):
        assert photolith("export", finished, tmp_path / f"m{suffix}")[0] == 0
        assert read_mesh(tmp_path / f"m{suffix}").texture is not None, suffix
    os.utime(mesh, (4e9, 4e9))
    assert photolith("export", finished, tmp_path / "old.glb")[0] == 0
    assert read_mesh(tmp_path / "old.glb").texture is None, "an old texture was exported with a new surface"


@pytest.mark.parametrize(
    ("target", "options", "code"),
    [("m.doc", [], 3), ("m.obj", ["--what", "soul"], 3), ("m.xyz", ["--what", "mesh"], 3), ("no/m.obj", [], 8)],
)
def test_export_that_cannot_be_says_what_to_do(photolith, finished, tmp_path, target, options, code):
    found, _, err = photolith("export", finished, tmp_path / target, *options)
    assert found == code
    assert len(err.splitlines()) >= 2


def test_export_of_what_is_not_there_says_what_to_do(photolith, pair, tmp_path):
    Project.create(tmp_path / "p").add_photos(pair)
    for target in ("m.obj", "c.xyz"):
        code, _, err = photolith("export", tmp_path / "p", tmp_path / target)
        assert code == 3
        assert "Run the reconstruction" in err


def test_render_draws_the_model(photolith, finished, tmp_path):
    code, _, err = photolith("render", finished, "-o", tmp_path / "r.png", "--width", 64, "--height", 48, "--view", "front")
    assert code == 0, err
    image = np.asarray(Image.open(tmp_path / "r.png"))
    assert image.shape[:2] == (48, 64)
    assert len(np.unique(image.reshape(-1, image.shape[2]), axis=0)) > 5
    assert photolith("render", finished, "-o", tmp_path / "r.png", "--view", "inside")[0] == 3


def test_evaluate_measures_against_the_truth(photolith, finished, tmp_path):
    write_mesh(read_mesh(finished / "outputs" / "mesh.ply"), tmp_path / "truth.ply")
    code, out, err = photolith("evaluate", finished, "--surface", tmp_path / "truth.ply", "--no-align", "--threshold", "0.05")
    assert code == 0, err
    assert json.loads(out)["mesh"]
    assert photolith("evaluate", finished)[0] == 4


def test_help_names_every_command_and_loads_nothing_heavy():
    script = (
        "import sys\nfrom desktop.cli.main import main\nsys.argv[1:] = ['--help']\n"
        "try:\n    main()\nfinally:\n    print([m for m in ('torch', 'open3d', 'pycolmap', 'PySide6', 'cv2', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.splitlines()[-1] == "[]"
    for command in ("reconstruct", "info", "export", "evaluate", "render", "doctor", "bench", "gui"):
        assert command in done.stdout


def test_signals_are_the_shells_own_again_after_a_run(photolith, pair, tmp_path):
    before = signal.getsignal(signal.SIGINT)
    photolith("reconstruct", pair, "-o", tmp_path / "p", "--until", "photos", "--device", "cpu")
    assert signal.getsignal(signal.SIGINT) is before


def test_bench_names_its_measurements(photolith):
    code, out, _ = photolith("bench")
    assert code == 0
    assert "reconstruct" in out.split()
    assert photolith("bench", "nonsense")[0] == 3
