"""Files appear whole or not at all."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from recon.errors import ResourceError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yields a temporary name beside `path` that is renamed to `path` when the block ends without an error.

    Raises:
        ResourceError: The folder is missing or read-only, or the disk is full.
    """
    path = Path(path)
    temporary = path.with_name(f".{uuid4().hex}.part")
    try:
        yield temporary
        temporary.replace(path)
    except OSError as error:
        raise _explain(path, error) from error
    finally:
        temporary.unlink(missing_ok=True)


def _explain(path: Path, error: OSError) -> ResourceError:
    """The operating system's error in the words of the application."""
    what = f"'{path}' could not be written."
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return ResourceError(what, "The disk is full.", "Free some space or choose another folder.")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return ResourceError(what, "The folder does not let this user write.", "Choose another folder or change its permissions.")
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return ResourceError(what, "Its folder does not exist.", "Create the folder or choose another one.")
    return ResourceError(what, f"The system says: {error.strerror or error}.", "Choose another folder.")
