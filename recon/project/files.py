"""Writing so that a file is there whole or not at all, and the system's errors in plain words."""

from __future__ import annotations

import errno
import json
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import Any
from uuid import uuid4

from recon.errors import InputError, ProjectError, ResourceError

_FAILING = {
    getattr(errno, name)
    for name in ("EIO", "ENODEV", "ENXIO", "ENOTCONN", "ESTALE", "EREMOTEIO", "ENOLCK", "EOPNOTSUPP")
    if hasattr(errno, name)
}
MAX_JSON = 256 << 20
"""Bytes of the largest JSON file that is read."""


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turns full-disk and permission errors into typed ones that name `path`.

    Raises:
        ResourceError: The disk is full or the quota is used up.
        ProjectError: The folder is read-only or belongs to somebody else.
    """
    try:
        yield
    except OSError as error:
        explained = explain(error, path)
        if explained is None:
            raise
        raise explained from error


def explain(error: OSError, path: Path) -> ProjectError | ResourceError | None:
    """The typed error for a disk failure, or None when `error` is of another kind."""
    if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
        return ResourceError(
            f"The disk is full: '{error.filename or path}' could not be written.",
            _free_text(Path(error.filename) if isinstance(error.filename, str) else path),
            "Free some space and run again; finished work is kept.",
        )
    if error.errno in _FAILING:
        return ResourceError(
            f"The disk failed at '{error.filename or path}'.",
            f"The system says: {error.strerror}.",
            "Check the disk and its connection, or copy the project to another one, and run again; finished work is kept.",
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return ProjectError(
            f"'{error.filename or path}' cannot be written.",
            "The folder is read-only or belongs to another user." if error.errno != errno.EROFS else "The disk is read-only.",
            "Change its permissions, or copy the project to a folder of yours.",
        )
    return None


def refused(error: OSError) -> ProjectError | ResourceError | InputError:
    """The typed error for whatever the system refused, a name too long or a folder that cannot be made included."""
    path = Path(error.filename) if isinstance(error.filename, str) else Path()
    unusable = InputError(
        f"'{path}' cannot be used.", f"The system says: {error.strerror or error}.", "Choose another file, folder or name."
    )
    return explain(error, path) or unusable


def _free_text(path: Path) -> str:
    """'12 MB are free.' for the disk that holds `path`."""
    folder = next((p for p in (path, *path.parents) if p.exists()), Path("/"))
    with suppress(OSError):
        return f"{shutil.disk_usage(folder).free // 2**20} MB are free."
    return ""


def write_json(path: Path, value: Any) -> None:
    """Writes indented JSON to a temporary name, flushes to the disk and renames.

    Raises:
        ResourceError: Disk full.
        ProjectError: Not writable.
    """
    text = json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    temporary = path.with_name(f".{path.name}.{uuid4().hex}.part")
    with disk_errors(path):
        try:
            with temporary.open("wb") as file:
                file.write(text.encode(errors="backslashreplace"))  # bytes of a file name that are no text become JSON escapes
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
    sync_folder(path.parent)


def sweep_parts(folder: Path) -> None:
    """Removes what a killed `write_json` or a killed writer of a page left; they must be shut out of this folder meanwhile."""
    for path in (*folder.glob(".*.json.*.part"), *folder.glob(".*.html.*.part")):
        with suppress(OSError):
            path.unlink()


def read_json(path: Path) -> Any:
    """The content of a JSON file of at most `MAX_JSON` bytes; NaN and infinities, which JSON does not know, are read as None.

    Raises:
        OSError, ValueError, RecursionError: Missing, too large, not JSON.
    """
    if path.stat().st_size > MAX_JSON:
        raise ValueError(f"it is larger than {MAX_JSON >> 20} MB")
    return json.loads(path.read_text(encoding="utf-8"), parse_constant=lambda _: None)


def stays_inside(name: Any) -> bool:
    """Whether a recorded file name is a plain relative path that cannot lead out of its folder, on any system."""
    if not isinstance(name, str) or not name or any(c in name for c in "\\:\0"):
        return False
    pure = PurePosixPath(name)
    return not pure.is_absolute() and ".." not in pure.parts and pure.parts != () and pure.as_posix() == name


def sync_file(path: Path) -> None:
    """Flushes a finished file to the disk, so that a rename after it cannot expose an empty one.

    Raises:
        OSError: The disk could not take it after all.
    """
    with path.open("r+b") as file:
        try:
            os.fsync(file.fileno())
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # what disks without this say
                raise


def sync_folder(path: Path) -> None:
    """Flushes a folder's entries where the system has that."""
    if os.name != "posix":
        return
    with suppress(OSError):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def clone(source: Path, target: Path) -> None:
    """Puts `source` at `target`, which must not exist, the cheapest way the disk allows: reflink, hard link or copy.

    Raises:
        ResourceError: Disk full.
        ProjectError: Not writable.
    """
    source = source.resolve()  # a link to a symbolic link would lead out of the project
    with disk_errors(target):
        if _reflink(source, target):
            return
        with suppress(OSError):
            os.link(source, target)
            return
        try:
            shutil.copyfile(source, target)
        except OSError:
            target.unlink(missing_ok=True)
            raise


def copy(source: Path, target: Path) -> None:
    """Puts a copy of `source` that has a life of its own, with the same times, at `target`, which must not exist."""
    if not _reflink(source, target):
        shutil.copyfile(source, target)
    shutil.copystat(source, target)


def _reflink(source: Path, target: Path) -> bool:
    """Copy-on-write copy on disks that have it (Btrfs, XFS, ...); Linux only."""
    try:
        import fcntl
    except ImportError:
        return False
    ficlone = 0x40049409
    try:
        with source.open("rb") as read, target.open("xb") as write:
            fcntl.ioctl(write.fileno(), ficlone, read.fileno())
        return True
    except FileExistsError:
        raise
    except OSError:  # another disk, or one that cannot: the copy that follows meets what is really wrong
        with suppress(OSError):
            target.unlink(missing_ok=True)
        return False


def remove_tree(path: Path) -> None:
    """Removes a folder or file, read-only files included; nothing happens when it is not there."""

    def retry(function: Any, name: str, _: Any) -> None:
        with suppress(OSError):
            Path(name).chmod(stat.S_IRWXU)
            function(name)

    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, onerror=retry)
    else:
        with suppress(FileNotFoundError):
            path.unlink()
