"""Distances as colours, with the bar that explains them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from recon.errors import ShapeError
from recon.io.atomic import replacing

_BAR, _LONG, _MARGIN, _TICKS = 48, 480, 32, 5


def distance_colors(distance: NDArray[np.floating], limit: float) -> NDArray[np.float32]:
    """Colours `[N, 3]` in [0, 1] of distances `[N]`: blue for 0 through green to red from `limit` on (Turbo, Mikhailov 2019).

    Raises:
        ShapeError: The limit is not above 0.
    """
    if not limit > 0:
        raise ShapeError(f"the limit must be above 0, got {limit}")
    share = np.clip(np.nan_to_num(np.asarray(distance, np.float64) / limit, nan=1.0), 0, 1)
    table = cv2.applyColorMap(np.arange(256, dtype=np.uint8)[:, None], cv2.COLORMAP_TURBO)[:, 0, ::-1]
    colors: NDArray[np.float32] = (table[np.round(share * 255).astype(np.int64)] / 255).astype(np.float32)
    return colors


def write_color_bar(limit: float, path: Path, unit: str = "") -> None:
    """Writes the bar for `distance_colors` as a PNG.

    Raises:
        ResourceError: The file cannot be written.
    """
    picture = np.full((_LONG + 2 * _MARGIN, 260, 3), 255, np.uint8)
    ramp = distance_colors(np.linspace(limit, 0, _LONG), limit)[:, ::-1] * 255
    picture[_MARGIN : _MARGIN + _LONG, _MARGIN : _MARGIN + _BAR] = ramp[:, None].astype(np.uint8)
    for tick in range(_TICKS + 1):
        y = _MARGIN + round(_LONG * (1 - tick / _TICKS))
        words = f"{limit * tick / _TICKS:.3g} {unit}".strip() + (" and more" if tick == _TICKS else "")
        cv2.line(picture, (_MARGIN + _BAR, y), (_MARGIN + _BAR + 8, y), (0, 0, 0), 1)
        cv2.putText(picture, words, (_MARGIN + _BAR + 14, y + 5), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 0, 0), 1, cv2.LINE_AA)
    with replacing(path) as temporary:
        temporary.write_bytes(bytes(cv2.imencode(".png", picture)[1]))
