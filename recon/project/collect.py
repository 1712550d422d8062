"""Garbage collection: what neither the current nor the previous result of a stage needs."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from recon.project.files import remove_tree
from recon.project.project import Project
from recon.project.store import RECORD


@dataclass(frozen=True)
class Collected:
    """What a collection removed.

    Args:
        artifacts: Number of artifacts.
        items: Number of item files.
        bytes: Space that was freed, as file sizes.
    """

    artifacts: int
    items: int
    bytes: int


def collect_garbage(project: Project, stages: Iterable[str] | None = None) -> Collected:
    """Removes artifacts other than the current and the previous one of each stage, and items that neither refers to.

    Items newer than the current artifact belong to unfinished work and are kept, so that it can be resumed.

    Args:
        project: The project; its lock is taken.
        stages: Names of the stages to look at; None = all.

    Raises:
        ProjectLockedError: The project is in use.
    """
    total = Collected(0, 0, 0)
    with project.lock():
        names = _stage_names(project.path) if stages is None else list(stages)
        for name in names:
            one = _collect_stage(project, name)
            total = Collected(total.artifacts + one.artifacts, total.items + one.items, total.bytes + one.bytes)
    return total


def _stage_names(root: Path) -> list[str]:
    """Stages that have left anything."""
    return sorted({p.name for folder in ("artifacts", "items") for p in (root / folder).glob("*") if p.is_dir()})


def _collect_stage(project: Project, stage: str) -> Collected:
    """Collects one stage."""
    kept = project.history(stage)
    current = project.store.folder(stage, kept[0]) / RECORD if kept else None
    if current is None or not current.exists():
        return Collected(0, 0, 0)
    needed: set[Path] = set()
    for key in kept:
        record = project.store.record(stage, key)
        if record is not None:
            needed.update(project.path / item.file for item in record.items.values())
    finished = current.stat().st_mtime
    artifacts = items = size = 0
    for folder in (project.path / "artifacts" / stage).glob("*"):
        if folder.name not in kept:
            size += sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())
            remove_tree(folder)
            artifacts += 1
    for path in (project.path / "items" / stage).glob("*/*"):
        with suppress(OSError):
            stat = path.stat()
            if path not in needed and stat.st_mtime <= finished:
                path.unlink()
                size, items = size + stat.st_size, items + 1
    return Collected(artifacts, items, size)


def size_on_disk(root: Path) -> dict[str, int]:
    """Bytes under each top folder of a project, as file sizes."""
    result = {}
    for folder in sorted(p for p in root.iterdir() if p.is_dir()):
        result[folder.name] = sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())
    return result
