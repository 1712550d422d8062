"""The process that computes for the window: requests as JSON lines on stdin, events as JSON lines on stdout.

`{"id": 1, "command": "run", "project": PATH, "until": STAGE, "device": "auto", ..}` starts a run, `{"command": "cancel"}` stops it. The
process stays warm between runs and ends when its stdin does.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from typing import Any

_OPTIONS = ("until", "device", "seed", "deterministic")


class Worker:
    """Runs one request at a time.

    Args:
        out: Where events go.
    """

    def __init__(self, out: Any) -> None:
        self._out = out
        self._write = threading.Lock()
        self._cancel = threading.Event()
        self._thread: threading.Thread | None = None

    def take(self, request: dict[str, Any]) -> None:
        """Obeys one request."""
        if request.get("command") == "cancel":
            self._cancel.set()
        elif request.get("command") == "run":
            if self._thread is not None:
                self._thread.join()
            self._cancel = threading.Event()
            self._thread = threading.Thread(target=self._run, args=(request, self._cancel), daemon=True)
            self._thread.start()

    def _run(self, request: dict[str, Any], cancel: threading.Event) -> None:
        from desktop.compose import stages
        from recon.errors import PhotolithError
        from recon.inspection.report import write_page
        from recon.pipeline.events import describe_error, expected
        from recon.pipeline.runner import run
        from recon.project import Project

        said: list[str] = []

        def tell(event: dict[str, Any]) -> None:
            said.append(event["event"])
            self.say(event)

        try:
            options = {name: request[name] for name in _OPTIONS if name in request}
            run(Project.open(request["project"]), stages(), on_event=tell, cancel=cancel, after=write_page, **options)
        except BaseException as error:
            if "failed" not in said:
                self.say({"event": "failed", "error": describe_error(expected(error))})
            if not isinstance(error, PhotolithError):
                raise

    def say(self, event: dict[str, Any]) -> None:
        """Writes one event."""
        with self._write:
            self._out.write(json.dumps(event, default=str) + "\n")
            self._out.flush()


def main() -> None:
    """Reads requests until stdin ends. What libraries print goes to stderr, so that stdout holds events alone."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    worker = Worker(out)
    for line in sys.stdin:
        try:
            worker.take(json.loads(line))
        except (ValueError, AttributeError):
            worker.say({"event": "log", "level": "warning", "message": "A request that is not JSON was ignored."})
    os._exit(0)


if __name__ == "__main__":
    main()
