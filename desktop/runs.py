"""Runs: starts them, follows their events, tells how they ended."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer

from desktop.state import Job, Message

if TYPE_CHECKING:
    from desktop.session import Session

PROGRESS_MS = 100
WORDS_MS = 300
"""How long the worker has to write down where an unexpected error happened."""
UNEXPECTED = "PhotolithError"
"""Type of an error that no stage has foreseen; foreseen ones have types of their own."""


class Runs(QObject):
    """The part of the session that follows the worker.

    Args:
        session: Gives state, bridge, log and messages.
    """

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session, self.state, self.bridge = session, session.state, session.bridge
        self._after: Callable[[], None] | None = None
        self._pending: dict[str, Any] | None = None
        self._started = 0.0
        self._progress = QTimer(self, interval=PROGRESS_MS, singleShot=True)
        self._progress.timeout.connect(self._show_progress)
        self.bridge.received.connect(self._on_event)
        self.bridge.finished.connect(self._on_finished)

    def close(self) -> None:
        """Shows nothing any more."""
        self._progress.stop()

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
        options: dict[str, Any] = {"device": self._session.preferences.device}
        if until is not None:
            options["until"] = until
        self._session.when_idle(lambda: self._start(options))

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
            self._session.log(str(event.get("level", "info")).lower(), str(event.get("message", "")))

    def _stage_finished(self, event: dict[str, Any]) -> None:
        name = str(event.get("stage", ""))
        stage = self.state.stage(name)
        title = stage.title if stage is not None else name
        if not event.get("reused"):
            self._session.log("info", f"{title}: done in {float(event.get('seconds') or 0):.1f} s")
        self._set_job(stage="", detail="")
        self.state.set("stages", stages=tuple(replace(x, state="fresh", why="") if x.name == name else x for x in self.state.stages))
        if not event.get("reused"):
            self._session.refresh()

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
                self._session.log("info", f"Finished in {time.monotonic() - self._started:.0f} s")
        elif outcome == "cancelled":
            self._session.log("info", "Stopped. What is finished is kept.")
        elif outcome == "failed":
            self._session.tell(Message(detail.get("what") or "The run failed.", detail.get("why") or "", detail.get("remedy") or ""))
            if detail.get("type") == UNEXPECTED:
                QTimer.singleShot(WORDS_MS, self, self._log_last_words)
        else:
            self._tell_crash(stage, detail)
        self._session.refresh()
        after, self._after = self._after, None
        if after is not None and outcome == "done":
            after()

    def _log_last_words(self) -> None:
        if self.bridge.last_words:
            self._session.log("error", self.bridge.last_words)

    def _tell_crash(self, stage: str, detail: dict[str, Any]) -> None:
        if detail.get("tail"):
            self._session.log("error", str(detail["tail"]))
        where = self.state.stage(stage)
        during = f" during '{where.title}'" if where is not None else ""
        why = f"The process that computes ended{during} (code {detail.get('code')})."
        self._session.tell(
            Message(
                "The run broke off.", why, "Finished work is kept: resume goes on from there. The log has its last words.", action="resume"
            )
        )
