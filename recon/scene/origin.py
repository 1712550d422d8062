"""Where a pixel, point or face comes from. The value is what exported files carry."""

from __future__ import annotations

from enum import IntEnum


class Origin(IntEnum):
    """Provenance of geometry; anything but MEASURED is kept out of measurements unless asked for."""

    MEASURED = 0
    MOVED = 1
    GENERATED = 2
