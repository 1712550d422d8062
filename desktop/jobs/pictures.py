"""Pictures for the window, read off the GUI thread: thumbnails and whole photos as QImage."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QImage, QImageReader

THUMBNAIL = 320


def to_image(pixels: np.ndarray) -> QImage:
    """A QImage that owns its memory, from `[H, W, 3]` uint8 RGB."""
    pixels = np.ascontiguousarray(pixels)
    height, width, _ = pixels.shape
    return QImage(pixels.data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()


def read_thumbnail(path: Path, ready: Path | None = None, size: int = THUMBNAIL) -> QImage:
    """A small upright picture of the photo; `ready` is a thumbnail that a stage has left. Null when it cannot be read.

    JPEG is decoded at a fraction of its size; what Qt cannot read goes through `recon.photos`.
    """
    for source in (ready, path):
        if source is not None and source.exists():
            image = _read_small(source, size)
            if not image.isNull():
                return image
    return _through_recon(path, size)


def read_photo(path: Path) -> QImage:
    """The whole photo, upright, as later stages see it.

    Raises:
        InputError: It cannot be read.
    """
    from recon.photos import read_image

    return to_image(read_image(path))


def _read_small(path: Path, size: int) -> QImage:
    reader = QImageReader(str(path))
    reader.setAutoTransform(True)
    full = reader.size()
    if full.isValid():
        reader.setScaledSize(full.scaled(QSize(size, size), Qt.AspectRatioMode.KeepAspectRatio))
    return reader.read()


def _through_recon(path: Path, size: int) -> QImage:
    from recon.errors import PhotolithError

    try:
        image = read_photo(path)
    except (PhotolithError, OSError):
        return QImage()
    return image.scaled(QSize(size, size), Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation)
