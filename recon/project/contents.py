"""Digests of what the user put into a project, as it is on the disk now."""

from __future__ import annotations

from pathlib import Path

from recon.errors import ProjectError
from recon.project.project import Project


def photo_digests(project: Project) -> dict[str, str]:
    """Photo id -> digest of its content, for photos that are switched on.

    Raises:
        ProjectError: A photo's file is missing; it is named.
    """
    chosen = [photo for photo in project.photos if photo.enabled]
    return {photo.id: _digest(project, photo.file, f"The photo '{photo.id}'", photo.linked) for photo in chosen}


def mask_digests(project: Project) -> dict[str, str]:
    """Photo id -> digest of its mask.

    Raises:
        ProjectError: A mask's file is missing.
    """
    return {name: _digest(project, file, f"The mask of '{name}'", False) for name, file in project.masks.items()}


def cameras_digest(project: Project) -> str | None:
    """Digest of the given cameras.

    Raises:
        ProjectError: They are missing.
    """
    path = project.cameras
    if path is None:
        return None
    if not path.exists():
        raise ProjectError("The given cameras are missing.", f"'{path}' is gone.", "Give them again, or remove them from the project.")
    return project.digests.of_tree(path)


def _digest(project: Project, path: Path, what: str, linked: bool) -> str:
    """Digest of a file of the user."""
    try:
        return project.digests.of(path)
    except OSError as error:
        why = f"'{path}' does not exist any more." if not path.exists() else f"'{path}' cannot be read ({error.strerror or error})."
        remedy = "Put the file back, or remove the photo from the project." + (" It is linked, not copied." if linked else "")
        raise ProjectError(f"{what} is missing.", why, remedy) from error
