"""Something happens at a chosen change of the file system: the process dies, the disk is full."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.truncate"}
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_listeners: list[Callable[[str, tuple[Any, ...]], None]] = []
_hooked = False


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if event in _CHANGES or (event == "open" and arguments[2] & _WRITING):
        for listener in tuple(_listeners):
            listener(event, arguments)


@contextmanager
def at_change(root: Path, number: int, act: Callable[[], None]) -> Iterator[Callable[[], int]]:
    """Calls `act()` in place of the change of this number under `root`, and of every later one.

    `act` may end the process or raise, as the system would. Yields a function that counts the changes so far.
    """
    global _hooked
    if not _hooked:
        sys.addaudithook(_hook)
        _hooked = True
    seen = 0

    def listen(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal seen
        if isinstance(arguments[0], (str, Path)) and str(arguments[0]).startswith(str(root)):
            seen += 1
            if seen > number:
                act()

    _listeners.append(listen)
    try:
        yield lambda: seen
    finally:
        _listeners.remove(listen)
