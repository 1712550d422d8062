"""`manifest.json`: what the user put into the project. Checked strictly, because a project may come from anywhere."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from recon.errors import ProjectError
from recon.project.files import read_json, stays_inside, write_json

VERSION = 1
NAME = "manifest.json"
PRESETS = ("draft", "balanced", "quality", "learned")
USES = ("poses", "intrinsics")

MIGRATIONS: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}
"""Version -> function that turns a manifest of that version into the next one."""


@dataclass(frozen=True)
class PhotoEntry:
    """One imported photo: `file` inside the project, or `source` (absolute) when it is linked."""

    id: str
    file: str | None
    source: str | None
    digest: str
    enabled: bool = True


@dataclass(frozen=True)
class Manifest:
    """The content of `manifest.json`. Paths are relative to the project, with '/'."""

    photos: tuple[PhotoEntry, ...] = ()
    masks: Mapping[str, str] = field(default_factory=dict)
    cameras: str | None = None
    cameras_use: str = "poses"
    preset: str = "balanced"
    settings: Mapping[str, Mapping[str, bool | int | float | str]] = field(default_factory=dict)

    def with_(self, **changes: Any) -> Manifest:
        """A copy with some fields replaced."""
        return replace(self, **changes)


def save(manifest: Manifest, folder: Path) -> None:
    """Writes `manifest.json` atomically.

    Raises:
        ResourceError: Disk full.
        ProjectError: Not writable.
    """
    write_json(folder / NAME, {"photolith": VERSION, **asdict(manifest)})


def load(folder: Path) -> Manifest:
    """Reads and checks `manifest.json`.

    Raises:
        ProjectError: No project, too new, damaged, or a path that leads out of the project.
    """
    path = folder / NAME
    try:
        data = read_json(path)
    except FileNotFoundError:
        raise ProjectError(
            f"'{folder}' is not a Photolith project.", f"It has no {NAME}.", "Choose a project folder, or make a new project."
        ) from None
    except NotADirectoryError:
        raise ProjectError(f"'{folder}' is not a Photolith project.", "It is a file.", "Choose a project folder.") from None
    except (OSError, ValueError, RecursionError) as error:
        raise _damaged(path, f"it cannot be read ({error})") from error
    return _parse(_migrated(data, path), path)


def _migrated(data: Any, path: Path) -> dict[str, Any]:
    """The manifest in today's version."""
    if not isinstance(data, dict) or type(data.get("photolith")) is not int:
        raise _damaged(path, "it names no version")
    while data["photolith"] != VERSION:
        version = data["photolith"]
        if version > VERSION:
            raise ProjectError(
                f"'{path.parent.name}' was made by a newer Photolith.",
                f"Its format is {version}; this one reads {VERSION}.",
                "Update Photolith.",
            )
        if version not in MIGRATIONS:
            raise _damaged(path, f"its version is {version}")
        data = {**MIGRATIONS[version](data), "photolith": version + 1}
    return dict(data)


def _parse(data: dict[str, Any], path: Path) -> Manifest:
    """The checked manifest."""
    known = {"photolith", "photos", "masks", "cameras", "cameras_use", "preset", "settings"}
    if not known >= data.keys():
        raise _damaged(path, f"unknown entry {sorted(data.keys() - known)[0]!r}")
    photos = tuple(_photo(entry, path) for entry in _typed(data.get("photos", []), list, "photos", path))
    ids = {photo.id.casefold() for photo in photos}
    if len(ids) != len(photos):
        raise _damaged(path, "two photos have the same name")
    masks = _typed(data.get("masks", {}), dict, "masks", path)
    for name, file in masks.items():
        if name.casefold() not in ids:
            raise _damaged(path, f"mask of an unknown photo {name!r}")
        _check_inside("masks", file, path)
    cameras = data.get("cameras")
    if cameras is not None:
        _check_inside("cameras", cameras, path)
    if data.get("cameras_use", "poses") not in USES or data.get("preset", "balanced") not in PRESETS:
        raise _damaged(path, "unknown preset or use of cameras")
    return Manifest(photos, masks, cameras, data.get("cameras_use", "poses"), data.get("preset", "balanced"), _settings(data, path))


def _settings(data: dict[str, Any], path: Path) -> dict[str, dict[str, bool | int | float | str]]:
    """Stage -> field -> plain value; whether the fields exist is checked where the stages are known."""
    settings = _typed(data.get("settings", {}), dict, "settings", path)
    for stage, values in settings.items():
        for name, value in _typed(values, dict, f"settings of {stage}", path).items():
            if not isinstance(value, (bool, int, float, str)) or (isinstance(value, float) and not math.isfinite(value)):
                raise _damaged(path, f"setting {stage}.{name} is not a plain value")
    return dict(settings)


def _photo(entry: Any, path: Path) -> PhotoEntry:
    """One checked photo entry."""
    entry = _typed(entry, dict, "a photo", path)
    if set(entry) != {"id", "file", "source", "digest", "enabled"}:
        raise _damaged(path, "a photo has wrong entries")
    name = _typed(entry["id"], str, "a photo's id", path)
    if not valid_id(name):
        raise _damaged(path, f"a photo cannot be called {name!r}")
    _typed(entry["enabled"], bool, "enabled", path)
    _typed(entry["digest"], str, "digest", path)
    if (entry["file"] is None) == (entry["source"] is None):
        raise _damaged(path, f"photo {name!r} must have either a file or a source")
    if entry["file"] is not None:
        _check_inside("photos", entry["file"], path)
    elif not Path(_typed(entry["source"], str, "source", path)).is_absolute() or "\0" in entry["source"]:
        raise _damaged(path, f"the source of photo {name!r} is not an absolute path")
    return PhotoEntry(**entry)


def valid_id(name: str) -> bool:
    """Whether `name` can be a photo id: a plain file name, no control characters, at most 160 bytes."""
    if not name or name in (".", "..") or len(name.encode(errors="surrogatepass")) > 160:
        return False
    return name.isprintable() and not any(c in '/\\:*?"<>|' for c in name)


def _check_inside(folder: str, name: Any, manifest: Path) -> None:
    """Checks the name of a file or folder that belongs under one of the project's folders.

    Raises:
        ProjectError: It is elsewhere, climbs out of the project or goes through a symbolic link out of it.
    """
    root = manifest.parent
    good = stays_inside(name) and name.startswith(f"{folder}/")
    try:
        good = good and (root / name).resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError):
        good = False
    if not good:
        raise _damaged(manifest, f"{name!r} does not lie in its folder '{folder}'")


def _typed(value: Any, kind: type, what: str, path: Path) -> Any:
    """`value` if it is a `kind`."""
    if type(value) is not kind:
        raise _damaged(path, f"{what} should be a {kind.__name__}")
    return value


def _damaged(path: Path, why: str) -> ProjectError:
    """The error for a manifest that cannot be used."""
    return ProjectError(
        f"The project '{path.parent.name}' cannot be opened.",
        f"{path.name}: {why}.",
        "Restore manifest.json from a backup, or import the photos into a new project.",
    )
