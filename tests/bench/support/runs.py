"""One reconstruction through the command line in a process of its own: what a user would get, with its time and peak memory."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

CLI = "import sys; from desktop.cli.main import main; sys.exit(main())"


@dataclass(frozen=True)
class Run:
    """What a run cost (`cpu_seconds`: of all its threads together) and where it left its outputs."""

    outputs: Path
    report: dict[str, Any]
    seconds: float
    peak_gib: float
    cpu_seconds: float


class RunFailed(RuntimeError):
    """The command ended with an error; its last words are the message."""


def reconstruct(photos: Path, project: Path, *options: str) -> Run:
    """`photolith reconstruct PHOTOS -o PROJECT OPTIONS`; its words go to PROJECT.log.

    Raises:
        RunFailed: The exit code was not 0.
    """
    project.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-c", CLI, "reconstruct", str(photos), "-o", str(project), *options]
    before = used_seconds()
    seconds, peak = measured(command, project.with_suffix(".log"))
    used = used_seconds() - before
    report = json.loads((project / "outputs" / "report.json").read_text(encoding="utf-8"))
    return Run(project / "outputs", report, seconds, peak, used)


def measured(command: Sequence[str], log: Path) -> tuple[float, float]:
    """Runs a command to its end: seconds, and peak memory in GiB of the process and its children, looked at five times a second.

    Raises:
        RunFailed: The exit code was not 0.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    start, peak = time.monotonic(), 0
    with log.open("wb") as words, psutil.Popen(list(command), stdout=words, stderr=subprocess.STDOUT) as process:
        while process.poll() is None:
            peak = max(peak, _resident(process))
            time.sleep(0.2)
    if process.returncode != 0:
        tail = log.read_text(encoding="utf-8", errors="replace")[-1500:]
        raise RunFailed(f"exit code {process.returncode}: {tail}")
    return time.monotonic() - start, peak / 2**30


def used_seconds() -> float:
    """Processor seconds of all child processes that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _resident(process: psutil.Process) -> int:
    """Bytes that a process and its children hold now."""
    total = 0
    with suppress(psutil.Error):
        for one in (process, *process.children(recursive=True)):
            total += one.memory_info().rss
    return total


def stage_seconds(report: dict[str, Any], name: str) -> float:
    """Seconds a stage took, from the report; NaN when it is not there."""
    return float(report["stages"].get(name, {}).get("seconds", float("nan")))


def save_json(path: Path, value: Any) -> None:
    """Writes to a temporary name and renames."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(value, indent=1, default=lambda o: asdict(o) if hasattr(o, "__dataclass_fields__") else str(o)))
    temporary.replace(path)
