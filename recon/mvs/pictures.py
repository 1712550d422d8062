"""Reading the undistorted pictures and masks at the size they are matched at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from recon.errors import InputError
from recon.mvs.matcher import Picture
from recon.scene import View

_WINDOW = 11
"""Side of the windows that are looked at, pixels."""
_BLACK, _WHITE = 12, 3
"""Grey levels from black and from white below which a sensor has recorded nothing that could be told from noise."""
_FLAT = 2.5
"""Standard deviation in a window, grey levels: less is noise and compression."""


def load_picture(view: View, pictures: Mapping[str, Path], masks: Mapping[str, Path], max_size: int) -> Picture:
    """A view's picture, reduced until its longer side is at most `max_size`; the camera is scaled with it.

    The mask leaves out what the photo's mask does, and what is `clipped`.

    Raises:
        InputError: The picture cannot be read.
    """
    camera = view.camera
    factor = min(1.0, max_size / max(camera.width, camera.height))
    width, height = max(1, round(camera.width * factor)), max(1, round(camera.height * factor))
    image = cv2.cvtColor(_decode(pictures[view.name], cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
    if image.shape[:2] != (camera.height, camera.width):
        raise InputError(
            f"'{pictures[view.name]}' does not fit its camera.",
            f"It has {image.shape[1]}x{image.shape[0]} pixels.",
            "Run undistortion again.",
        )
    mask = _decode(masks[view.name], cv2.IMREAD_GRAYSCALE) > 127 if view.name in masks else None
    if factor < 1:
        image = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
        mask = None if mask is None else cv2.resize(mask.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST) > 0
    recorded = ~clipped(image)
    mask = recorded if mask is None else mask & recorded
    return Picture(replace(view, camera=camera.scaled(width, height)), image, None if mask.all() else mask)


def clipped(image: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Where nothing was recorded: black or white without any structure. Any depth looks right there.

    Args:
        image: `[H, W, 3]`.

    Returns:
        `[H, W]`.
    """
    return _flat(image.max(axis=2), _BLACK) | _flat(255 - image.min(axis=2), _WHITE)


def _flat(values: NDArray[np.uint8], limit: int) -> NDArray[np.bool_]:
    """Values below `limit` around which there are hardly any other ones; up to the outline of what is brighter."""
    window = (_WINDOW, _WINDOW)
    grey = values.astype(np.float32)
    mean = cv2.blur(grey, window)
    deviation2 = cv2.blur(grey * grey, window) - mean * mean
    core = (mean < limit) & (deviation2 < _FLAT**2)
    return np.asarray((cv2.dilate(core.astype(np.uint8), np.ones(window, np.uint8)) > 0) & (values < limit))


def _decode(path: Path, mode: int) -> NDArray[np.uint8]:
    """Pixels of a picture file; any file name works on any system."""
    try:
        data = np.fromfile(path, np.uint8)
    except OSError as error:
        raise InputError(f"'{path}' cannot be read.", f"{error}.", "Run undistortion again.") from error
    image = cv2.imdecode(data, mode) if len(data) else None
    if image is None:
        raise InputError(f"'{path}' cannot be read.", "It is not a picture.", "Run undistortion again.")
    return np.asarray(image, np.uint8)
