"""Reads a project as the window shows it. Pure and Qt-free; runs on a thread."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import resources
from desktop.state import LayerItem, PhotoItem, SettingItem, StageItem, Summary

PLY_HEADER_LIMIT = 64 * 1024


@dataclass(frozen=True)
class Snapshot:
    """A project at one moment."""

    path: Path
    name: str
    preset: str
    photos: tuple[PhotoItem, ...]
    layers: tuple[LayerItem, ...]
    stages: tuple[StageItem, ...]
    summary: Summary


def read_snapshot(path: Path) -> Snapshot:
    """Opens the project at `path` and reads photos, plan, outputs and the last report.

    Raises:
        ProjectError: There is no readable project.
    """
    from desktop.compose import stages as compose
    from recon.pipeline import plan
    from recon.project import Project

    project = Project.open(path)
    report = read_report(project.outputs / "report.json")
    stages = compose()
    states = {item.name: item for item in plan(project, stages)}
    items = tuple(_stage(stage, states[stage.name], project, report) for stage in stages)
    photos = _photos(project)
    layers = find_layers(project.outputs)
    return Snapshot(project.path, project.name, project.preset, photos, layers, items, _summary(photos, layers))


def read_report(path: Path) -> dict[str, Any]:
    """The last report, or {} when there is none that can be read."""
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return report if isinstance(report, dict) else {}


def stage_settings(config_type: type, preset: Mapping[str, Any], own: Mapping[str, Any]) -> tuple[SettingItem, ...]:
    """The settings of a stage: class default, then preset, then what the project says."""
    from recon.pipeline.config import describe

    result = []
    for name, (kind, default, info) in describe(config_type).items():
        base = preset.get(name, default)
        value = own.get(name, base)
        result.append(SettingItem(name, kind, base, value, info.doc, info.unit, info.minimum, info.maximum, info.choices, info.advanced))
    return tuple(result)


def read_preset(name: str) -> dict[str, dict[str, Any]]:
    """Stage -> field -> value of a preset; {} when it has no file."""
    try:
        found = json.loads(resources.path(f"presets/{name}.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return dict(found)


def find_layers(outputs: Path) -> tuple[LayerItem, ...]:
    """What can be shown of the files under `outputs/`."""
    found: list[LayerItem] = []
    sparse = outputs / "sparse"
    images, points = sparse / "images.bin", sparse / "points3D.bin"
    if images.exists():
        found.append(LayerItem("cameras", "cameras", sparse, _stamp(images), _first_count(images), "cameras", facts=_file_facts(images)))
    if points.exists():
        found.append(LayerItem("sparse", "sparse", sparse, _stamp(points), _first_count(points), facts=_file_facts(points)))
    cloud, mesh = outputs / "cloud.ply", outputs / "mesh.ply"
    if cloud.exists():
        vertices, _, fields = ply_counts(cloud)
        facts = {**_file_facts(cloud), "Per point": ", ".join(fields)}
        found.append(LayerItem("cloud", "cloud", cloud, _stamp(cloud), vertices, facts=facts))
    if mesh.exists():
        vertices, faces, fields = ply_counts(mesh)
        facts = {**_file_facts(mesh), "Vertices": _number(vertices), "Per vertex": ", ".join(fields)}
        found.append(LayerItem("mesh", "mesh", mesh, _stamp(mesh), faces, "faces", visible=False, facts=facts))
    return tuple(found)


def ply_counts(path: Path) -> tuple[int | None, int | None, list[str]]:
    """Vertices, faces and what is stored per vertex, from the header alone; None where it is not said."""
    with path.open("rb") as file:
        head = file.read(PLY_HEADER_LIMIT)
    lines = head.split(b"end_header", 1)[0].decode("ascii", errors="replace").splitlines()
    counts: dict[str, int] = {}
    fields: list[str] = []
    element = ""
    for words in (line.split() for line in lines):
        if len(words) == 3 and words[0] == "element" and words[2].isdigit():
            element = words[1]
            counts[element] = int(words[2])
        elif element == "vertex" and len(words) == 3 and words[0] == "property":
            fields.append(words[2])
    groups = {"x": "position", "nx": "normal", "red": "colour", "num_views": "number of views"}
    named = [groups.get(f, f) for f in fields if f not in ("y", "z", "ny", "nz", "green", "blue", "alpha")]
    return counts.get("vertex"), counts.get("face"), named


def _stamp(path: Path) -> str:
    status = path.stat()
    return f"{status.st_mtime_ns}-{status.st_size}"


def _first_count(path: Path) -> int | None:
    """COLMAP's binary files begin with their count as uint64."""
    with path.open("rb") as file:
        head = file.read(8)
    return int(struct.unpack("<Q", head)[0]) if len(head) == 8 else None


def _file_facts(path: Path) -> dict[str, str]:
    return {"File": str(path), "Size": f"{path.stat().st_size / 1e6:.1f} MB"}


def _number(value: int | None) -> str:
    return "not known" if value is None else f"{value:,}"


def _stage(stage: Any, planned: Any, project: Any, report: Mapping[str, Any]) -> StageItem:
    facts = _report_stage(report, stage.name)
    settings = stage_settings(stage.config_type, read_preset(project.preset).get(stage.name, {}), project.settings.get(stage.name, {}))
    return StageItem(
        stage.name,
        stage.title,
        planned.state,
        planned.why,
        facts.get("seconds"),
        facts.get("peak_memory_bytes"),
        str(facts.get("device", "")),
        facts.get("notes") or {},
        settings,
    )


def _report_stage(report: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    stages = report.get("stages") or {}
    if isinstance(stages, Mapping):
        return dict(stages.get(name) or {})
    return next((dict(entry) for entry in stages if entry.get("stage", entry.get("name")) == name), {})


def _photos(project: Any) -> tuple[PhotoItem, ...]:
    looked = _verdicts(project)
    placed = _registration(project)
    return tuple(_photo(photo, looked.get(photo.id), placed.get(photo.id) if photo.enabled else None) for photo in project.photos)


def _verdicts(project: Any) -> Mapping[str, Any]:
    artifact = project.artifact("photos")
    if artifact is None:
        return {}
    from recon.photos import load_photos

    return load_photos(artifact)


def _registration(project: Any) -> Mapping[str, Any]:
    artifact = project.artifact("sfm")
    if artifact is None:
        return {}
    try:
        return dict(json.loads((artifact.path / "registration.json").read_text(encoding="utf-8"))["photos"])
    except (OSError, ValueError, KeyError):
        return {}


def _photo(photo: Any, info: Any, placed: Mapping[str, Any] | None) -> PhotoItem:
    known: dict[str, Any] = {}
    if info is not None:
        known |= {"verdict": info.verdict, "reason": info.reason, "usable": info.usable}
        known |= {"facts": photo_facts(info), "figures": dict(info.figures)}
    if placed is not None:
        known |= {"registered": placed["registered"], "registration": placed.get("reason") or "", "closest": placed.get("closest") or ""}
        known |= {"inliers": placed.get("inliers"), "points": placed.get("points"), "error_px": placed.get("error_px")}
    return PhotoItem(photo.id, Path(photo.file), photo.enabled, **known)


def photo_facts(info: Any) -> dict[str, str]:
    """EXIF and size of a photo as label -> text."""
    facts = {"Size": f"{info.width} × {info.height} px"}
    if info.camera:
        make, model = info.camera.get("make") or "", info.camera.get("model") or ""
        facts["Camera"] = model if model.startswith(make) else f"{make} {model}".strip()
        if info.camera.get("lens"):
            facts["Lens"] = str(info.camera["lens"])
    if info.focal_px:
        source = {"exif35": "from the 35 mm equivalent", "sensor": "from the sensor's size"}.get(info.focal_source, "")
        facts["Focal length"] = f"{info.focal_px:.1f} px {source}".strip()
    if info.time:
        facts["Taken"] = str(info.time)
    if info.gps:
        altitude = info.gps.get("alt")
        facts["Position"] = f"{info.gps['lat']:.6f}, {info.gps['lon']:.6f}" + (f", {altitude:.1f} m" if altitude is not None else "")
    return facts


def _summary(photos: tuple[PhotoItem, ...], layers: tuple[LayerItem, ...]) -> Summary:
    counts = {layer.name: layer.count for layer in layers}
    placed = [photo for photo in photos if photo.registered]
    known = any(photo.registered is not None for photo in photos)
    errors = [(photo.error_px, photo.points or 1) for photo in placed if photo.error_px is not None]
    weight = sum(n for _, n in errors)
    return Summary(
        registered=len(placed) if known else None,
        photos=sum(photo.enabled for photo in photos),
        error_px=sum(e * n for e, n in errors) / weight if weight else None,
        points=counts.get("cloud", counts.get("sparse")),
        faces=counts.get("mesh"),
    )
