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


def load_picture(view: View, pictures: Mapping[str, Path], masks: Mapping[str, Path], max_size: int) -> Picture:
    """A view's picture, reduced until its longer side is at most `max_size`; the camera is scaled with it.

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
    return Picture(replace(view, camera=camera.scaled(width, height)), image, mask)


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
