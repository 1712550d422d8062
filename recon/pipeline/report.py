"""`report.json`: what a run found, per photo and per stage, and what it was made with."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from recon.pipeline.config import canonical
from recon.pipeline.keys import Conditions
from recon.pipeline.settings import preset_config
from recon.pipeline.stage import Artifact, Stage
from recon.project.files import write_json
from recon.project.project import Project

_LIBRARIES = ("photolith", "torch", "pycolmap", "open3d", "opencv-python-headless", "numpy")


def make_report(
    project: Project,
    stages: Sequence[Stage],
    settings: Mapping[str, Any],
    done: Mapping[str, Artifact],
    entries: Mapping[str, Mapping[str, Any]],
    asked: Conditions,
    seconds: float,
) -> dict[str, Any]:
    """The report as plain values.

    Args:
        project: Whose report it is.
        stages: The stages that were run or reused.
        settings: Stage name -> config.
        done: Stage name -> artifact.
        entries: Stage name -> record, reused, items_computed.
        asked: Device, seed and determinism that were asked for.
        seconds: Of the whole run.
    """
    return {
        "project": project.name,
        "preset": project.preset,
        "seed": asked.seed,
        "deterministic": asked.deterministic,
        "seconds": round(seconds, 2),
        "photos": _photos(project, done),
        "models": _registration(done).get("models", []),
        "note": _registration(done).get("note", ""),
        "stages": {stage.name: _stage(project, stage, settings[stage.name], done[stage.name], entries[stage.name]) for stage in stages},
        "versions": {name: found for name in _LIBRARIES if (found := _version(name))} | {"python": platform.python_version()},
    }


def write_report(report: Mapping[str, Any], outputs: Path) -> None:
    """Writes `outputs/report.json`.

    Raises:
        ResourceError: Disk full.
    """
    outputs.mkdir(parents=True, exist_ok=True)
    write_json(outputs / "report.json", dict(report))


def _stage(project: Project, stage: Stage, config: Any, artifact: Artifact, entry: Mapping[str, Any]) -> dict[str, Any]:
    values, usual = canonical(config), canonical(preset_config(stage, project.preset))
    result = {
        "title": stage.title,
        "version": stage.version,
        "digest": artifact.digest,
        "reused": entry["reused"],
        "items_computed": entry["items_computed"],
        "settings": values,
        "changed_settings": {name: value for name, value in values.items() if usual[name] != value},
    }
    record = entry["record"]
    if record is not None:
        result |= {"seconds": round(record.seconds, 2), "peak_memory": record.peak_memory, "device": record.device, "notes": record.notes}
    return result


def _photos(project: Project, done: Mapping[str, Artifact]) -> dict[str, Any]:
    """Photo id -> verdict, and whether it was placed or why not."""
    result: dict[str, dict[str, Any]] = {photo.id: {"enabled": photo.enabled, "digest": photo.digest} for photo in project.photos}
    if "photos" in done:
        path = done["photos"].path / "photos.json"
        for entry in json.loads(path.read_text(encoding="utf-8"))["photos"]:
            facts = {name: entry.get(name) for name in ("verdict", "reason", "usable", "width", "height", "figures")}
            result.setdefault(entry["id"], {}).update(facts)
    for name, entry in _registration(done).get("photos", {}).items():
        result.setdefault(name, {})["registration"] = entry
    return result


def _registration(done: Mapping[str, Artifact]) -> dict[str, Any]:
    if "sfm" not in done:
        return {}
    return dict(json.loads((done["sfm"].path / "registration.json").read_text(encoding="utf-8")))


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
