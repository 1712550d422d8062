"""Native code in a process of its own: it can be stopped at any moment, a crash in it is an error and not the end, its memory returns.

The child's side calls `follow_parent()` first, so that it never outlives who started it.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from typing import IO

_POLL = 0.1
_PR_SET_PDEATHSIG = 1


class ChildFailed(Exception):
    """The child ended with an error.

    Args:
        code: Its exit code; negative for a signal.
        said: The last it wrote to stderr, without the lines of a traceback.
    """

    def __init__(self, code: int, said: str) -> None:
        self.code, self.said = code, said
        super().__init__(f"the process ended with code {code}. {said}".strip())


def run_child(
    module: str, arguments: Sequence[str], *, check: Callable[[], None], on_line: Callable[[str], None] = lambda line: None
) -> None:
    """Runs `python -m module arguments...` to its end, out of reach of the terminal's Ctrl-C: that is for the parent to answer.

    Args:
        module: A module with `if __name__ == "__main__"`.
        arguments: Plain strings.
        check: Called ten times a second and at the end; when it raises, the child is killed and the error goes on.
        on_line: Receives each line of the child's stdout.

    Raises:
        ChildFailed: The exit code is not 0.
    """
    command = [sys.executable, "-m", module, *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, stdin=pipe, stdout=pipe, stderr=pipe, encoding="utf-8", errors="replace", start_new_session=True
    ) as child:
        lines: SimpleQueue[str] = SimpleQueue()
        last: deque[str] = deque(maxlen=40)
        readers = [_reader(child.stdout, lines.put), _reader(child.stderr, last.append)]
        try:
            while child.poll() is None:
                check()
                _drain(lines, on_line, _POLL)
            for reader in readers:
                reader.join()
            _drain(lines, on_line, 0)
            check()
        except BaseException:
            child.kill()
            raise
        if child.returncode != 0:
            raise ChildFailed(child.returncode, _message(list(last)))


def _message(lines: list[str]) -> str:
    """What follows the last indented line: a traceback ends with the error itself."""
    indented = [number for number, line in enumerate(lines, 1) if line[:1].isspace()]
    told = lines[indented[-1] :] if indented and indented[-1] < len(lines) else lines[-3:]
    return " ".join(line.strip() for line in told)[-500:]


def follow_parent() -> None:
    """Ends this process when the one that started it is gone: then its stdin ends.

    Native code may keep a thread from noticing; Linux does not need one.
    """

    def watch() -> None:
        sys.stdin.read()
        os._exit(1)

    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    threading.Thread(target=watch, daemon=True).start()


def _reader(stream: IO[str] | None, put: Callable[[str], object]) -> threading.Thread:
    def read() -> None:
        for line in stream or ():
            put(line)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    return thread


def _drain(lines: SimpleQueue[str], on_line: Callable[[str], None], wait: float) -> None:
    """Hands on what is there; waits for the first line at most `wait` seconds."""
    try:
        on_line(lines.get(timeout=wait) if wait else lines.get_nowait())
        while True:
            on_line(lines.get_nowait())
    except Empty:
        return
