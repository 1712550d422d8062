"""Runs one stage in a folder without a project: `run_stage(stage, {}, folder, photos=...) -> Artifact`.

Artifacts of earlier stages go in as `inputs`; `cancel` ends the stage with `Cancelled`. Items that exist are kept, so a
second run in the same folder shows what is computed again (`harness.computed`).
"""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from recon.errors import Cancelled
from recon.pipeline.config import build, canonical
from recon.pipeline.stage import Artifact, Item, Progress, Stage


def _hash(*parts: Any) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


@dataclass
class HarnessContext:
    """A `StageContext` on plain folders; remembers notes, progress and which items were computed."""

    output: Path
    items_folder: Path
    key: str
    project_photos: Mapping[str, Path] = field(default_factory=dict)
    masks: Mapping[str, Path] = field(default_factory=dict)
    given_cameras: Path | None = None
    cameras_use: str = "poses"
    device: str = "cpu"
    seed: int = 0
    deterministic: bool = False
    threads: int = 1
    memory_budget: int = 2 << 30
    cancel: threading.Event = field(default_factory=threading.Event)
    log: logging.Logger = field(default_factory=lambda: logging.getLogger("photolith.tests"))
    notes: dict[str, Any] = field(default_factory=dict)
    steps: list[Progress] = field(default_factory=list)
    computed: list[str] = field(default_factory=list)
    done: dict[str, Path] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)

    @property
    def digests(self) -> dict[str, str]:
        pairs = ((name, [path, *([self.masks[name]] if name in self.masks else [])]) for name, path in self.project_photos.items())
        return {name: _hash(*(Path(p).read_bytes() for p in paths)) for name, paths in pairs}

    def progress(self, progress: Progress) -> None:
        self.steps.append(progress)

    def check_cancelled(self) -> None:
        if self.cancel.is_set():
            raise Cancelled()

    def items(self, items: Sequence[Item], compute: Callable[[Item, Path], None], suffix: str) -> dict[str, Path]:
        self.items_folder.mkdir(parents=True, exist_ok=True)
        result: dict[str, Path] = {}
        for item in items:
            self.check_cancelled()
            key = _hash(self.key if item.config is None else item.config, item.inputs)
            path = self.items_folder / f"{item.name}.{key}{suffix}"
            if not path.exists():
                temporary = path.with_name(f"part.{key}{suffix}")
                compute(item, temporary)
                temporary.replace(path)
                self.computed.append(item.name)
            result[item.name], self.done[item.name], self.keys[item.name] = path, path, key
            self.progress(Progress(len(result), len(items), item.name))
        return result

    def note(self, key: str, value: Any) -> None:
        self.notes[key] = value


def make_context(stage: Stage, folder: Path, values: Mapping[str, Any] | None = None, **context: Any) -> HarnessContext:
    """A context whose artifact will be in `folder/<stage>/artifact`."""
    output = folder / stage.name / "artifact"
    output.mkdir(parents=True, exist_ok=True)
    config = build(stage.config_type, values or {})
    key = _hash(stage.name, stage.version, canonical(config))
    return HarnessContext(output=output, items_folder=folder / stage.name / "items", key=key, **context)


def run_stage(
    stage: Stage, inputs: Mapping[str, Artifact], folder: Path, values: Mapping[str, Any] | None = None, **context: Any
) -> tuple[Artifact, HarnessContext]:
    """Runs `stage` with settings `values`; further keywords go to `HarnessContext` (photos as `project_photos=`)."""
    made = make_context(stage, folder, values, **context)
    stage.run(inputs, build(stage.config_type, values or {}), made)
    digest = _hash(sorted(made.keys.items()), [(p.name, p.read_bytes()) for p in sorted(made.output.rglob("*")) if p.is_file()])
    return Artifact(stage.name, made.output, digest, dict(made.done), dict(made.keys)), made
