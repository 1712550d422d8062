"""The calls of a training run. A run may be taken up again and asked for other steps; its card tells all of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from recon.learning.card import ModelCard

MAX_BYTES = 1 << 20
FILE_NAME = "history.jsonl"
"""In the folder of the run; a line a call."""


def call(step: int, steps: int, about: Mapping[str, Any], start: ModelCard | None) -> dict[str, Any]:
    """What is kept of a call.

    Args:
        step: Where it goes on from.
        steps: The steps it was asked for.
        about: Further plain values: command, batch, rate, hardware.
        start: Card of the weights that were given to begin with; a call that goes on from a checkpoint does not use them.
    """
    line: dict[str, Any] = {"from": step, "steps": steps, **about}
    if start is not None and step == 0:
        line["start"] = {"name": start.name, "steps": start.steps, "sha256": start.sha256, "history": start.history}
    return line


def append_call(path: Path, line: Mapping[str, Any]) -> None:
    """Adds a call to the history of a run."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def read_history(path: Path, step: int) -> list[dict[str, Any]]:
    """The calls that made the weights of a step, each with the step it led `to`; one that was killed leads to where the next goes on.

    Args:
        path: The file of the run; [] when it is missing, too large or says nothing.
        step: Steps behind the weights.
    """
    if not path.is_file() or path.stat().st_size > MAX_BYTES:
        return []
    calls: list[dict[str, Any]] = []
    for text in reversed(path.read_text(encoding="utf-8", errors="replace").splitlines()):
        try:
            line = json.loads(text)
            begun = line["from"]
        except (ValueError, TypeError, KeyError, RecursionError):  # a line cut by the end of the process
            continue
        if type(begun) is int and 0 <= begun < step:
            calls.insert(0, {"from": begun, "to": step, **{key: value for key, value in line.items() if key not in ("from", "to")}})
            step = begun
    return calls
