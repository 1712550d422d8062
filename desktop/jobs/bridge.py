"""The window's side of the worker process: requests go down as JSON lines, events come back as JSON lines."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, QTimer, Signal

WORKER = (sys.executable, "-m", "desktop.jobs.worker")
GRACE_MS = 5000
MAX_LINE = 16 * 1024 * 1024


class JobBridge(QObject):
    """Starts the worker when it is needed, keeps it warm, and turns its lines into signals.

    Signals:
        received: One event as the runner sent it (a dict).
        finished: The run is over: 'done', 'failed', 'cancelled' or 'crashed', and a detail
            (the error dict, or the last lines the process wrote before it died).

    Args:
        command: Program and arguments of the worker; tests hand in a script of their own.
        grace_ms: How long a cancelled run may take before its process is ended.
    """

    received = Signal(dict)
    finished = Signal(str, dict)

    def __init__(self, command: Sequence[str] = WORKER, grace_ms: int = GRACE_MS, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._command = tuple(command)
        self._process: QProcess | None = None
        self._number = 0
        self._running = False
        self._cancelled = False
        self._tail: list[str] = []
        self._buffer = b""
        self._timer = QTimer(self, singleShot=True, interval=grace_ms)
        self._timer.timeout.connect(self._end_process)

    @property
    def running(self) -> bool:
        """Whether a run is going on."""
        return self._running

    @property
    def pid(self) -> int:
        """Process id of the worker, 0 without one."""
        return int(self._process.processId()) if self._process is not None else 0

    @property
    def last_words(self) -> str:
        """The last lines that the worker wrote to its error output during this run."""
        return "\n".join(self._tail)

    def run(self, project: str, **options: Any) -> None:
        """Asks for a run. `options`: until, device, seed, deterministic.

        Raises:
            RuntimeError: A run is going on already.
        """
        if self._running:
            raise RuntimeError("a run is going on already")
        self._number += 1
        self._running, self._cancelled = True, False
        self._tail.clear()
        if self._process is None or self._process.state() == QProcess.ProcessState.NotRunning:
            self._start_process()
        self._send({"id": self._number, "command": "run", "project": project, **options})

    def cancel(self) -> None:
        """Asks the run to stop, and ends the process when it has not stopped in time (resume makes that safe)."""
        if self._running and not self._cancelled:
            self._cancelled = True
            self._send({"id": self._number, "command": "cancel"})
            self._timer.start()

    def close(self) -> None:
        """Ends the worker, with the window."""
        self._running = False
        self._timer.stop()
        process, self._process = self._process, None
        if process is not None:
            process.blockSignals(True)
            process.closeWriteChannel()
            process.terminate()
            if not process.waitForFinished(1000):
                process.kill()
                process.waitForFinished(1000)

    def _start_process(self) -> None:
        process = QProcess(self)
        environment = QProcessEnvironment.systemEnvironment()
        environment.insert("PYTHONUNBUFFERED", "1")
        environment.insert("PYTHONIOENCODING", "utf-8")
        process.setProcessEnvironment(environment)
        process.readyReadStandardOutput.connect(self._read)
        process.readyReadStandardError.connect(self._read_errors)
        process.finished.connect(self._process_ended)
        process.errorOccurred.connect(self._process_error)
        self._process, self._buffer = process, b""
        process.start(self._command[0], list(self._command[1:]))

    def _send(self, request: dict[str, Any]) -> None:
        if self._process is not None:
            self._process.write(json.dumps(request).encode() + b"\n")

    def _read(self) -> None:
        if self._process is None:
            return
        self._buffer += bytes(self._process.readAllStandardOutput().data())
        *lines, self._buffer = self._buffer.split(b"\n")
        if len(self._buffer) > MAX_LINE:
            self._buffer = b""
        for line in lines:
            self._take(line)

    def _take(self, line: bytes) -> None:
        try:
            event = json.loads(line)
            kind = event["event"]
        except (ValueError, KeyError, TypeError):
            if line.strip():  # a library printed something; it belongs into the log, not into the protocol
                self.received.emit({"event": "log", "level": "info", "message": line.decode(errors="replace").rstrip()})
            return
        self.received.emit(event)
        if kind == "report":
            self._finish("done", event.get("report") or {})
        elif kind == "failed":
            error = event.get("error") or {}
            self._finish("cancelled" if error.get("type") == "Cancelled" else "failed", error)

    def _read_errors(self) -> None:
        if self._process is None:
            return
        text = bytes(self._process.readAllStandardError().data()).decode(errors="replace")
        self._tail = [*self._tail, *(line for line in text.splitlines() if line.strip())][-20:]

    def _finish(self, outcome: str, detail: dict[str, Any]) -> None:
        if self._running:
            self._running = False
            self._timer.stop()
            self.finished.emit(outcome, detail)

    def _end_process(self) -> None:
        process = self._process
        if process is not None and self._running:
            process.terminate()
            QTimer.singleShot(1500, process, process.kill)

    def _process_ended(self, code: int, _status: Any) -> None:
        self._read()
        self._read_errors()
        process, self._process = self._process, None
        if process is not None:
            process.deleteLater()
        if self._cancelled:
            self._finish("cancelled", {})
        else:
            self._finish("crashed", {"code": code, "tail": self.last_words})

    def _process_error(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart:
            process, self._process = self._process, None
            text = process.errorString() if process is not None else ""
            self._finish("crashed", {"code": -1, "tail": text})
