"""Content digests of files, cached by size, modification time and inode."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from recon.errors import PhotolithError
from recon.project.files import read_json, write_json

_SIZE = 20


def digest_bytes(data: bytes) -> str:
    """Hex BLAKE2b digest, 160 bits."""
    return hashlib.blake2b(data, digest_size=_SIZE).hexdigest()


def digest_json(value: Any) -> str:
    """Digest of a JSON-able value; equal values give equal digests whatever the order of their keys."""
    return digest_bytes(json.dumps(value, sort_keys=True, separators=(",", ":"), default=_plain).encode())


def digest_file(path: Path) -> str:
    """Digest of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=_SIZE)).hexdigest()


def plain(value: Any) -> Any:
    """A value as JSON would give it back, numpy numbers and arrays included; numbers that are not finite become None.

    Raises:
        TypeError: It cannot be written as JSON.
    """
    return json.loads(json.dumps(value, default=_plain), parse_constant=lambda _: None)


def _plain(value: Any) -> Any:
    """Numpy scalars and paths as plain values; anything else is a mistake of the caller."""
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, Path):
        return value.as_posix()
    raise TypeError(f"{type(value).__name__} is no plain value")


class DigestCache:
    """Remembers digests of files under a root, so that unchanged files are not read again.

    Args:
        path: Where the cache is stored; a missing or damaged cache is only slower.
        root: Folder that relative names refer to; files outside are stored by their absolute name.
    """

    def __init__(self, path: Path, root: Path) -> None:
        self._path, self._root = path, root
        self._entries: dict[str, list[Any]] = {}
        self._changed = False
        try:
            loaded = read_json(path)
        except (OSError, ValueError, RecursionError):
            loaded = {}
        if isinstance(loaded, dict):
            self._entries = {k: v for k, v in loaded.items() if isinstance(v, list) and len(v) == 4}

    def of(self, path: Path) -> str:
        """Digest of `path`.

        Raises:
            OSError: The file cannot be read.
        """
        name, stamp = self._name(path), self._stamp(path)
        known = self._entries.get(name)
        if known is not None and known[:3] == stamp:
            return str(known[3])
        digest = digest_file(path)
        self._entries[name] = [*stamp, digest]
        self._changed = True
        return digest

    def remember(self, path: Path, digest: str) -> None:
        """Takes the digest of a file that was made from one whose digest is known."""
        self._entries[self._name(path)] = [*self._stamp(path), digest]
        self._changed = True

    def _name(self, path: Path) -> str:
        return path.relative_to(self._root).as_posix() if path.is_relative_to(self._root) else str(path)

    def _stamp(self, path: Path) -> list[int]:
        stat = path.stat()
        return [stat.st_size, stat.st_mtime_ns, stat.st_ino]

    def of_tree(self, path: Path) -> str:
        """Digest of a file, or of a folder's names and contents."""
        if path.is_file():
            return self.of(path)
        files: Iterable[Path] = sorted(p for p in path.rglob("*") if p.is_file())
        return digest_json([[p.relative_to(path).as_posix(), self.of(p)] for p in files])

    def save(self) -> None:
        """Stores what is new; a disk that does not take it costs time later, nothing else."""
        if not self._changed:
            return
        try:
            self._path.parent.mkdir(exist_ok=True)
            write_json(self._path, self._entries)
        except (OSError, PhotolithError):
            return
        self._changed = False
