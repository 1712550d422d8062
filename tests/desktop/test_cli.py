"""The command line: what it prints, leaves and returns."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import resources

ROOT = Path(__file__).parents[2]


def photolith(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "import sys; from desktop.cli.main import main; sys.exit(main())", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def test_reconstruct_prints_events_and_leaves_a_report(tmp_path):
    photos = sorted(resources.path("demo/photos").glob("*.jpg"))[:2]
    done = photolith("reconstruct", *photos, "-o", tmp_path / "p", "--until", "photos", "--json")
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert events[-1]["event"] == "report"
    assert events[-1]["report"] == json.loads((tmp_path / "p" / "outputs" / "report.json").read_text())
    assert {entry["verdict"] for entry in events[-1]["report"]["photos"].values()} == {"ok"}
    told = photolith("info", tmp_path / "p", "--json")
    assert {stage["name"]: stage["state"] for stage in json.loads(told.stdout)["stages"]}["photos"] == "fresh"


def test_a_folder_without_photos_is_input_error(tmp_path):
    (tmp_path / "notes.txt").write_text("no picture")
    done = photolith("reconstruct", tmp_path, "-o", tmp_path / "p")
    assert done.returncode == 3
    assert "no pictures" in done.stderr


def test_an_unknown_setting_is_named_before_anything_is_made(tmp_path):
    done = photolith("reconstruct", resources.path("demo/photos"), "-o", tmp_path / "p", "--set", "depth.nonsense=1")
    assert done.returncode == 4
    assert "nonsense" in done.stderr
    assert not (tmp_path / "p").exists()


def test_export_of_what_is_not_there_says_what_to_do(tmp_path):
    photos = sorted(resources.path("demo/photos").glob("*.jpg"))[:2]
    photolith("reconstruct", *photos, "-o", tmp_path / "p", "--until", "photos")
    assert photolith("export", tmp_path / "p", tmp_path / "m.obj").returncode == 3
    wrong = photolith("export", tmp_path / "p", tmp_path / "m.doc")
    assert wrong.returncode == 3
    assert ".obj" in wrong.stderr
