"""Content-addressed artifacts and items on the disk.

    artifacts/<stage>/<key>/            what the stage wrote, and artifact.json
    items/<stage>/<k2>/<key><suffix>    one file an item, shared by all artifacts of the stage
    tmp/                                what is being written; renamed when whole

An artifact counts only when every file it names is there with the size and content that were recorded.
"""

from __future__ import annotations

import stat
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from recon.errors import ProjectError
from recon.pipeline.stage import Artifact
from recon.project.digests import DigestCache, digest_file, digest_json
from recon.project.files import disk_errors, read_json, remove_tree, stays_inside, sync_file, sync_folder, write_json

RECORD = "artifact.json"


@dataclass(frozen=True)
class StoredFile:
    """A file as it was when it was finished: size in bytes, modification time in nanoseconds, content digest."""

    size: int
    mtime: int
    digest: str


@dataclass(frozen=True)
class StoredItem(StoredFile):
    """One item of an artifact, which is at `file`, relative to the project."""

    file: str


@dataclass(frozen=True)
class Record:
    """`artifact.json`: where an artifact came from and what it holds."""

    stage: str
    key: str
    recipe: dict[str, Any]
    items: dict[str, StoredItem]
    files: dict[str, StoredFile] = field(default_factory=dict)
    digest: str = ""
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
        """A new name under `tmp/` (a folder is made when asked for), removed at the end if it is still there.

        Raises:
            ProjectError: The project is gone or cannot be written.
            ResourceError: Disk full.
        """
        path = self.root / "tmp" / f"{uuid4().hex}{suffix}"
        with disk_errors(path):
            try:
                path.parent.mkdir(exist_ok=True)
            except FileNotFoundError:
                why = "Its folder does not exist any more."
                raise ProjectError(f"The project '{self.root}' is gone.", why, "Open it at its new place.") from None
            if folder:
                path.mkdir()
        try:
            yield path
        finally:
            with suppress(OSError):
                remove_tree(path)

    def check_writable(self) -> None:
        """Finds out before any work whether the project can be written.

        Raises:
            ProjectError: It cannot.
            ResourceError: Disk full.
        """
        with self.temporary() as probe, disk_errors(self.root):
            probe.write_bytes(b"x" * 4096)

    def sweep(self) -> None:
        """Removes what killed processes left under `tmp/`; everybody else who writes there must be shut out meanwhile."""
        for path in (self.root / "tmp").glob("*"):
            with suppress(OSError):
                remove_tree(path)

    def put_item(self, temporary: Path, target: Path) -> None:
        """Moves a finished item file to its place."""
        with disk_errors(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            sync_file(temporary)
            temporary.replace(target)

    def stored_item(self, path: Path) -> StoredItem:
        """What is recorded of an item that is in its place."""
        status = path.stat()
        return StoredItem(status.st_size, status.st_mtime_ns, self.digests.of(path), path.relative_to(self.root).as_posix())

    def commit(self, output: Path, record: Record) -> Artifact:
        """Makes a finished output folder the artifact `record.key`.

        Args:
            output: Folder under `tmp/`.
            record: Its record; `digest`, `files` and `created` are filled in here.

        Raises:
            ResourceError: Disk full.
        """
        target = self.folder(record.stage, record.key)
        with disk_errors(target):
            files = _scan(output)
            final = replace(record, files=files, digest=content_digest(files, record.items), created=time.time())
            write_json(output / RECORD, asdict(final))
            remove_tree(target)
            target.parent.mkdir(parents=True, exist_ok=True)
            output.replace(target)
            sync_folder(target.parent)
        return self.artifact(final)

    def record(self, stage: str, key: str) -> Record | None:
        """The record of an artifact, whose files are not looked at; None when there is none that can be read."""
        try:
            record = _parsed(read_json(self.folder(stage, key) / RECORD))
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return None
        return record if record.stage == stage and record.key == key else None

    def artifact(self, record: Record) -> Artifact:
        """What a stage is given. `item_keys` are content digests, so an item computed anew to the same bytes changes nothing."""
        items = {name: self.root / item.file for name, item in record.items.items()}
        keys = {name: item.digest for name, item in record.items.items()}
        return Artifact(record.stage, self.folder(record.stage, record.key), record.digest, items, keys)

    def damage(self, record: Record) -> str | None:
        """The first file of the artifact that is missing or not as it was written, or None."""
        folder = self.folder(record.stage, record.key)
        for name, file in record.files.items():
            if not stays_inside(name) or not self._intact(folder / name, file):
                return name
        for name, item in record.items.items():
            if not _is_item(name, item, record.stage) or not self._intact(self.root / item.file, item):
                return item.file
        return None

    def _intact(self, path: Path, file: StoredFile) -> bool:
        """Whether a file is as recorded; read again only when its time has changed (a copied project, an edit)."""
        try:
            status = path.lstat()
            same = stat.S_ISREG(status.st_mode) and status.st_size == file.size
            return same and (status.st_mtime_ns == file.mtime or self.digests.of(path) == file.digest)
        except OSError:
            return False

    def discard(self, stage: str, key: str) -> None:
        """Removes a damaged artifact and its damaged items, so that both are made again."""
        record = self.record(stage, key)
        for name, item in record.items.items() if record is not None else ():
            if _is_item(name, item, stage) and not self._intact(self.root / item.file, item):
                (self.root / item.file).unlink(missing_ok=True)
        remove_tree(self.folder(stage, key))


def _scan(output: Path) -> dict[str, StoredFile]:
    """Relative name -> file for all files under `output`, flushed to the disk."""
    result = {}
    for path in sorted(p for p in output.rglob("*") if p.is_file()):
        sync_file(path)
        status = path.stat()
        result[path.relative_to(output).as_posix()] = StoredFile(status.st_size, status.st_mtime_ns, digest_file(path))
    return result


def content_digest(files: Mapping[str, StoredFile], items: Mapping[str, StoredItem]) -> str:
    """Digest of an artifact: names and contents of its files and items."""
    parts = {"files": files, "items": items}
    return digest_json({kind: {name: file.digest for name, file in part.items()} for kind, part in parts.items()})


def _is_item(name: str, item: StoredItem, stage: str) -> bool:
    """Whether a recorded item has a name that can be a file name, under `outputs/`, and lies where items of the stage do."""
    return stays_inside(name) and "/" not in name and stays_inside(item.file) and item.file.startswith(f"items/{stage}/")


def _parsed(data: dict[str, Any]) -> Record:
    """The record; TypeError, ValueError, KeyError or AttributeError when the data has another shape."""
    files = {name: StoredFile(**_numbers(file)) for name, file in data.pop("files").items()}
    items = {name: StoredItem(file=str(item.pop("file")), **_numbers(item)) for name, item in data.pop("items").items()}
    return Record(**data, items=items, files=files)


def _numbers(file: dict[str, Any]) -> dict[str, Any]:
    return {"size": int(file["size"]), "mtime": int(file["mtime"]), "digest": str(file["digest"])}


def read_state(root: Path) -> dict[str, list[str]]:
    """Stage -> keys of its artifacts, newest first. A damaged file only means that stages are looked up by key again."""
    try:
        data = read_json(root / "state.json")
    except (OSError, ValueError, RecursionError):
        return {}
    return {stage: keys for stage, keys in data.items() if _is_history(stage, keys)} if isinstance(data, dict) else {}


def _is_history(stage: str, keys: Any) -> bool:
    return stage.isidentifier() and isinstance(keys, list) and all(isinstance(key, str) and key.isalnum() for key in keys)


def write_state(root: Path, state: Mapping[str, list[str]]) -> None:
    """Stores the current artifacts.

    Raises:
        ResourceError: Disk full.
    """
    write_json(root / "state.json", dict(state))
