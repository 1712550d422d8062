"""Copies results to where people look for them: the project's `outputs/`."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from recon.pipeline.stage import Artifact, Stage
from recon.project.files import copy, disk_errors, remove_tree
from recon.project.store import Store


def publish(stage: Stage, artifact: Artifact, outputs: Path, store: Store) -> None:
    """Puts what `stage.publishes` names under `outputs`; each file or folder appears whole or not at all.

    They are copies, so that another program may change them without harm to the project. What the artifact does not
    have any more goes away.

    Raises:
        ResourceError: Disk full.
        ProjectError: Not writable.
    """
    with disk_errors(outputs):
        outputs.mkdir(parents=True, exist_ok=True)
        for source, target in stage.publishes.items():
            if source == "@items":
                _replace_folder({f"{name}{path.suffix}": path for name, path in artifact.items.items()}, outputs / target, store)
            elif (artifact.path / source).is_dir():
                _replace_folder(_tree(artifact.path / source), outputs / target, store)
            elif (artifact.path / source).is_file():
                _replace_file(artifact.path / source, outputs / target, store)
            else:
                remove_tree(outputs / target)


def _tree(folder: Path) -> dict[str, Path]:
    return {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}


def _same(source: Path, target: Path) -> bool:
    """Whether the target is the source's copy, which keeps size and time."""
    try:
        a, b = source.stat(), target.stat()
    except OSError:
        return False
    return a.st_size == b.st_size and a.st_mtime_ns == b.st_mtime_ns


def _replace_file(source: Path, target: Path, store: Store) -> None:
    if _same(source, target):
        return
    with store.temporary(target.suffix) as temporary:
        copy(source, temporary)
        if target.is_dir():
            remove_tree(target)
        temporary.replace(target)


def _replace_folder(files: dict[str, Path], target: Path, store: Store) -> None:
    there = _tree(target) if target.is_dir() else {}
    if there.keys() == files.keys() and all(_same(path, there[name]) for name, path in files.items()):
        return
    with store.temporary(folder=True) as temporary, store.temporary() as old:
        for name, path in files.items():
            target_file = temporary.joinpath(*PurePosixPath(name).parts)
            target_file.parent.mkdir(parents=True, exist_ok=True)
            copy(path, target_file)
        if target.exists() or target.is_symlink():
            target.replace(old)
        temporary.replace(target)
