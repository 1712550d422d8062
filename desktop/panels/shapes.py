"""Small shapes that are drawn over pictures."""

from __future__ import annotations

from PySide6.QtGui import QPainterPath


def cross(reach: float, gap: float = 2.0) -> QPainterPath:
    """A cross about the origin that is open in the middle."""
    path = QPainterPath()
    for x, y in ((1, 0), (-1, 0), (0, 1), (0, -1)):
        path.moveTo(x * gap, y * gap)
        path.lineTo(x * reach, y * reach)
    return path
