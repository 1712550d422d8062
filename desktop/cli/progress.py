"""Progress of a run on a terminal."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn


def _time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"


class TerminalProgress:
    """Shows the events of a run: one line a finished stage, a bar for the one that runs.

    Args:
        console: Where to; stderr, so that stdout stays free for results.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bars = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=28),
            MofNCompleteColumn(),
            TextColumn("{task.fields[detail]}"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
        )
        self._task: Any = None
        self._title = ""

    def __enter__(self) -> TerminalProgress:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def __call__(self, event: dict[str, Any]) -> None:
        """Shows one event."""
        kind = event["event"]
        if kind == "stage_started":
            self._title = event["title"]
            self._task = self._bars.add_task(self._title, total=None, detail="")
        elif kind == "progress" and self._task is not None:
            left = event["eta_seconds"]
            detail = escape(event["detail"]) + (f"  about {_time(left)} left" if left else "")
            self._bars.update(self._task, completed=event["done"], total=event["total"] or None, detail=detail)
        elif kind == "stage_finished":
            if self._task is not None:
                self._bars.remove_task(self._task)
                self._task = None
            took = "up to date" if event["reused"] else f"{event['seconds']:.1f} s"
            self._console.print(f"[green]✓[/] {escape(self._title):<14} [dim]{took}[/]")
        elif kind == "log" and event["level"] != "info":
            self._console.print(f"[yellow]{escape(event['message'])}[/]", soft_wrap=True)
