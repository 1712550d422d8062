"""Frames handed from the renderer process to the window: shared memory with two slots and sequence numbers.

The writer fills the slots in turn and never the one that was announced last, so the reader copies an announced frame
while the next is written. The sequence number is odd while a slot is being written; a reader that sees it change drops the frame.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from multiprocessing import resource_tracker, shared_memory

import numpy as np
from numpy.typing import NDArray

SLOTS = 2
GRID = (120, 160)
"""Most rows and columns of the depth grid that travels with a frame."""

_HEADER = 8  # int64 values: sequence, width, height, grid rows, grid columns, 3 spare
_HEADER_BYTES = _HEADER * 8
_GRID_BYTES = GRID[0] * GRID[1] * 4


@dataclass(frozen=True, eq=False)
class Frame:
    """A copy of one frame.

    Args:
        pixels: `[H, W, 4]` uint8, blue green red and a filler (what a 32-bit window surface holds).
        depth: `[h, w]` float32 coarse z-depth over the same picture, 0 = nothing there.
    """

    pixels: NDArray[np.uint8]
    depth: NDArray[np.float32]


class FrameBuffer:
    """The shared memory. The window creates it (`name` None), the renderer attaches by name.

    Args:
        width: Largest frame width in pixels.
        height: Largest frame height in pixels.
        name: Name of an existing buffer to attach to.

    Raises:
        ValueError: The existing buffer is too small for such frames.
        FileNotFoundError: There is no such buffer.
    """

    def __init__(self, width: int, height: int, name: str | None = None) -> None:
        self.width, self.height = width, height
        self._slot_bytes = _HEADER_BYTES + _GRID_BYTES + width * height * 4
        self._owner = name is None
        self._memory = shared_memory.SharedMemory(name=name, create=name is None, size=self._slot_bytes * SLOTS)
        if not self._owner and sys.platform != "win32":
            # Attaching registers the memory as this process's own, which would delete it when this process ends.
            resource_tracker.unregister(self._memory._name, "shared_memory")  # type: ignore[attr-defined]
        if self._memory.size < self._slot_bytes * SLOTS:
            self._memory.close()
            raise ValueError(f"the shared memory is smaller than frames of {width} x {height} need")
        self._next = 0
        self._sequence = 0

    @property
    def name(self) -> str:
        """What the other process attaches by."""
        return self._memory.name

    def write(self, pixels: NDArray[np.uint8], depth: NDArray[np.float32]) -> tuple[int, int]:
        """Writes a frame into the free slot.

        Args:
            pixels: `[H, W, 4]` uint8, at most as large as the buffer.
            depth: `[h, w]` float32, at most `GRID`.

        Returns:
            Slot and sequence number to announce.

        Raises:
            ValueError: The frame is larger than the buffer.
        """
        if pixels.shape[0] > self.height or pixels.shape[1] > self.width or depth.shape[0] > GRID[0] or depth.shape[1] > GRID[1]:
            raise ValueError(f"frame {pixels.shape} or grid {depth.shape} does not fit {(self.height, self.width)} and {GRID}")
        slot, self._next, self._sequence = self._next, (self._next + 1) % SLOTS, self._sequence + 2
        header, grid, body = self._views(slot)
        header[0] = self._sequence - 1
        header[1:5] = pixels.shape[1], pixels.shape[0], *depth.shape
        grid[: depth.size] = depth.reshape(-1)
        body[: pixels.size] = pixels.reshape(-1)
        header[0] = self._sequence
        return slot, self._sequence

    def read(self, slot: int, sequence: int) -> Frame | None:
        """A copy of the announced frame, or None when it has been overwritten meanwhile (a newer one is announced already)."""
        header, grid, body = self._views(slot)
        if int(header[0]) != sequence:
            return None
        width, height, rows, columns = (int(v) for v in header[1:5])
        if not (0 < width <= self.width and 0 < height <= self.height and 0 <= rows <= GRID[0] and 0 <= columns <= GRID[1]):
            return None
        pixels = body[: width * height * 4].reshape(height, width, 4).copy()
        depth = grid[: rows * columns].reshape(rows, columns).copy()
        return Frame(pixels, depth) if int(header[0]) == sequence else None

    def close(self) -> None:
        """Gives the memory back; the owner deletes it."""
        self._memory.close()
        if self._owner:
            self._memory.unlink()

    def _views(self, slot: int) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.uint8]]:
        start = slot * self._slot_bytes
        if not 0 <= slot < SLOTS:
            raise ValueError(f"there is no slot {slot}")
        buffer = self._memory.buf
        if buffer is None:
            raise ValueError("the frame buffer is closed")
        header = np.frombuffer(buffer, np.int64, _HEADER, start)
        grid = np.frombuffer(buffer, np.float32, GRID[0] * GRID[1], start + _HEADER_BYTES)
        body = np.frombuffer(buffer, np.uint8, self.width * self.height * 4, start + _HEADER_BYTES + _GRID_BYTES)
        return header, grid, body
