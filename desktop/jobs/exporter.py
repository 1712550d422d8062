"""The window's side of an export: starts the process and tells how it ended."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from PySide6.QtCore import QObject, QProcess, Signal

COMMAND = (sys.executable, "-m", "desktop.jobs.export")


class Exporter(QObject):
    """Exports one after the other. Signals: `done(target, bytes)`, `failed(error dict)`."""

    done = Signal(str, object)
    failed = Signal(dict)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._process: QProcess | None = None
        self._waiting: list[tuple[str, Path, Path]] = []

    @property
    def busy(self) -> bool:
        """Whether an export is going on."""
        return self._process is not None

    def export(self, kind: str, source: Path, target: Path) -> None:
        """Writes `source` to `target`; see `desktop.jobs.export` for `kind`."""
        if self._process is not None:
            self._waiting.append((kind, source, target))
            return
        process = QProcess(self)
        self._process = process
        process.finished.connect(lambda code, _status: self._ended(process, target))
        process.errorOccurred.connect(lambda error: self._ended(process, target) if error == QProcess.ProcessError.FailedToStart else None)
        process.start(COMMAND[0], [*COMMAND[1:], kind, str(source), str(target)])

    def close(self) -> None:
        """Ends what is going on."""
        self._waiting.clear()
        process, self._process = self._process, None
        if process is not None:
            process.blockSignals(True)
            process.kill()
            process.waitForFinished(1000)

    def _ended(self, process: QProcess, target: Path) -> None:
        lines = bytes(process.readAllStandardOutput().data()).decode(errors="replace").strip().splitlines()
        complaints = bytes(process.readAllStandardError().data()).decode(errors="replace").strip()
        self._process = None
        process.deleteLater()
        try:
            result = json.loads(lines[-1])
        except (ValueError, IndexError):
            why = complaints.splitlines()[-1] if complaints else "The process that writes ended early."
            result = {"ok": False, "error": {"what": f"'{target.name}' was not written.", "why": why, "remedy": "The log has the details."}}
        if result.get("ok"):
            self.done.emit(str(target), result.get("bytes", 0))
        else:
            self.failed.emit(result.get("error") or {})
        if self._waiting:
            self.export(*self._waiting.pop(0))
