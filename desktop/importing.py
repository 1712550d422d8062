"""Changes of the photo list that can be taken back. Pure and Qt-free; runs on a thread."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any


def import_photos(project_path: Path, sources: Sequence[Path], link: bool, step: Callable[[int, int], None]) -> Any:
    """Adds files and folders to the project; `step(done, total)` is called on the way.

    Returns:
        `recon.project.ImportResult`.

    Raises:
        InputError: Nothing to import.
        ResourceError: Disk full.
    """
    from recon.project import Project

    return Project.open(project_path).add_photos(unfolded(sources), link=link, progress=lambda done, total, _name: step(done, total))


def unfolded(sources: Sequence[Path]) -> list[Path]:
    """Folders without photos of their own are replaced by those of their sub-folders that have some ('set/images/...')."""
    result: list[Path] = []
    for source in sources:
        inner = [] if not source.is_dir() or _has_photos(source) else [path for path in sorted(source.iterdir()) if _has_photos(path)]
        result += inner or [source]
    return result


def _has_photos(folder: Path) -> bool:
    from recon.project import PHOTO_SUFFIXES

    return folder.is_dir() and any(path.suffix.lower() in PHOTO_SUFFIXES for path in folder.iterdir())


def remove_photos(project: Any, ids: Sequence[str], box: dict[str, Any]) -> None:
    """Takes photos out of the project; what `restore_photos` needs goes into `box`.

    Files in the project are kept under `cache/undo/`, where nothing but undo looks.
    """
    order = [photo.id for photo in project.photos]
    removed = [photo for photo in project.photos if photo.id in set(ids)]
    folder = project.path / "cache" / "undo" / uuid.uuid4().hex
    kept: list[tuple[str, Path, bool, bool]] = []
    for photo in removed:
        file = photo.file
        if not photo.linked and file.exists():
            folder.mkdir(parents=True, exist_ok=True)
            file = _keep(file, folder / photo.id)
        kept.append((photo.id, file, photo.linked, photo.enabled))
    box.update(order=order, kept=kept)
    project.remove_photos([photo.id for photo in removed])


def restore_photos(project: Any, box: dict[str, Any]) -> None:
    """Brings back what `remove_photos` took out, at its old place in the order.

    Raises:
        InputError: The files are gone.
    """
    for linked in (False, True):
        files = [file for _, file, is_linked, _ in box["kept"] if is_linked is linked]
        if files:
            project.add_photos(files, link=linked)
    off = [name for name, _, _, enabled in box["kept"] if not enabled]
    if off:
        project.set_enabled(off, False)
    present = {photo.id for photo in project.photos}
    project.set_order([name for name in box["order"] if name in present])


def forget(project_path: Path) -> None:
    """Empties `cache/undo/`: with the window closed there is no undo any more."""
    shutil.rmtree(project_path / "cache" / "undo", ignore_errors=True)


def _keep(file: Path, target: Path) -> Path:
    """A second name for the file's content, or a copy where the disk has no links."""
    try:
        target.hardlink_to(file)
    except OSError:
        shutil.copyfile(file, target)
    return target
