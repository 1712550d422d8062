"""Between the window and the world: opens projects, hands work to threads and to the worker, writes the state."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject
from PySide6.QtGui import QUndoStack

from desktop.commands.undo import Edit, change_preset, change_settings
from desktop.importing import forget
from desktop.jobs.background import Background
from desktop.jobs.bridge import JobBridge
from desktop.photo_edits import PhotoEdits
from desktop.preferences import Preferences, projects_folder
from desktop.runs import Runs
from desktop.snapshot import Snapshot, read_snapshot
from desktop.state import AppState, LogLine, Message
from recon.errors import PhotolithError

LOG = logging.getLogger(__name__)


class Session(QObject):
    """What the actions of the window do.

    Args:
        state: Written here, read by views.
        preferences: Recent projects, device.
        bridge: The worker; tests hand in one that runs a script.
    """

    def __init__(self, state: AppState, preferences: Preferences, bridge: JobBridge | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.state, self.preferences = state, preferences
        self.bridge = bridge or JobBridge(parent=self)
        self.undo = QUndoStack(self)
        self.edits = Background(1, "project", self)
        self.background = Background(2, "background", self)
        self._refreshing = self._refresh_again = False
        self.runs, self.photos = Runs(self), PhotoEdits(self)
        state.set("recents", recents=preferences.recents)

    # ---- projects

    def create_project(self, path: Path, then: Callable[[], None] | None = None) -> None:
        """Makes a project at `path` and opens it; a preset chosen on the start page holds for it."""
        preset = self.state.preset if self.state.project is None else None

        def work() -> Snapshot:
            from recon.project import Project

            path.parent.mkdir(parents=True, exist_ok=True)
            project = Project.create(path)
            if preset is not None:
                project.set_preset(preset)
            return read_snapshot(path)

        self._open(work, then)

    def open_project(self, path: Path, then: Callable[[], None] | None = None) -> None:
        """Opens the project at `path`; its outputs become layers at once."""
        self._open(lambda: read_snapshot(path), then)

    def open_demo(self) -> None:
        """Makes a project of the photos that come with the application, or opens the one made before."""
        import resources

        path = projects_folder() / "Demo"
        if (path / "manifest.json").exists():
            self.open_project(path)
            return
        try:
            photos = resources.path("demo/photos")
        except FileNotFoundError:
            self.tell(Message("The demo's photos are not here.", "This copy of Photolith came without them.", "Install it again."))
            return
        self.create_project(path, lambda: self.photos.add([photos]))

    def close_project(self) -> None:
        """Back to the start page; what runs is stopped and can be resumed."""
        self.bridge.cancel()
        self._forget_undo()
        self.state.clear_project()

    def _forget_undo(self) -> None:
        """Nothing can be undone any more, so what undo kept of removed photos goes."""
        self.undo.clear()
        if self.state.project is not None:
            forget(self.state.project)

    def _open(self, work: Callable[[], Snapshot], then: Callable[[], None] | None) -> None:
        if self.bridge.running:
            self.tell(Message("A run is going on.", "", "Stop it before you open another project.", "warn"))
            return
        self.state.set("project", loading=True)

        def done(snapshot: Snapshot) -> None:
            self._forget_undo()
            self.state.clear_project()
            self.state.loading = False
            self.preferences.remember(snapshot.path)
            self.state.set("recents", recents=self.preferences.recents)
            self._apply(snapshot)
            self.log("info", f"Opened {snapshot.path}")
            if then is not None:
                then()

        def failed(error: Exception) -> None:
            self.state.set("project", loading=False)
            self.fail(error)

        self.edits.submit(work, done, failed)

    # ---- reading

    def refresh(self) -> None:
        """Reads the project again, on a thread; several requests at once become one."""
        if self.state.project is None:
            return
        if self._refreshing:
            self._refresh_again = True
            return
        self._refreshing, path = True, self.state.project

        def done(snapshot: Snapshot) -> None:
            self._refreshing = False
            if snapshot.path == self.state.project:
                self._apply(snapshot)
            if self._refresh_again:
                self._refresh_again = False
                self.refresh()

        def failed(error: Exception) -> None:
            self._refreshing = self._refresh_again = False
            if path == self.state.project:
                self.fail(error)

        self.edits.submit(lambda: read_snapshot(path), done, failed)

    def _apply(self, snapshot: Snapshot) -> None:
        state = self.state
        state.thumbnails, state.views = dict(snapshot.thumbnails), dict(snapshot.views)
        state.pairs, state.report = snapshot.pairs, snapshot.report
        state.set("photos", photos=snapshot.photos)
        state.set_layers(snapshot.layers)
        state.set("stages", stages=snapshot.stages, summary=snapshot.summary)
        state.set("project", project=snapshot.path, name=snapshot.name, preset=snapshot.preset)
        state.notify("selection")

    # ---- settings

    def set_preset(self, name: str) -> None:
        """Chooses draft, balanced, quality or learned."""
        if self.state.project is None:
            self.state.set("project", preset=name)
        elif name != self.state.preset:
            self.undo.push(change_preset(self.edit, self.state.preset, name))

    def set_setting(self, stage: str, name: str, value: Any) -> None:
        """Changes one setting; equal to the preset means 'not set by hand'."""
        item = self.state.stage(stage)
        if item is None:
            self.state.notify("stages")
            return
        before = {s.name: s.value for s in item.settings if s.changed}
        after = dict(before)
        default = next(s.default for s in item.settings if s.name == name)
        if value == default:
            after.pop(name, None)
        else:
            after[name] = value
        if after != before:
            self.undo.push(change_settings(self.edit, stage, before, after, f"Setting {name.replace('_', ' ')}"))

    def edit(self, change: Edit) -> None:
        """Runs a change of the project in order, off the GUI thread, and reads the project again."""
        path = self.state.project
        if path is None:
            return

        def work() -> None:
            from recon.project import Project

            change(Project.open(path))

        def failed(error: Exception) -> None:
            self.fail(error)
            self.refresh()

        self.edits.submit(work, lambda _: self.refresh(), failed)

    # ---- telling

    def tell(self, message: Message) -> None:
        """Shows a message and logs it."""
        self.state.add_message(message)
        self.log({"error": "error", "warn": "warning"}.get(message.level, "info"), message.text)

    def fail(self, error: Exception) -> None:
        """Tells of an error in the words the command line uses."""
        if isinstance(error, PhotolithError):
            self.tell(Message(error.what, error.why, error.remedy))
        else:
            LOG.error("unexpected", exc_info=error)
            self.tell(Message("Something went wrong inside Photolith.", f"{type(error).__name__}: {error}", "The log has the details."))

    def log(self, level: str, text: str) -> None:
        """Adds a line to the log."""
        self.state.add_log(LogLine(time.strftime("%H:%M:%S"), level if level in ("warning", "error") else "info", text))

    def close(self) -> None:
        """Ends threads and worker."""
        self.runs.close()
        self.undo.blockSignals(True)  # it may outlive those who listen
        self._forget_undo()
        self.edits.close()
        self.background.close()
        self.bridge.close()

    def when_idle(self, call: Callable[[], None]) -> None:
        """Calls back after every edit handed in so far is on the disk."""
        self.edits.submit(lambda: None, lambda _: call())
