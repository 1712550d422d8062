"""What the machine offers: device, cores, memory; and how much memory a stage took."""

from __future__ import annotations

import os
import threading
import time
from contextlib import suppress
from types import TracebackType
from typing import Any

from recon.errors import ResourceError, SettingsError

GIB = 2**30
_CHILDREN_INTERVAL = 1.0
"""Seconds between searches for child processes, which cost more than a look at known ones."""


def resolve_device(name: str) -> str:
    """'auto' -> 'cuda' where there is one, else 'cpu'; other names are checked.

    Raises:
        SettingsError: Unknown name.
        ResourceError: The device asked for is not there.
    """
    if name not in ("auto", "cpu", "cuda", "mps"):
        raise SettingsError(f"There is no device '{name}'.", "Devices: auto, cpu, cuda, mps.", "Choose one of them.")
    if name == "cpu":
        return name
    import torch

    if name in ("auto", "cuda") and torch.cuda.is_available():
        return "cuda"
    if name == "auto":
        return "cpu"
    if name == "mps" and torch.backends.mps.is_available():
        return "mps"
    why = "PyTorch sees no CUDA device." if name == "cuda" else "PyTorch sees no Apple GPU."
    raise ResourceError(f"The device '{name}' is not available.", why, "Use --device cpu, or see 'photolith doctor'.")


def multiplies_bfloat16(kind: str) -> bool:
    """Whether a device of this kind ('cpu', 'cuda', 'mps') has instructions for products of bfloat16, then about twice as fast."""
    import torch

    if kind == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    able = torch.cpu.get_capabilities() if kind == "cpu" and hasattr(torch.cpu, "get_capabilities") else {}
    return bool(able.get("avx512_bf16") or able.get("amx_bf16"))


def cores() -> int:
    """Cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


def memory_budget() -> int:
    """Bytes a stage should stay under by default: 4 GB, or 60 % of what is free when that is less."""
    import psutil

    return int(min(4 * GIB, 0.6 * psutil.virtual_memory().available))


class PeakMemory:
    """Context manager that samples the resident memory of this process and its children in a thread; `peak` is in bytes."""

    def __init__(self, interval: float = 0.1) -> None:
        import psutil

        self._process = psutil.Process()
        self._interval = interval
        self._children: list[Any] = []
        self._looked = 0.0
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._sample, name="peak-memory", daemon=True)
        self.peak = 0

    def __enter__(self) -> PeakMemory:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._end.set()
        self._thread.join()
        self._look()

    def _look(self) -> None:
        """One sample."""
        import psutil

        now = time.monotonic()
        if now - self._looked > _CHILDREN_INTERVAL:
            self._children, self._looked = self._process.children(recursive=True), now
        size = self._process.memory_info().rss
        for child in self._children:
            with suppress(psutil.Error):
                size += child.memory_info().rss
        self.peak = max(self.peak, int(size))

    def _sample(self) -> None:
        """Samples until the end."""
        while not self._end.is_set():
            self._look()
            self._end.wait(self._interval)
