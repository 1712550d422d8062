"""Reads a project as the window shows it. Pure and Qt-free; runs on a thread."""

from __future__ import annotations

import json
import os
import shutil
import struct
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from desktop.state import LayerItem, PhotoItem, SettingItem, StageItem, Summary, ViewFiles

if TYPE_CHECKING:
    from recon.inspection.pairs import PairTable

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
    thumbnails: Mapping[str, Path]
    views: Mapping[str, ViewFiles]
    pairs: PairTable | None = None
    report: Path | None = None


def read_snapshot(path: Path) -> Snapshot:
    """Opens the project at `path` and reads photos, plan, outputs and the last report.

    Raises:
        ProjectError: There is no readable project.
    """
    from desktop.compose import stages as compose
    from recon.pipeline.plan import plan
    from recon.project import Project

    project = Project.open(path)
    stages = compose()
    states = {item.name: item for item in plan(project, stages)}
    artifacts = {stage.name: project.artifact(stage.name) for stage in stages}
    items = tuple(_stage(stage, states[stage.name], project) for stage in stages)
    photos = _photos(project, artifacts)
    thumbnails = _thumbnails(artifacts.get("photos"))
    named = named_thumbnails(project.path / "cache" / "thumbnails", artifacts.get("photos"), thumbnails)
    layers = find_layers(project.outputs, artifacts.get("undistort"), named)
    summary = _summary(photos, layers)
    report = project.outputs / "report.html"
    return Snapshot(
        project.path,
        project.name,
        project.preset,
        photos,
        layers,
        items,
        summary,
        thumbnails,
        _views(artifacts),
        _pairs(project, artifacts.get("matches")),
        report if report.exists() else None,
    )


def stage_settings(config_type: type, preset: Mapping[str, Any], own: Mapping[str, Any]) -> tuple[SettingItem, ...]:
    """The settings of a stage: class default, then preset, then what the project says."""
    from recon.pipeline.config import describe

    result = []
    for name, (kind, default, info) in describe(config_type).items():
        base = preset.get(name, default)
        value = own.get(name, base)
        result.append(SettingItem(name, kind, base, value, info.doc, info.unit, info.minimum, info.maximum, info.choices, info.advanced))
    return tuple(result)


def find_layers(outputs: Path, undistorted: Any, thumbnails: Path | None) -> tuple[LayerItem, ...]:
    """What can be shown: cameras and sparse points of the undistorted scene, and the files under `outputs/`."""
    found: list[LayerItem] = []
    scene = None if undistorted is None else undistorted.path / "scene.npz"
    if scene is not None and scene.exists():
        counts = [_first_count(outputs / "sparse" / name) for name in ("images.bin", "points3D.bin")]
        facts, stamp = _file_facts(scene), undistorted.digest
        found.append(LayerItem("cameras", "cameras", scene, stamp, counts[0], "cameras", facts=facts, thumbnails=thumbnails))
        found.append(LayerItem("sparse", "sparse", scene, stamp, counts[1], facts=facts))
    mesh = outputs / "mesh.ply"
    for name, cloud in (("cloud", outputs / "cloud.ply"), ("refined", outputs / "cloud_refined.ply")):
        if cloud.exists():
            vertices, _, fields = ply_counts(cloud)
            facts = {**_file_facts(cloud), "Per point": ", ".join(fields)}
            found.append(LayerItem(name, "cloud", cloud, _stamp(cloud), vertices, facts=facts))
    if mesh.exists():
        vertices, faces, fields = ply_counts(mesh)
        facts = {**_file_facts(mesh), "Vertices": _number(vertices), "Per vertex": ", ".join(fields)}
        found.append(LayerItem("mesh", "mesh", mesh, _stamp(mesh), faces, "faces", visible=False, facts=facts))
    textured = outputs / "mesh.glb"
    if textured.exists():
        found.append(LayerItem("textured", "mesh", textured, _stamp(textured), facts=_file_facts(textured)))
    for name, kind in (("cloud_distance", "cloud"), ("mesh_distance", "mesh")):
        if (path := outputs / f"{name}.ply").exists():
            points, triangles, _ = ply_counts(path)
            count, unit = (triangles, "faces") if kind == "mesh" else (points, "points")
            found.append(LayerItem(name, kind, path, _stamp(path), count, unit, visible=False, facts=_file_facts(path)))
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
    """COLMAP's binary files begin with their count as uint64; None when there is no such file."""
    try:
        with path.open("rb") as file:
            head = file.read(8)
    except OSError:
        return None
    return int(struct.unpack("<Q", head)[0]) if len(head) == 8 else None


def _file_facts(path: Path) -> dict[str, str]:
    return {"File": str(path), "Size": f"{path.stat().st_size / 1e6:.1f} MB"}


def _number(value: int | None) -> str:
    return "not known" if value is None else f"{value:,}"


def _stage(stage: Any, planned: Any, project: Any) -> StageItem:
    from recon.pipeline.settings import load_preset

    history = project.history(stage.name)
    record = project.store.record(stage.name, history[0]) if history else None
    settings = stage_settings(stage.config_type, load_preset(project.preset).get(stage.name, {}), project.settings.get(stage.name, {}))
    item = StageItem(stage.name, stage.title, planned.state, planned.why, settings=settings)
    if record is None:
        return item
    return replace(item, seconds=record.seconds, memory_bytes=record.peak_memory, device=record.device, notes=record.notes)


def _photos(project: Any, artifacts: Mapping[str, Any]) -> tuple[PhotoItem, ...]:
    looked: Mapping[str, Any] = {}
    if artifacts.get("photos") is not None:
        from recon.photos import load_photos

        looked = load_photos(artifacts["photos"])
    placed = _registration(artifacts.get("sfm"))
    return tuple(_photo(photo, looked.get(photo.id), placed.get(photo.id) if photo.enabled else None) for photo in project.photos)


def _registration(sfm: Any) -> Mapping[str, Any]:
    if sfm is None:
        return {}
    return dict(json.loads((sfm.path / "registration.json").read_text(encoding="utf-8"))["photos"])


def _thumbnails(photos: Any) -> dict[str, Path]:
    """Photo id -> small picture that the first stage has left."""
    if photos is None:
        return {}
    return {name: path for name, path in photos.items.items() if not name.startswith("verdict__")}


def named_thumbnails(folder: Path, photos: Any, thumbnails: Mapping[str, Path]) -> Path | None:
    """A folder with `<photo id>.jpg` of every thumbnail, for the frusta; None when there is none and it cannot be made."""
    if photos is None or not thumbnails:
        return None
    target: Path = folder / photos.digest[:16]
    if target.is_dir():
        return target
    making = folder / f"making-{os.getpid()}-{threading.get_ident()}"
    try:
        shutil.rmtree(folder, ignore_errors=True)
        making.mkdir(parents=True)
        for name, path in thumbnails.items():
            _link(path, making / f"{name}.jpg")
        making.rename(target)
    except OSError:  # a read-only project is shown without pictures in the frusta
        return None
    return target


def _link(source: Path, target: Path) -> None:
    try:
        target.hardlink_to(source)
    except OSError:
        shutil.copyfile(source, target)


def _views(artifacts: Mapping[str, Any]) -> dict[str, ViewFiles]:
    """Photo id -> undistorted picture and depth maps."""
    found = {name: artifacts[name].items if artifacts.get(name) is not None else {} for name in ("undistort", "depth", "cloud")}
    pictures = {name: path for name, path in found["undistort"].items() if not name.startswith("mask__")}
    return {name: ViewFiles(path, found["depth"].get(name), found["cloud"].get(name)) for name, path in pictures.items()}


def _pairs(project: Any, matches: Any) -> PairTable | None:
    """Which photos were compared; None before that, or when the features that were compared are gone."""
    record = None if matches is None else project.store.record("matches", matches.path.name)
    if record is None:
        return None
    wanted = record.recipe.get("inputs", {}).get("features")
    for key in project.history("features"):  # the present features may be newer than the matches
        features = project.store.record("features", key)
        if features is not None and features.digest == wanted:
            return _pair_table(project.path, key, record.key, record.digest)
    return None


@lru_cache(maxsize=2)
def _pair_table(path: Path, features: str, matches: str, digest: str) -> PairTable | None:
    """The pairs of two artifacts; read again only when they have changed, as `digest` says."""
    from recon.errors import PhotolithError
    from recon.inspection.pairs import load_pairs
    from recon.project import Project

    store = Project.open(path).store
    records = store.record("features", features), store.record("matches", matches)
    if records[0] is None or records[1] is None:
        return None
    try:
        return load_pairs(store.artifact(records[0]), store.artifact(records[1]))
    except PhotolithError:  # damaged: the plan says so, and the next run makes it again
        return None


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
        points=next((counts[name] for name in ("refined", "cloud", "sparse") if name in counts), None),
        faces=counts.get("mesh"),
    )
