"""A large picture in pieces that overlap, so that memory stays bounded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

TILE = 1536
"""Largest width and height of a piece, overlap included; 1536 x 1536 pixels take about 0.9 GB in the network."""
OVERLAP = 96


@dataclass(frozen=True)
class Tile:
    """A piece of a picture.

    Args:
        x: Left side, pixels.
        y: Top.
        width: Of the piece.
        height: Of the piece.
        core: x0, y0, x1, y1 in the picture: the part that belongs to this piece alone (end excluded).
    """

    x: int
    y: int
    width: int
    height: int
    core: tuple[float, float, float, float]


def tiles(width: int, height: int, largest: int = TILE, overlap: int = OVERLAP) -> Iterator[Tile]:
    """Pieces whose cores cover a picture once; the corners lie at multiples of 32, as the network's grids do."""
    for y, h, top, bottom in _cuts(height, largest, overlap):
        for x, w, left, right in _cuts(width, largest, overlap):
            yield Tile(x, y, w, h, (left, top, right, bottom))


def _cuts(length: int, largest: int, overlap: int) -> list[tuple[int, int, float, float]]:
    """Start, length, and core of the pieces of one side."""
    if length <= largest:
        return [(0, length, 0, length)]
    count = -(-(length - overlap) // (largest - overlap - 32))
    step = -(-(length - overlap) // count) // 32 * 32 + 32
    starts = [i * step for i in range(count) if i * step + overlap < length]
    result = []
    for i, start in enumerate(starts):
        end = min(start + step + overlap, length)
        left = 0.0 if i == 0 else start + overlap / 2
        right = float(length) if i == len(starts) - 1 else starts[i + 1] + overlap / 2
        result.append((start, end - start, left, right))
    return result
