"""One writer at a time. The operating system holds the lock, so a killed process frees it."""

from __future__ import annotations

import json
import os
import socket
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

_FAR = 1 << 30


class FileLockedError(Exception):
    """Somebody else holds the lock.

    Args:
        owner: A sentence that tells who, and since when.
    """

    def __init__(self, owner: str) -> None:
        super().__init__(owner)
        self.owner = owner


class FileLock:
    """An advisory lock on a file that tells who holds it. Can be entered again by its holder.

    Args:
        path: The lock file; it stays on the disk, unlocked, when nobody holds it.
        wait: Seconds to wait for another holder before giving up.
    """

    def __init__(self, path: Path, wait: float = 0.0) -> None:
        self.path, self._wait = path, wait
        self._file: IO[bytes] | None = None
        self._depth = 0

    def __enter__(self) -> FileLock:
        if self._depth == 0:
            self._acquire()
        self._depth += 1
        return self

    def __exit__(self, *_: object) -> None:
        self._depth -= 1
        if self._depth == 0 and self._file is not None:
            with suppress(OSError):
                self._file.truncate(0)
            with suppress(OSError):
                _unlock(self._file)
            self._file.close()
            self._file = None

    def _acquire(self) -> None:
        """Takes the lock and writes the owner into the file.

        Raises:
            FileLockedError: Somebody else holds it.
            OSError: The folder is read-only, or the disk has no locks.
        """
        file = self.path.open("a+b")
        try:
            self._lock(file)
        except BaseException:
            file.close()
            raise
        self._file = file
        owner = {"pid": os.getpid(), "host": socket.gethostname(), "since": datetime.now(UTC).isoformat(timespec="seconds")}
        with suppress(OSError):  # the lock holds without the note about its owner
            file.truncate(0)
            file.write(json.dumps(owner).encode())
            file.flush()

    def _lock(self, file: IO[bytes]) -> None:
        """Waits for the lock, but not longer than was allowed."""
        end = time.monotonic() + self._wait
        while not _try_lock(file):
            if time.monotonic() >= end:
                raise FileLockedError(_owner(file))
            time.sleep(0.05)


def _owner(file: IO[bytes]) -> str:
    """A sentence about the holder, from what it wrote."""
    try:
        file.seek(0)
        said = json.loads(file.read(4096))
    except (OSError, ValueError):
        said = None
    owner: dict[str, Any] = said if isinstance(said, dict) else {}
    who = f"process {owner.get('pid', '?')} on {owner.get('host', 'this machine')}"
    return f"It is {who}, since {owner.get('since', 'an unknown time')}."


if os.name == "nt":
    import msvcrt

    def _try_lock(file: IO[bytes]) -> bool:
        """Locks a byte far behind the text, so that the text stays readable."""
        file.seek(_FAR)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        except OSError:
            return False
        return True

    def _unlock(file: IO[bytes]) -> None:
        """Frees the byte."""
        file.seek(_FAR)
        msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)  # type: ignore[attr-defined]
else:
    import fcntl

    def _try_lock(file: IO[bytes]) -> bool:
        """Takes the lock if it is free."""
        try:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _unlock(file: IO[bytes]) -> None:
        """Frees the lock."""
        fcntl.flock(file.fileno(), fcntl.LOCK_UN)
