"""The match matrix: how well every photo is matched with every other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recon.inspection.colors import Colors, heat_ramp
from recon.inspection.legend import Legend, apart
from recon.inspection.pairs import NOT_COMPARED

Color = tuple[int, int, int]
Counts = NDArray[np.int32]


@dataclass(frozen=True)
class MatrixStyle:
    """Colours of cells without a number: the photo itself and pairs that nobody compared, and pairs without a verified match."""

    blank: Color = (38, 38, 42)
    failed: Color = (74, 74, 80)
    text: Color = (169, 169, 176)
    ground: Color = (25, 25, 27)


DARK = MatrixStyle()
LIGHT = MatrixStyle(blank=(244, 244, 246), failed=(208, 208, 214), text=(92, 92, 99), ground=(255, 255, 255))


def matrix_colors(counts: Counts, style: MatrixStyle = DARK) -> Colors:
    """One pixel a pair, `[N, N, 3]`: the colour grows with the logarithm of the number of verified matches."""
    low, high = scale_ends(counts)
    colors = heat_ramp(np.log(np.maximum(counts, 1) / low) / np.log(high / low))
    colors[counts == 0] = style.failed
    colors[counts == NOT_COMPARED] = style.blank
    return colors


def scale_ends(counts: Counts) -> tuple[int, int]:
    """The counts at both ends of the scale: a round number below the smallest, and the largest."""
    known = counts[counts > 0]
    if not known.size:
        return 1, 10
    smallest, high = int(known.min()), max(int(known.max()), 2)
    low = max(value for value in _ROUND if value <= smallest)
    return (low, high) if high > low else (max(low // 2, 1), high)


_ROUND = tuple(factor * 10**power for power in range(8) for factor in (1, 2, 5))


def matrix_legend(counts: Counts, style: MatrixStyle = DARK) -> Legend:
    """Bar of verified matches on a logarithmic scale, and the two colours beside it."""
    low, high = scale_ends(counts)
    ticks = [(float(np.log(value / low) / np.log(high / low)), f"{value:,}") for value in _ROUND if low <= value <= high]
    kept = [tick for tick in apart(ticks, 0.1) if 1 - tick[0] > 0.1]
    bar = heat_ramp(np.linspace(0, 1, 256))
    swatches = ((style.failed, "none verified"), (style.blank, "not compared"))
    return Legend("Verified matches", bar, (*kept, (1.0, f"{high:,}")), swatches)


def draw_matrix(counts: Counts, side: int = 640, style: MatrixStyle = DARK) -> NDArray[np.uint8]:
    """The matrix with the photos' numbers, counted from 1, along the left and the upper edge.

    Args:
        counts: `[N, N]`, see `PairTable.counts`.
        side: About so many pixels high and wide; more when there are more photos than pixels.
        style: Colours.

    Returns:
        `[S, S, 3]` uint8 RGB.
    """
    import cv2

    number = len(counts)
    margin = 30
    cell = max(1, min(40, (side - margin) // max(number, 1)))
    body = np.repeat(np.repeat(matrix_colors(counts, style), cell, axis=0), cell, axis=1)
    if cell >= 6:  # a hairline between cells
        body[::cell], body[:, ::cell] = style.ground, style.ground
    canvas = np.full((margin + number * cell, margin + number * cell, 3), style.ground, np.uint8)
    canvas[margin:, margin:] = body
    step = label_step(number, cell)
    for i in range(0, number, step):
        text, middle = str(i + 1), margin + i * cell + cell // 2
        (width, height), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 0.34, 1)
        for place in ((margin - 5 - width, middle + height // 2), (middle - width // 2, margin - 7)):
            cv2.putText(canvas, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.34, style.text, 1, cv2.LINE_AA)
    return canvas


def label_step(number: int, cell: float, room: float = 24.0) -> int:
    """Every how many rows there is room for a label `room` pixels wide; a round number."""
    needed = room / max(cell, 1e-6)
    return next((step for step in (1, 2, 5, 10, 20, 50, 100, 200) if step >= needed), max(number, 1))
