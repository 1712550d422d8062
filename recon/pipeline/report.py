"""`report.json`: what a run found, per photo and per stage, and what it was made with."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from recon.pipeline.config import canonical
from recon.pipeline.plan import Request
from recon.pipeline.settings import preset_config
from recon.pipeline.stage import Artifact, Stage
from recon.project.files import read_json, write_json
from recon.project.project import Project
from recon.project.store import Record

_LIBRARIES = ("photolith", "torch", "pycolmap", "open3d", "opencv-python-headless", "numpy")


@dataclass(frozen=True)
class StageEntry:
    """What a run did with a stage.

    Args:
        artifact: Its result.
        record: Of the artifact.
        reused: Whether it was there before.
        items_computed: How many items were missing.
    """

    artifact: Artifact
    record: Record | None
    reused: bool
    items_computed: int


def make_report(request: Request, entries: Mapping[str, StageEntry], seconds: float, outcome: Mapping[str, Any]) -> dict[str, Any]:
    """The report as plain values.

    Args:
        request: What was asked for.
        entries: Stage name -> what was done, for the stages that were run or reused.
        seconds: Of the whole run.
        outcome: How it ended: 'state' is 'done', 'cancelled' or 'failed'; of the last two also the stage, its title and the error.
    """
    project, registration = request.project, _registration(entries)
    return {
        "project": project.name,
        "outcome": dict(outcome),
        "preset": project.preset,
        "seed": request.asked.seed,
        "deterministic": request.asked.deterministic,
        "seconds": round(seconds, 2),
        "photos": _photos(project, entries, registration),
        "models": registration.get("models", []),
        "note": registration.get("note", ""),
        "stages": {stage.name: _stage(request, stage, entries[stage.name]) for stage in request.stages if stage.name in entries},
        "versions": {name: found for name in _LIBRARIES if (found := _version(name))} | {"python": platform.python_version()},
    }


def write_report(report: Mapping[str, Any], outputs: Path) -> None:
    """Writes `outputs/report.json`.

    Raises:
        ResourceError: Disk full.
    """
    outputs.mkdir(parents=True, exist_ok=True)
    write_json(outputs / "report.json", dict(report))


def _stage(request: Request, stage: Stage, entry: StageEntry) -> dict[str, Any]:
    values, usual = canonical(request.settings[stage.name]), canonical(preset_config(stage, request.project.preset))
    result = {
        "title": stage.title,
        "version": stage.version,
        "digest": entry.artifact.digest,
        "reused": entry.reused,
        "items_computed": entry.items_computed,
        "settings": values,
        "changed_settings": {name: value for name, value in values.items() if usual[name] != value},
    }
    record = entry.record
    if record is not None:
        result |= {"seconds": round(record.seconds, 2), "peak_memory": record.peak_memory, "device": record.device, "notes": record.notes}
    return result


def _photos(project: Project, entries: Mapping[str, StageEntry], registration: Mapping[str, Any]) -> dict[str, Any]:
    """Photo id -> verdict, and whether it was placed or why not."""
    result: dict[str, dict[str, Any]] = {photo.id: {"enabled": photo.enabled, "digest": photo.digest} for photo in project.photos}
    for photo in _read(entries, "photos", "photos.json").get("photos", []):
        facts = {name: photo.get(name) for name in ("verdict", "reason", "usable", "width", "height", "figures")}
        result.setdefault(photo["id"], {}).update(facts)
    for name, placed in registration.get("photos", {}).items():
        result.setdefault(name, {})["registration"] = placed
    return result


def _registration(entries: Mapping[str, StageEntry]) -> dict[str, Any]:
    return _read(entries, "sfm", "registration.json")


def _read(entries: Mapping[str, StageEntry], stage: str, name: str) -> dict[str, Any]:
    """A JSON file that a stage left; empty when it was not run."""
    return dict(read_json(entries[stage].artifact.path / name)) if stage in entries else {}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
