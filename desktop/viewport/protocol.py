"""Lines of JSON between window and renderer, the renderer's side.

To the renderer: `{"do": "buffer" | "camera" | "style" | "layer" | "visible" | "remove" | "pick" | "screenshot" | "ack", ...}`.
From it: `{"is": "ready" | "frame" | "loaded" | "failed" | "picked" | "saved" | "not_saved" | "notice", ...}`.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections import deque
from typing import Any, BinaryIO

_IN_FLIGHT = 2


class Mailbox:
    """What the window asked for and has not been done yet. Of cameras only the newest is kept.

    Args:
        source: Lines of JSON; its end means the window is gone.
    """

    def __init__(self, source: BinaryIO) -> None:
        self._changed = threading.Condition()
        self._commands: deque[dict[str, Any]] = deque()
        self._camera: dict[str, Any] | None = None
        self._acknowledged = 0
        self.closed = False
        threading.Thread(target=self._listen, args=(source,), name="mailbox", daemon=True).start()

    def post(self, command: dict[str, Any]) -> None:
        """Puts a command at the end; also used by threads of this process."""
        with self._changed:
            if command["do"] == "camera":
                self._camera = command
            elif command["do"] == "ack":
                self._acknowledged = max(self._acknowledged, int(command["sequence"]))
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

    def _listen(self, source: BinaryIO) -> None:
        for line in source:
            self.post(json.loads(line))
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
        line = json.dumps({"is": kind, **values}).encode() + b"\n"
        try:
            with self._lock:
                self._out.write(line)
        except (BrokenPipeError, OSError):
            return
