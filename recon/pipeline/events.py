"""Events of a run: plain dicts that go to a terminal, a pipe or a window alike."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from recon.errors import PhotolithError
from recon.pipeline.stage import Progress

OnEvent = Callable[[dict[str, Any]], None]
_INTERVAL = 0.1


class Reporter:
    """Sends events, one at a time, and measures how long the rest will take.

    Args:
        on_event: Receives each event; called from the thread that computes.
    """

    def __init__(self, on_event: OnEvent) -> None:
        self._on_event = on_event
        self._lock = threading.Lock()
        self._clear()

    def send(self, event: str, **values: Any) -> None:
        """Sends one event."""
        with self._lock:
            self._on_event({"event": event, **values})

    def _clear(self) -> None:
        self._last = 0.0
        self._start = (0.0, 0)
        self._before: Progress | None = None

    def begin_stage(self, stage: str, title: str) -> None:
        """Tells that a stage starts, and starts its clock."""
        self._clear()
        self.send("stage_started", stage=stage, title=title)

    def progress(self, stage: str, progress: Progress) -> None:
        """Tells how far a stage is, at most ten times a second; the last step is always told.

        The time left is extrapolated from the rate since the count began; work that an earlier run did does not enter.
        """
        now = time.monotonic()
        counted = progress.total > 0
        if counted and (self._before is None or progress.done < self._before.done or progress.total != self._before.total):
            self._start, self._last = (now, progress.done), 0.0  # a new count: what was before says nothing of it
        if counted:
            self._before = progress
        if now - self._last < _INTERVAL and not (counted and progress.done == progress.total):
            return
        self._last = now
        since, first = self._start
        eta: float | None = None
        if counted and progress.done > first:
            eta = (now - since) / (progress.done - first) * (progress.total - progress.done)
        rounded = None if eta is None else round(eta, 1)
        self.send("progress", stage=stage, done=progress.done, total=progress.total, detail=progress.detail, eta_seconds=rounded)

    def failed(self, error: PhotolithError) -> None:
        """Tells what went wrong."""
        self.send("failed", error=describe_error(error))


def expected(error: BaseException) -> PhotolithError:
    """The error itself, or words for one that nobody foresaw."""
    if isinstance(error, PhotolithError):
        return error
    why = f"{type(error).__name__}: {error}"
    return PhotolithError("Something went wrong inside Photolith.", why, "The log has the details; run again to go on.")


def describe_error(error: PhotolithError) -> dict[str, str]:
    """An error as a plain dict."""
    return {"type": type(error).__name__, "what": error.what, "why": error.why, "remedy": error.remedy}


class EventHandler(logging.Handler):
    """Turns log records of a stage into 'log' events."""

    def __init__(self, reporter: Reporter) -> None:
        super().__init__(logging.INFO)
        self._reporter = reporter

    def emit(self, record: logging.LogRecord) -> None:
        """Sends the record."""
        self._reporter.send("log", level=record.levelname.lower(), message=record.getMessage())
