"""How the slow functions of this station tell what they do, and what they found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Pulse = Callable[[int, int, str], None]
"""Called with (steps done, all steps, what is going on); raises to stop. `total` 0 = not known."""


def silent(done: int, total: int, detail: str) -> None:
    """Tells nobody."""


def step_of(pulse: Pulse, detail: str) -> Callable[[int, int], None]:
    """The pulse of one piece of work: called with (steps done, all steps)."""

    def step(done: int, total: int) -> None:
        pulse(done, total, detail)

    return step


@dataclass
class Facts:
    """What the report says; filled while the work is done."""

    values: dict[str, Any] = field(default_factory=dict)

    def note(self, key: str, value: Any) -> None:
        """Keeps one JSON-able fact."""
        self.values[key] = value
