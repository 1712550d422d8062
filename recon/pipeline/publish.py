"""Copies results to where people look for them: the project's `outputs/`."""

from __future__ import annotations

import shutil
from pathlib import Path, PurePosixPath

from recon.pipeline.stage import Artifact, Stage
from recon.project.files import disk_errors, remove_tree, temporary_tag


def publish(stage: Stage, artifact: Artifact, outputs: Path) -> None:
    """Puts what `stage.publishes` names under `outputs`; each file or folder appears whole or not at all.

    Raises:
        ResourceError: Disk full.
    """
    with disk_errors(outputs):
        outputs.mkdir(parents=True, exist_ok=True)
        for source, target in stage.publishes.items():
            if source == "@items":
                _replace_folder({f"{name}{path.suffix}": path for name, path in artifact.items.items()}, outputs / target)
            elif (artifact.path / source).is_dir():
                _replace_folder(_tree(artifact.path / source), outputs / target)
            elif (artifact.path / source).is_file():
                _replace_file(artifact.path / source, outputs / target)


def _tree(folder: Path) -> dict[str, Path]:
    return {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}


def _same(source: Path, target: Path) -> bool:
    """Whether the target is the source's copy, which keeps size and time."""
    try:
        a, b = source.stat(), target.stat()
    except OSError:
        return False
    return a.st_size == b.st_size and (a.st_ino == b.st_ino or a.st_mtime_ns == b.st_mtime_ns)


def _replace_file(source: Path, target: Path) -> None:
    if _same(source, target):
        return
    temporary = target.with_name(f".{temporary_tag()}")
    shutil.copy2(source, temporary)
    temporary.replace(target)


def _replace_folder(files: dict[str, Path], target: Path) -> None:
    there = _tree(target) if target.is_dir() else {}
    if there.keys() == files.keys() and all(_same(path, there[name]) for name, path in files.items()):
        return
    temporary = target.with_name(f".{temporary_tag()}")
    temporary.mkdir()
    for name, path in files.items():
        copy = temporary.joinpath(*PurePosixPath(name).parts)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, copy)
    remove_tree(target)
    temporary.replace(target)
