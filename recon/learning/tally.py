"""Means of what a training reports between two lines of its log."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import torch
from torch import Tensor


class Tally:
    """Sums on the device, so that nothing waits for it before a line is due.

    Args:
        examples: Of one step, in all processes.
    """

    def __init__(self, examples: int) -> None:
        self._examples = examples
        self._sums: dict[str, Tensor] = {}
        self._counts: dict[str, int] = {}
        self.steps, self._rate = 0, 0.0
        self._since, self._elapsed, self._taken = time.monotonic(), 0.0, 0.0
        self.seconds = self.seconds_a_step = self.examples_per_second = 0.0

    def start(self) -> None:
        """Time begins to count, after `pause` or in the beginning."""
        self._since = time.monotonic()

    def pause(self) -> None:
        """Time stops to count, for a validation."""
        self._elapsed += time.monotonic() - self._since

    def total(self) -> float:
        """Seconds that have counted so far, of all lines."""
        return self._taken + self._elapsed + time.monotonic() - self._since

    def add(self, values: Mapping[str, float | Tensor], rate: float) -> None:
        """The figures of one step."""
        self.steps += 1
        self._rate = rate
        for name, value in values.items():
            number = torch.as_tensor(value).detach().float()
            self._sums[name] = self._sums[name] + number if name in self._sums else number
            self._counts[name] = self._counts.get(name, 0) + 1

    def skip(self) -> None:
        """A step without figures."""
        self.steps += 1

    def take(self, mean: Callable[[Tensor], Tensor]) -> dict[str, float]:
        """Means since the last call, over all processes, and the present rate; begins anew."""
        self.pause()
        self.start()
        self.seconds, self._elapsed = self._elapsed, 0.0
        self._taken += self.seconds
        self.seconds_a_step = self.seconds / max(1, self.steps)
        self.examples_per_second = self.steps * self._examples / max(1e-9, self.seconds)
        means = mean(torch.stack(self._means())).tolist() if self._sums else []
        values = dict(zip(self._sums, means, strict=True))
        self._sums, self._counts, self.steps = {}, {}, 0
        return values | {"rate": self._rate}

    def _means(self) -> list[Tensor]:
        """Of this process, all on one device."""
        device = next(iter(self._sums.values())).device
        return [(total / self._counts[name]).to(device) for name, total in self._sums.items()]
