"""The renderer process's ends of the two pipes to the window."""

from __future__ import annotations

import os
import sys
import threading
from collections import deque
from collections.abc import Callable
from typing import Any, BinaryIO

from desktop.viewport.protocol import MAX_LINE, packed, unpacked

_IN_FLIGHT = 2


class Mailbox:
    """What the window asked for and has not been done yet. Of cameras only the newest is kept.

    Args:
        source: Lines of JSON; its end means the window is gone.
        complain: Told about lines that are no messages; they are left out.
    """

    def __init__(self, source: BinaryIO, complain: Callable[[str], None] = lambda text: None) -> None:
        self._changed = threading.Condition()
        self._commands: deque[dict[str, Any]] = deque()
        self._camera: dict[str, Any] | None = None
        self._acknowledged = 0
        self._complain = complain
        self.closed = False
        threading.Thread(target=self._listen, args=(source,), name="mailbox", daemon=True).start()

    def post(self, command: dict[str, Any]) -> None:
        """Puts a command at the end; also used by threads of this process."""
        with self._changed:
            if command["do"] == "camera":
                self._camera = command
            elif command["do"] == "ack":
                sequence = command.get("sequence")
                self._acknowledged = max(self._acknowledged, sequence if isinstance(sequence, int) else 0)
            else:
                self._commands.append(command)
            self._changed.notify_all()

    def take(self, wait: bool) -> list[dict[str, Any]]:
        """All commands, the newest camera last; with `wait` blocks until there is something or the window is gone."""
        with self._changed:
            while wait and not (self._commands or self._camera or self.closed):
                self._changed.wait()
            taken = list(self._commands) + ([self._camera] if self._camera else [])
            self._commands.clear()
            self._camera = None
            return taken

    def newer(self) -> bool:
        """Something is waiting: what is being drawn may be left off."""
        return bool(self._commands or self._camera or self.closed)

    def room(self, sequence: int, timeout: float) -> None:
        """Waits until the window has seen enough of the frames up to `sequence`, at most `timeout` seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self.closed or sequence - self._acknowledged < 2 * _IN_FLIGHT, timeout)

    def wait_closed(self) -> None:
        """Blocks until the window is gone."""
        with self._changed:
            self._changed.wait_for(lambda: self.closed)

    def _listen(self, source: BinaryIO) -> None:
        try:
            while line := source.readline(MAX_LINE + 1):
                try:
                    self.post(unpacked("do", line))
                except ValueError as error:
                    self._complain(f"The 3D renderer did not understand the window: {error}.")
        finally:
            with self._changed:
                self.closed = True
                self._changed.notify_all()


class Voice:
    """Where answers go: the process's own standard output, which libraries are kept from writing to."""

    def __init__(self) -> None:
        self._out = os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=0)
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        self._lock = threading.Lock()

    def say(self, kind: str, **values: Any) -> None:
        """Sends one message; a window that is gone is noticed by the mailbox."""
        data = memoryview(packed("is", kind, values))
        try:
            with self._lock:
                while data:
                    data = data[self._out.write(data) :]
        except OSError:
            return
