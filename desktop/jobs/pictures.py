"""Pictures for the window, read off the GUI thread: thumbnails and whole photos as QImage."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PySide6.QtGui import QImage

THUMBNAIL = 320


def to_image(pixels: np.ndarray) -> QImage:
    """A QImage that owns its memory, from `[H, W, 3]` uint8 RGB."""
    pixels = np.ascontiguousarray(pixels)
    height, width, _ = pixels.shape
    return QImage(pixels.data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()


def read_thumbnail(path: Path, ready: Path | None = None, size: int = THUMBNAIL) -> QImage:
    """A small upright picture of the photo; `ready` is a thumbnail that a stage has left. Null when it cannot be read."""
    from recon.errors import PhotolithError
    from recon.photos import read_thumbnail as read_small

    for source in (ready, path):
        if source is not None and source.exists():
            try:
                return to_image(np.asarray(read_small(source, size)))
            except (PhotolithError, OSError):
                continue
    return QImage()


def read_photo(path: Path) -> QImage:
    """The whole photo, upright, as later stages see it.

    Raises:
        InputError: It cannot be read.
    """
    from recon.photos import read_image

    return to_image(read_image(path))
