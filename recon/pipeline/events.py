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
        self._last = 0.0
        self._start: tuple[float, int] | None = None

    def send(self, event: str, **values: Any) -> None:
        """Sends one event."""
        with self._lock:
            self._on_event({"event": event, **values})

    def begin_stage(self, stage: str, title: str) -> None:
        """Tells that a stage starts, and starts its clock."""
        self._last, self._start = 0.0, None
        self.send("stage_started", stage=stage, title=title)

    def progress(self, stage: str, progress: Progress, eta: float | None = None) -> None:
        """Tells how far a stage is, at most ten times a second; the last step is always told.

        Args:
            stage: Its name.
            progress: How far it is.
            eta: Seconds to the end when the caller knows them better than by the rate since the first step.
        """
        now = time.monotonic()
        if self._start is None or progress.done < self._start[1]:
            self._start = (now, progress.done)
        if now - self._last < _INTERVAL and progress.done != progress.total:
            return
        self._last = now
        if eta is None and progress.total > 0 and progress.done > self._start[1]:
            eta = (now - self._start[0]) / (progress.done - self._start[1]) * (progress.total - progress.done)
        rounded = None if eta is None else round(eta, 1)
        self.send("progress", stage=stage, done=progress.done, total=progress.total, detail=progress.detail, eta_seconds=rounded)

    def failed(self, error: PhotolithError) -> None:
        """Tells what went wrong."""
        self.send("failed", error=describe_error(error))


def describe_error(error: PhotolithError) -> dict[str, str]:
    """An error as a plain dict; `rebuild_error` turns it back."""
    return {"type": type(error).__name__, "what": error.what, "why": error.why, "remedy": error.remedy}


def rebuild_error(values: dict[str, str]) -> PhotolithError:
    """The typed error of a 'failed' event that came from another process."""
    from recon import errors

    kind = getattr(errors, values.get("type", ""), PhotolithError)
    if not (isinstance(kind, type) and issubclass(kind, PhotolithError)):
        kind = PhotolithError
    return kind(values.get("what", ""), values.get("why", ""), values.get("remedy", ""))


class EventHandler(logging.Handler):
    """Turns log records of a stage into 'log' events."""

    def __init__(self, reporter: Reporter) -> None:
        super().__init__(logging.INFO)
        self._reporter = reporter

    def emit(self, record: logging.LogRecord) -> None:
        """Sends the record."""
        self._reporter.send("log", level=record.levelname.lower(), message=record.getMessage())
