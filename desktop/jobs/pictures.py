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


def read_depth_picture(path: Path) -> tuple[QImage, str]:
    """A depth map as colours (near warm, far cool, unknown dark) and a sentence with its range.

    Raises:
        InputError: The file is no depth map.
    """
    from recon.io.depth_npz import read_depth

    depth = read_depth(path).depth
    known = depth > 0
    if not known.any():
        return to_image(np.full((*depth.shape, 3), 30, np.uint8)), "No depth was found in this photo."
    near, far = (float(v) for v in np.percentile(depth[known], (1, 99)))
    scaled = np.clip((1 / np.maximum(depth, 1e-9) - 1 / far) / max(1 / near - 1 / far, 1e-12), 0, 1)
    pixels = np.where(known[..., None], color_ramp(scaled), 30).astype(np.uint8)
    return to_image(pixels), f"Depth {near:.3g} to {far:.3g} scene units, {100 * known.mean():.0f} % of the pixels."


def color_ramp(values: np.ndarray) -> np.ndarray:
    """Values in [0, 1] `[H, W]` -> RGB `[H, W, 3]` float in [0, 255], from blue over green to red with even lightness steps."""
    stops = np.linspace(0, 1, 6)
    anchors = np.array([[48, 18, 90], [52, 92, 190], [40, 170, 160], [140, 200, 80], [244, 180, 60], [220, 70, 40]], float)
    return np.stack([np.interp(values, stops, anchors[:, c]) for c in range(3)], axis=-1)
