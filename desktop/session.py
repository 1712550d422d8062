"""Between the window and the world: opens projects, hands work to threads and to the worker, writes the state."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QUndoStack

from desktop.commands.undo import Edit, ProjectCommand, change_preset, change_settings, switch_photos
from desktop.jobs.background import Background
from desktop.jobs.bridge import JobBridge
from desktop.preferences import Preferences, projects_folder, untitled
from desktop.snapshot import Snapshot, read_snapshot
from desktop.state import AppState, Job, LogLine, Message
from recon.errors import PhotolithError

LOG = logging.getLogger(__name__)
PROGRESS_MS = 100


class Session(QObject):
    """What the actions of the window do.

    Args:
        state: Written here, read by views.
        preferences: Recent projects, device.
        bridge: The worker; tests hand in one that runs a script.
    """

    imported = Signal(object)

    _import_step = Signal(int, int)

    def __init__(self, state: AppState, preferences: Preferences, bridge: JobBridge | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.state, self.preferences = state, preferences
        self.bridge = bridge or JobBridge(parent=self)
        self.undo = QUndoStack(self)
        self._edits = Background(1, "project", self)
        self._after: Callable[[], None] | None = None
        self._refreshing = self._refresh_again = False
        self._pending: dict[str, Any] | None = None
        self._started = 0.0
        self._progress = QTimer(self, interval=PROGRESS_MS, singleShot=True)
        self._progress.timeout.connect(self._show_progress)
        self.bridge.event.connect(self._on_event)
        self.bridge.finished.connect(self._on_finished)
        self._import_step.connect(self._on_import_step)
        state.set("recents", recents=preferences.recents)

    # ---- projects

    def create_project(self, path: Path, then: Callable[[], None] | None = None) -> None:
        """Makes a project at `path` and opens it."""

        def work() -> Snapshot:
            from recon.project import Project

            path.parent.mkdir(parents=True, exist_ok=True)
            Project.create(path)
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
        self.create_project(path, lambda: self.add_photos([photos]))

    def close_project(self) -> None:
        """Back to the start page; what runs is stopped and can be resumed."""
        self.bridge.cancel()
        self.undo.clear()
        self.state.clear_project()

    def _open(self, work: Callable[[], Snapshot], then: Callable[[], None] | None) -> None:
        if self.bridge.running:
            self.tell(Message("A run is going on.", "", "Stop it before you open another project.", "warn"))
            return
        self.state.set("project", loading=True)

        def done(snapshot: Snapshot) -> None:
            self.undo.clear()
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

        self._edits.submit(work, done, failed)

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

        self._edits.submit(lambda: read_snapshot(path), done, failed)

    def _apply(self, snapshot: Snapshot) -> None:
        state = self.state
        state.thumbnails, state.views = dict(snapshot.thumbnails), dict(snapshot.views)
        state.set("photos", photos=snapshot.photos)
        state.set_layers(snapshot.layers)
        state.set("stages", stages=snapshot.stages, summary=snapshot.summary)
        state.set("project", project=snapshot.path, name=snapshot.name, preset=snapshot.preset)
        state.notify("selection")

    # ---- photos

    def add_photos(self, paths: Sequence[Path], link: bool = False) -> None:
        """Copies photos (files or folders) into the project; without one an untitled project is made first."""
        paths = tuple(paths)
        if not paths:
            return
        if self.state.project is None:
            self.create_project(untitled(projects_folder()), lambda: self.add_photos(paths, link))
            return
        project_path = self.state.project
        self.state.set("job", job=Job("Adding photos", quiet=True))

        def step(done: int, total: int) -> None:
            self._import_step.emit(done, total)

        def work() -> Any:
            from desktop.importing import import_photos

            return import_photos(project_path, paths, link, step)

        self._edits.submit(work, self._photos_added, self._import_failed)

    def _photos_added(self, result: Any) -> None:
        self.state.set("job", job=None)
        added = tuple(result.added)
        for path, reason in result.skipped:
            self.log("warning", f"Not added: {path}: {reason}")
        if result.skipped:
            first = result.skipped[0]
            count = len(result.skipped)
            what = f"{Path(first[0]).name} was not added." if count == 1 else f"{count} files were not added."
            self.tell(
                Message(
                    what,
                    f"{first[1]}" if count == 1 else f"{Path(first[0]).name}: {first[1]}",
                    "" if count == 1 else "The log names each.",
                    "warn",
                )
            )
        if added:
            self.log("info", f"Added {len(added)} photos")
            self._push_added(added)
        self.imported.emit(result)
        self.refresh()
        if added:
            self.check_photos()

    def _import_failed(self, error: Exception) -> None:
        self.state.set("job", job=None)
        self.fail(error)
        self.refresh()

    def _on_import_step(self, done: int, total: int) -> None:
        job = self.state.job
        if job is not None and job.title == "Adding photos":
            self.state.set("job", job=replace(job, done=done, total=total))

    def _push_added(self, ids: tuple[str, ...]) -> None:
        from desktop.importing import remove_photos, restore_photos

        text = f"Add {ids[0]}" if len(ids) == 1 else f"Add {len(ids)} photos"
        box: dict[str, Any] = {}
        self.undo.push(
            ProjectCommand(
                text, self.edit, lambda project: restore_photos(project, box), lambda project: remove_photos(project, ids, box), done=True
            )
        )

    def remove_photos(self, ids: Sequence[str]) -> None:
        """Takes photos out of the project; undo brings them back."""
        from desktop.importing import remove_photos, restore_photos

        ids = tuple(ids)
        if not ids:
            return
        text = f"Remove {ids[0]}" if len(ids) == 1 else f"Remove {len(ids)} photos"
        box: dict[str, Any] = {}
        self.undo.push(
            ProjectCommand(text, self.edit, lambda project: remove_photos(project, ids, box), lambda project: restore_photos(project, box))
        )

    def set_enabled(self, ids: Sequence[str], on: bool) -> None:
        """Switches photos on or off."""
        changed = tuple(name for name in ids if (photo := self.state.photo(name)) is not None and photo.enabled != on)
        if changed:
            self.undo.push(switch_photos(self.edit, changed, on))

    def check_photos(self) -> None:
        """Lets the first stage look at the photos, so that verdicts appear without a run."""
        if not self.bridge.running and self.state.photos is not None:
            self.run("photos", quiet=True)

    # ---- settings

    def set_preset(self, name: str) -> None:
        """Chooses draft, balanced or quality."""
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

        self._edits.submit(work, lambda _: self.refresh(), failed)

    # ---- runs

    def run(self, until: str | None = None, quiet: bool = False) -> None:
        """Reconstructs, or goes on where it stopped; `until` names the last stage."""
        if self.state.project is None:
            return
        if self.bridge.running:
            if not quiet and self.state.job is not None and self.state.job.quiet:
                self._after = lambda: self.run(until)
                self.state.set("job", job=replace(self.state.job, quiet=False))
            return
        self._started = time.monotonic()
        if not quiet:
            self.state.set("messages", messages=())
        self.state.failed_stage = ""
        self.state.set("job", job=Job("Looking at the photos" if quiet else "Starting", quiet=quiet))
        self.state.notify("stages")
        options: dict[str, Any] = {"device": self.preferences.device}
        if until is not None:
            options["until"] = until
        self._edits.submit(lambda: None, lambda _: self._start(options))  # after every edit that waits

    def _start(self, options: dict[str, Any]) -> None:
        if self.state.project is not None and not self.bridge.running:
            self.bridge.run(str(self.state.project), **options)

    def stop(self) -> None:
        """Asks the run to stop; what is finished is kept."""
        self._after = None
        if self.bridge.running and self.state.job is not None:
            self.state.set("job", job=replace(self.state.job, stopping=True, quiet=False))
            self.bridge.cancel()

    def _on_event(self, event: dict[str, Any]) -> None:
        kind = event.get("event")
        if kind == "progress":
            self._pending = event
            if not self._progress.isActive():
                self._progress.start()
        elif kind == "stage_started":
            self._pending = None
            self._set_job(title=event.get("title", ""), stage=event.get("stage", ""), done=0, total=0, detail="", eta_seconds=None)
        elif kind == "stage_finished":
            self._pending = None
            self._stage_finished(event)
        elif kind == "log":
            self.log(str(event.get("level", "info")).lower(), str(event.get("message", "")))

    def _stage_finished(self, event: dict[str, Any]) -> None:
        name = str(event.get("stage", ""))
        stage = self.state.stage(name)
        title = stage.title if stage is not None else name
        if not event.get("reused"):
            self.log("info", f"{title}: done in {float(event.get('seconds') or 0):.1f} s")
        self._set_job(stage="", detail="")
        self.state.set("stages", stages=tuple(replace(x, state="fresh", why="") if x.name == name else x for x in self.state.stages))
        if not event.get("reused"):
            self.refresh()

    def _show_progress(self) -> None:
        event, self._pending = self._pending, None
        if event is not None:
            self._set_job(
                stage=event.get("stage", ""),
                done=int(event.get("done") or 0),
                total=int(event.get("total") or 0),
                detail=str(event.get("detail") or ""),
                eta_seconds=event.get("eta_seconds"),
            )

    def _set_job(self, **values: Any) -> None:
        if self.state.job is not None:
            self.state.set("job", job=replace(self.state.job, **values))

    def _on_finished(self, outcome: str, detail: dict[str, Any]) -> None:
        job, self._pending = self.state.job, None
        stage = job.stage if job is not None else ""
        self.state.interrupted = outcome in ("cancelled", "crashed", "failed") and not (job is not None and job.quiet)
        self.state.failed_stage = stage if outcome in ("failed", "crashed") else ""
        self.state.failed_why = detail.get("what") or "The process ended."
        self.state.set("job", job=None)
        self.state.notify("stages")
        if outcome == "done":
            if job is not None and not job.quiet:
                self.log("info", f"Finished in {time.monotonic() - self._started:.0f} s")
        elif outcome == "cancelled":
            self.log("info", "Stopped. What is finished is kept.")
        elif outcome == "failed":
            self.tell(Message(detail.get("what") or "The run failed.", detail.get("why") or "", detail.get("remedy") or ""))
        else:
            self._tell_crash(stage, detail)
        self.refresh()
        after, self._after = self._after, None
        if after is not None and outcome == "done":
            after()

    def _tell_crash(self, stage: str, detail: dict[str, Any]) -> None:
        if detail.get("tail"):
            self.log("error", str(detail["tail"]))
        where = self.state.stage(stage)
        during = f" during '{where.title}'" if where is not None else ""
        why = f"The process that computes ended{during} (code {detail.get('code')})."
        self.tell(
            Message(
                "The run broke off.", why, "Finished work is kept: resume goes on from there. The log has its last words.", action="resume"
            )
        )

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
        self._progress.stop()
        self._edits.close()
        self.bridge.close()
