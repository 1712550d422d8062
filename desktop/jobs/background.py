"""Short work off the GUI thread: a pure call on a thread, its result applied on the GUI thread."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from PySide6.QtCore import QObject, Signal


class Background(QObject):
    """A small pool of threads whose results come back as calls on the thread this object lives in.

    Args:
        threads: 1 keeps the order of what is handed in.
        name: Shown in debuggers.
    """

    _ready = Signal(object, object)

    def __init__(self, threads: int, name: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._pending: set[Future] = set()
        self._closed = False
        self._ready.connect(self._deliver)

    def submit(
        self,
        work: Callable[[], Any],
        done: Callable[[Any], None] | None = None,
        failed: Callable[[Exception], None] | None = None,
    ) -> None:
        """Runs `work()` on a thread, then `done(result)` or `failed(error)` on this object's thread."""
        if self._closed:
            return
        future = self._pool.submit(work)
        self._pending.add(future)
        future.add_done_callback(lambda f: None if self._closed else self._ready.emit(f, (done, failed)))

    def _deliver(self, future: Future, callbacks: tuple[Any, Any]) -> None:
        self._pending.discard(future)
        if self._closed or future.cancelled():
            return
        done, failed = callbacks
        error = future.exception()
        if error is None:
            if done is not None:
                done(future.result())
        elif failed is not None and isinstance(error, Exception):
            failed(error)
        else:
            raise error

    @property
    def idle(self) -> bool:
        """Whether nothing is waiting or running."""
        return not self._pending

    def drop_waiting(self) -> None:
        """Forgets what has not begun."""
        for future in tuple(self._pending):
            if future.cancel():
                self._pending.discard(future)

    def close(self) -> None:
        """Forgets everything; what runs is left to end by itself."""
        self._closed = True
        self._pool.shutdown(wait=False, cancel_futures=True)
