"""Garbage collection: what neither the current nor the previous result of a stage needs."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from recon.project.files import remove_tree
from recon.project.opened import OpenProject
from recon.project.store import RECORD


def collect_garbage(project: OpenProject, stages: Iterable[str]) -> None:
    """Removes artifacts other than the current and the previous one of each stage, and items that neither refers to.

    The previous one is kept so that a change of a setting can be taken back at no cost. Items newer than the current artifact
    belong to unfinished work and are kept, so that it can be resumed. The caller holds the project's lock.
    """
    for stage in stages:
        kept = project.history(stage)
        records = [record for key in kept if (record := project.store.record(stage, key)) is not None]
        if not records or records[0].key != kept[0]:
            continue  # without knowing what the current one needs nothing can go
        for folder in (project.path / "artifacts" / stage).glob("*"):
            if folder.name not in kept:
                remove_tree(folder)
        needed = {project.path / item.file for record in records for item in record.items.values()}
        _remove_items(project.path / "items" / stage, needed, (project.store.folder(stage, kept[0]) / RECORD).stat().st_mtime)


def _remove_items(folder: Path, needed: set[Path], finished: float) -> None:
    """Removes the files of items that nobody needs and that were made before `finished`."""
    for path in folder.glob("*/*"):
        with suppress(OSError):
            if path not in needed and path.stat().st_mtime <= finished:
                path.unlink()
