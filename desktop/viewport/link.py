"""The window's end of the renderer process: starts it, talks to it, starts it again when it dies."""

from __future__ import annotations

import os
import sys
import time
from typing import Any

from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, QTimer, Signal

from desktop.viewport.backends import BACKENDS
from desktop.viewport.protocol import MAX_LINE, packed, unpacked

_MAX_RESTARTS = 6  # within _WINDOW_S seconds
_WINDOW_S = 60.0
_START_LIMIT_MS = 30_000
_END_LIMIT_MS = 3000
_COMPLAINTS = 4000
_KILLED = "it was killed; perhaps memory ran out"


class RendererLink(QObject):
    """JSON lines to and from one renderer process at a time.

    A process that dies before it is ready hands over to the next backend at once; one that dies later is started again,
    and the second time in a row the next backend takes its place.
    """

    message = Signal(dict)
    """What the renderer said."""
    started = Signal(str)
    """A renderer is ready; the backend's name. Everything it should know has to be sent (again)."""
    lost = Signal(str)
    """A renderer died and another is being started; a sentence for people."""
    gave_up = Signal(str)
    """No renderer can be started any more; a sentence for people."""

    def __init__(self, parent: QObject | None = None, backends: tuple[str, ...] | None = None) -> None:
        super().__init__(parent)
        forced = os.environ.get("PHOTOLITH_RENDERER")
        self._backends = backends or ((forced,) if forced else BACKENDS)
        self._choice = 0
        self._process: QProcess | None = None
        self._ready = False
        self._closing = False
        self._deaths: list[float] = []
        self._deaths_since_ready = 0
        self._pending = b""
        self._complaints = b""
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.timeout.connect(self._too_slow)

    @property
    def ready(self) -> bool:
        """A renderer is there and listens."""
        return self._ready

    @property
    def backend(self) -> str:
        """The backend in use or being started."""
        return self._backends[min(self._choice, len(self._backends) - 1)]

    @property
    def process_id(self) -> int:
        """Process id of the renderer, 0 when there is none."""
        return int(self._process.processId()) if self._process is not None else 0

    def start(self) -> None:
        """Starts the renderer; also after `gave_up`, with a clean record."""
        self._closing = False
        self._deaths.clear()
        self._choice = 0
        self._launch()

    def send(self, do: str, **values: Any) -> None:
        """Sends a command; without a ready renderer it is dropped (state is sent again at `started`)."""
        if self._ready and self._process is not None:
            self._process.write(packed("do", do, values))

    def stop(self) -> None:
        """Ends the renderer. It holds nothing that has to be saved, so it is not asked first."""
        self._closing = True
        self._patience.stop()
        process, self._process, self._ready = self._process, None, False
        if process is None:
            return
        for signal in (process.readyReadStandardOutput, process.readyReadStandardError, process.finished, process.errorOccurred):
            signal.disconnect()
        process.kill()
        process.waitForFinished(_END_LIMIT_MS)
        process.deleteLater()

    def _launch(self) -> None:
        process = QProcess(self)
        environment = QProcessEnvironment.systemEnvironment()
        environment.insert("PYTHONUNBUFFERED", "1")
        process.setProcessEnvironment(environment)
        process.readyReadStandardOutput.connect(self._read)
        process.readyReadStandardError.connect(self._listen)
        process.finished.connect(self._ended)
        process.errorOccurred.connect(self._failed)
        self._process, self._ready, self._pending, self._complaints = process, False, b"", b""
        self._patience.start(_START_LIMIT_MS)
        process.start(sys.executable, ["-m", "desktop.viewport.child", self.backend])

    def _read(self) -> None:
        if self._process is None:
            return
        *lines, self._pending = (self._pending + bytes(self._process.readAllStandardOutput().data())).split(b"\n")
        for line in lines:
            try:
                self._hear(unpacked("is", line))
            except (ValueError, LookupError, TypeError) as error:
                self._complaints = (self._complaints + f"\nnot understood: {error}\n".encode())[-_COMPLAINTS:]
        if len(self._pending) > MAX_LINE:
            self._process.kill()

    def _hear(self, said: dict[str, Any]) -> None:
        if said["is"] == "ready":
            self._patience.stop()
            self._ready = True
            self.started.emit(self.backend)
        elif said["is"] == "frame":
            self._deaths_since_ready = 0
        self.message.emit(said)

    def _listen(self) -> None:
        if self._process is not None:
            self._complaints = (self._complaints + bytes(self._process.readAllStandardError().data()))[-_COMPLAINTS:]

    def _failed(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart:
            self._ended()

    def _too_slow(self) -> None:
        if self._process is not None:
            self._process.kill()

    def _ended(self, code: int = 0, status: QProcess.ExitStatus = QProcess.ExitStatus.NormalExit) -> None:
        process, was_ready = self._process, self._ready
        self._process, self._ready = None, False
        self._patience.stop()
        if process is not None:
            process.deleteLater()
        if self._closing:
            return
        now = time.monotonic()
        self._deaths = [t for t in self._deaths if now - t < _WINDOW_S] + [now]
        self._deaths_since_ready += 1
        old = self.backend
        reason = _KILLED if (code, status) == (9, QProcess.ExitStatus.CrashExit) else self._last_words()
        if not was_ready or self._deaths_since_ready > 1:
            self._choice += 1
            self._deaths_since_ready = 0
        if self._choice >= len(self._backends) or len(self._deaths) > _MAX_RESTARTS:
            self.gave_up.emit(f"The 3D view could not be kept running ({reason}). The rest of the window works on.")
            return
        again = "started again" if self.backend == old else f"'{self.backend}' is tried instead"
        self.lost.emit(f"The 3D renderer '{old}' stopped ({reason}); {again}.")
        self._launch()

    def _last_words(self) -> str:
        """The last line it wrote to its error output."""
        lines = [line for line in self._complaints.decode(errors="replace").splitlines() if line.strip()]
        return lines[-1][-200:] if lines else "without a word"
