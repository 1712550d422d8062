"""One process at a time in a project."""

from __future__ import annotations

from recon.errors import ProjectLockedError
from recon.io.file_lock import FileLock, FileLockedError
from recon.project.files import disk_errors


class ProjectLock(FileLock):
    """A lock in a project's folder. Entering it raises what a user can read."""

    def _acquire(self) -> None:
        """Takes the lock.

        Raises:
            ProjectLockedError: Another process works on the project.
            ProjectError: The folder is read-only.
            ResourceError: The disk has no locks.
        """
        try:
            with disk_errors(self.path):
                super()._acquire()
        except FileLockedError as error:
            what = f"Another process works on the project '{self.path.parent.name}'."
            raise ProjectLockedError(what, error.owner, "Wait until it has finished, or stop it.") from error
