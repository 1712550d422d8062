"""Content-addressed artifacts and items on the disk.

    artifacts/<stage>/<key>/            what the stage wrote, and artifact.json
    items/<stage>/<k2>/<key><suffix>    one file an item, shared by all artifacts of the stage
    tmp/                                what is being written; renamed when whole

An artifact counts only when every file it names is there with the size and content that were recorded.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from recon.errors import ProjectError
from recon.pipeline.stage import Artifact
from recon.project.digests import DigestCache, digest_json
from recon.project.files import disk_errors, remove_tree, sync_file, sync_folder, tag_is_dead, temporary_tag, write_json

RECORD = "artifact.json"


@dataclass(frozen=True)
class StoredItem:
    """One item of an artifact: file relative to the project, its store key, content digest and size."""

    file: str
    key: str
    digest: str
    size: int


@dataclass(frozen=True)
class Record:
    """`artifact.json`: where an artifact came from and what it holds."""

    stage: str
    key: str
    digest: str
    recipe: dict[str, Any]
    files: dict[str, tuple[int, int, str]]
    items: dict[str, StoredItem]
    notes: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    peak_memory: int = 0
    device: str = "cpu"
    created: float = 0.0


class Store:
    """The artifacts and items of one project. Writers hold the project's lock.

    Args:
        root: The project folder.
        digests: Cache of file digests.
    """

    def __init__(self, root: Path, digests: DigestCache) -> None:
        self.root, self.digests = root, digests

    def folder(self, stage: str, key: str) -> Path:
        """Where the artifact with this key is or would be."""
        return self.root / "artifacts" / stage / key

    def item_path(self, stage: str, key: str, suffix: str) -> Path:
        """Where the item with this key is or would be."""
        return self.root / "items" / stage / key[:2] / (key + suffix)

    @contextmanager
    def temporary(self, suffix: str = "", folder: bool = False) -> Iterator[Path]:
        """A name under `tmp/` (a folder is made when asked for), removed at the end if it is still there."""
        parent = self.root / "tmp"
        path = parent / f"{temporary_tag()}{suffix}"
        with disk_errors(path):
            parent.mkdir(exist_ok=True)
            if folder:
                path.mkdir()
        try:
            yield path
        finally:
            with suppress(OSError):
                remove_tree(path)

    def put_item(self, temporary: Path, target: Path) -> None:
        """Moves a finished item file to its place."""
        with disk_errors(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            sync_file(temporary)
            temporary.replace(target)

    def commit(self, output: Path, record: Record) -> Artifact:
        """Makes a finished output folder the artifact `record.key`.

        Args:
            output: Folder under `tmp/`.
            record: Its record; `digest` and `files` are filled in here.

        Raises:
            ResourceError: Disk full.
        """
        target = self.folder(record.stage, record.key)
        with disk_errors(target):
            files = self._scan(output)
            digest = content_digest(files, record.items)
            final = Record(**{**record.__dict__, "files": files, "digest": digest, "created": time.time()})
            write_json(output / RECORD, _to_json(final))
            remove_tree(target)
            target.parent.mkdir(parents=True, exist_ok=True)
            output.replace(target)
            sync_folder(target.parent)
        return self._artifact(final)

    def _scan(self, output: Path) -> dict[str, tuple[int, int, str]]:
        """Relative name -> (size, mtime_ns, digest) of all files under `output`, flushed to the disk."""
        result = {}
        for path in sorted(p for p in output.rglob("*") if p.is_file()):
            sync_file(path)
            stat = path.stat()
            result[path.relative_to(output).as_posix()] = (stat.st_size, stat.st_mtime_ns, self.digests.of(path))
        return result

    def record(self, stage: str, key: str) -> Record | None:
        """The record of an artifact, unchecked; None when there is none that can be read."""
        path = self.folder(stage, key) / RECORD
        try:
            record = _from_json(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return None
        return record if record.stage == stage and record.key == key else None

    def artifact(self, stage: str, key: str) -> Artifact | None:
        """The artifact when it is whole, otherwise None."""
        record = self.record(stage, key)
        return self._artifact(record) if record is not None and self.damage(record) is None else None

    def _artifact(self, record: Record) -> Artifact:
        """What a stage is given. `item_keys` are content digests, so an item computed anew to the same bytes changes nothing."""
        items = {name: self.root / item.file for name, item in record.items.items()}
        return Artifact(
            record.stage,
            self.folder(record.stage, record.key),
            record.digest,
            items,
            {name: item.digest for name, item in record.items.items()},
        )

    def damage(self, record: Record) -> str | None:
        """The first file of the artifact that is missing or not as it was written, or None."""
        folder = self.folder(record.stage, record.key)
        for name, (size, mtime, digest) in record.files.items():
            if not _safe(name) or not self._intact(folder / name, size, mtime, digest):
                return name
        for name, item in record.items.items():
            if not _plain(name) or not self._in_place(record.stage, item):
                return item.file
        return None

    def _in_place(self, stage: str, item: StoredItem) -> bool:
        """Whether an item's file is where it belongs, with its size."""
        return _safe(item.file) and item.file.startswith(f"items/{stage}/") and _size(self.root / item.file) == item.size

    def _intact(self, path: Path, size: int, mtime: int, digest: str) -> bool:
        """Whether a file is as recorded; read again only when its times have changed (a moved project, an edit)."""
        try:
            stat = path.stat()
            return stat.st_size == size and (stat.st_mtime_ns == mtime or self.digests.of(path) == digest)
        except OSError:
            return False

    def discard(self, stage: str, key: str) -> None:
        """Removes a damaged artifact, and those of its items whose size is wrong, so that both are made again."""
        record = self.record(stage, key)
        if record is not None:
            for item in record.items.values():
                if _safe(item.file) and item.file.startswith(f"items/{stage}/") and not self._in_place(stage, item):
                    (self.root / item.file).unlink(missing_ok=True)
        remove_tree(self.folder(stage, key))

    def sweep(self) -> None:
        """Removes what killed processes left under `tmp/`, and anything there older than two days."""
        folder = self.root / "tmp"
        if not folder.is_dir():
            return
        for path in folder.iterdir():
            with suppress(OSError):
                if tag_is_dead(path.name) or time.time() - path.stat().st_mtime > 2 * 86400:
                    remove_tree(path)


def content_digest(files: Mapping[str, tuple[int, int, str]], items: Mapping[str, StoredItem]) -> str:
    """Digest of an artifact: names and contents of its files and items."""
    return digest_json(
        {"files": {name: entry[2] for name, entry in files.items()}, "items": {name: item.digest for name, item in items.items()}}
    )


def _size(path: Path) -> int:
    """Size in bytes, -1 when the file cannot be reached."""
    try:
        return path.stat().st_size
    except OSError:
        return -1


def _plain(name: str) -> bool:
    """Whether an item's name can be a file name: it becomes one under `outputs/`."""
    return name not in ("", ".", "..") and not any(c in name for c in "/\\:\0")


def _safe(name: str) -> bool:
    """Whether a recorded name stays inside its folder."""
    return (
        isinstance(name, str)
        and not name.startswith(("/", "\\"))
        and ".." not in name.replace("\\", "/").split("/")
        and ":" not in name[:3]
    )


def _to_json(record: Record) -> dict[str, Any]:
    """Plain values."""
    return {**record.__dict__, "items": {name: item.__dict__ for name, item in record.items.items()}}


def _from_json(data: dict[str, Any]) -> Record:
    """The record; TypeError, ValueError or KeyError when the data has another shape."""
    items = {name: StoredItem(**item) for name, item in data.pop("items").items()}
    files = {name: (int(size), int(mtime), str(digest)) for name, (size, mtime, digest) in data.pop("files").items()}
    return Record(**data, items=items, files=files)


def read_state(root: Path) -> dict[str, list[str]]:
    """Stage -> keys of its artifacts, newest first. A damaged file only means that stages are looked up by key again."""
    try:
        data = json.loads((root / "state.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(data, dict):
        return {}
    good = {}
    for stage, keys in data.items():
        if isinstance(keys, list) and all(isinstance(k, str) and k.isalnum() for k in keys) and stage.isidentifier():
            good[stage] = keys
    return good


def write_state(root: Path, state: Mapping[str, list[str]]) -> None:
    """Stores the current artifacts.

    Raises:
        ResourceError: Disk full.
    """
    write_json(root / "state.json", dict(state))


def check_writable(root: Path) -> None:
    """Finds out before any work whether the project can be written.

    Raises:
        ProjectError: It cannot.
        ResourceError: Disk full.
    """
    probe = root / f".probe.{temporary_tag()}"
    with disk_errors(root):
        try:
            probe.write_bytes(b"x" * 4096)
        except FileNotFoundError:
            raise ProjectError(
                f"The project '{root}' is gone.", "Its folder does not exist any more.", "Open it at its new place."
            ) from None
        finally:
            with suppress(OSError):
                probe.unlink(missing_ok=True)
