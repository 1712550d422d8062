"""What the runner hands to a running stage."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from recon.errors import Cancelled
from recon.pipeline.events import Reporter
from recon.pipeline.keys import Conditions, item_key
from recon.pipeline.stage import Item, Progress, Stage
from recon.project.digests import plain
from recon.project.project import Project
from recon.project.store import StoredItem

_POLL = 0.2


@dataclass
class RunContext:
    """The `StageContext` of a stage that runs in a project. See there for the fields that stages read."""

    project: Project
    stage: Stage
    config: Any
    output: Path
    project_photos: Mapping[str, Path]
    masks: Mapping[str, Path]
    digests: Mapping[str, str]
    given_cameras: Path | None
    cameras_use: str
    threads: int
    memory_budget: int
    log: logging.Logger
    reporter: Reporter
    cancel: threading.Event
    device: str
    seed: int
    deterministic: bool
    notes: dict[str, Any] = field(default_factory=dict)
    stored: dict[str, StoredItem] = field(default_factory=dict)
    computed: int = 0

    def progress(self, progress: Progress) -> None:
        """Tells how far the stage is."""
        self.reporter.progress(self.stage.name, progress)

    def check_cancelled(self) -> None:
        """Raises `Cancelled` when the user asked to stop."""
        if self.cancel.is_set():
            raise Cancelled

    def note(self, key: str, value: Any) -> None:
        """Adds a fact to the report."""
        self.notes[key] = plain(value)

    def items(self, items: Sequence[Item], compute: Callable[[Item, Path], None], suffix: str) -> dict[str, Path]:
        """Computes what is missing; what other runs left is taken as it is."""
        targets = {item.name: self._target(item, suffix) for item in items}
        missing = [item for item in items if not targets[item.name].is_file()]
        done = len(items) - len(missing)
        self.progress(Progress(done, len(items)))

        def make(item: Item) -> str:
            self.check_cancelled()
            with self.project.store.temporary(suffix) as temporary:
                compute(item, temporary)
                self.project.store.put_item(temporary, targets[item.name])
            return item.name

        for finished, name in enumerate(self._each(make, missing), done + 1):
            self.computed += 1
            self.progress(Progress(finished, len(items), name.replace("__", " · ")))
        for name, path in targets.items():
            self.stored[name] = self.project.store.stored_item(path)
        return targets

    def _target(self, item: Item, suffix: str) -> Path:
        conditions = Conditions(self.device, self.seed, self.deterministic)
        key = item_key(self.stage, self.config, item, suffix, conditions)
        return self.project.store.item_path(self.stage.name, key, suffix)

    def _each(self, make: Callable[[Item], str], items: Sequence[Item]) -> Any:
        """Names of the items as they are finished, in threads where the stage allows it."""
        workers = min(self.threads, len(items)) if self.stage.parallel_items else 1
        if workers <= 1:
            yield from map(make, items)
            return
        with ThreadPoolExecutor(workers, thread_name_prefix=self.stage.name) as pool:
            pending: set[Future[str]] = {pool.submit(make, item) for item in items}
            try:
                while pending:
                    self.check_cancelled()
                    ready, pending = wait(pending, timeout=_POLL, return_when=FIRST_COMPLETED)
                    yield from (future.result() for future in ready)
            finally:
                for future in pending:
                    future.cancel()
