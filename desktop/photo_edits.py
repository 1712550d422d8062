"""Photos of the project: adds them, takes them out, switches them on and off, has them looked at."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from desktop.commands.undo import switch_photos, take_out, taken_in
from desktop.preferences import projects_folder, untitled
from desktop.state import Job, Message

if TYPE_CHECKING:
    from desktop.session import Session

IMPORTING = "Adding photos"
STEP_S = 0.1
"""Least time between two steps of an import that are shown."""


class PhotoEdits(QObject):
    """The part of the session that changes the list of photos; all of it can be undone.

    Args:
        session: Gives state, undo stack, threads, log and messages.
    """

    _import_step = Signal(int, int)

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session, self.state = session, session.state
        self._import_step.connect(self._on_import_step)

    def add(self, paths: Sequence[Path], link: bool = False) -> None:
        """Copies photos (files or folders) into the project; without one an untitled project is made first."""
        paths = tuple(paths)
        if not paths:
            return
        if self.state.project is None:
            self._session.create_project(untitled(projects_folder()), lambda: self.add(paths, link))
            return
        project_path = self.state.project
        if self.state.job is None:
            self.state.set("job", job=Job(IMPORTING, quiet=True))

        told = 0.0

        def step(done: int, total: int) -> None:  # a step a photo would keep the window busy with nothing else
            nonlocal told
            if time.monotonic() - told > STEP_S:
                told = time.monotonic()
                self._import_step.emit(done, total)

        def work() -> Any:
            from desktop.importing import import_photos

            return import_photos(project_path, paths, link, step)

        self._session.edits.submit(work, self._photos_added, self._import_failed)

    def _import_over(self) -> None:
        if self.state.job is not None and self.state.job.title == IMPORTING:
            self.state.set("job", job=None)

    def _photos_added(self, result: Any) -> None:
        self._import_over()
        added = tuple(result.added)
        for path, reason in result.skipped:
            self._session.log("warning", f"Not added: {path}: {reason}")
        if result.skipped:
            self._session.tell(skipped_message(result.skipped))
        if added:
            self._session.log("info", f"Added {len(added)} photos")
            self._session.undo.push(taken_in(self._session.edit, added))
        self._session.refresh()
        if added:
            self._session.when_idle(self.check)

    def _import_failed(self, error: Exception) -> None:
        self._import_over()
        self._session.fail(error)
        self._session.refresh()

    def _on_import_step(self, done: int, total: int) -> None:
        job = self.state.job
        if job is not None and job.title == IMPORTING:
            self.state.set("job", job=replace(job, done=done, total=total))

    def remove(self, ids: Sequence[str]) -> None:
        """Takes photos out of the project; undo brings them back."""
        if ids:
            self._session.undo.push(take_out(self._session.edit, tuple(ids)))

    def set_enabled(self, ids: Sequence[str], on: bool) -> None:
        """Switches photos on or off."""
        changed = tuple(name for name in ids if (photo := self.state.photo(name)) is not None and photo.enabled != on)
        if changed:
            self._session.undo.push(switch_photos(self._session.edit, changed, on))

    def check(self) -> None:
        """Lets the first stage look at the photos, so that verdicts appear without a run."""
        if not self._session.bridge.running and self.state.ready_photos >= 2:
            self._session.runs.run("photos", quiet=True)


def skipped_message(skipped: Sequence[tuple[Path, str]]) -> Message:
    """Which files were not added, and why."""
    path, reason = skipped[0]
    if len(skipped) == 1:
        return Message(f"'{Path(path).name}' was not added.", f"{reason[0].upper()}{reason[1:]}.", "", "warn")
    return Message(f"{len(skipped)} files were not added.", f"{Path(path).name}: {reason}.", "The log names each.", "warn")
