"""What is drawn over the picture in the window: axes, scale bar, labels. Crisp at every scale because Qt draws it."""

from __future__ import annotations

from math import floor, log10, tan

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPainterPath, QPen

from desktop.viewport.orbit import Orbit

_AXES = (("X", QColor(226, 84, 84)), ("Y", QColor(106, 176, 76)), ("Z", QColor(76, 141, 226)))
_MARGIN = 16.0


def ink(background: str) -> QColor:
    """Colour of text and lines that reads on `background`."""
    return QColor(28, 30, 34) if background == "light" else QColor(228, 230, 234)


def halo(background: str) -> QColor:
    """Soft colour about text and lines, so that they read over the model too."""
    return QColor(255, 255, 255, 170) if background == "light" else QColor(16, 17, 20, 170)


def _write(painter: QPainter, at: QPointF, text: str, color: QColor, background: str, align: str = "left") -> None:
    """Text with a halo; `at` is its baseline's left end, middle or right end."""
    width = QFontMetricsF(painter.font()).horizontalAdvance(text)
    path = QPainterPath()
    path.addText(at - QPointF({"left": 0.0, "middle": width / 2.0, "right": width}[align], 0.0), painter.font(), text)
    painter.strokePath(path, QPen(halo(background), 3.0, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin))
    painter.fillPath(path, color)


def _lines(painter: QPainter, lines: list[QLineF], color: QColor, width: float, background: str) -> None:
    """Lines with a halo."""
    for pen in (QPen(halo(background), width + 2.5), QPen(color, width)):
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        painter.drawLines(lines)


def draw_gizmo(painter: QPainter, rect: QRectF, orbit: Orbit, background: str) -> None:
    """The world's axes at the bottom left, nearer ones over farther ones."""
    length = 26.0
    middle = QPointF(rect.left() + _MARGIN + length, rect.bottom() - _MARGIN - length)
    rotation = orbit.rotation
    painter.setFont(_font(painter, 8.0, bold=True))
    for axis in sorted(range(3), key=lambda i: -rotation[2, i]):
        name, color = _AXES[axis]
        tip = middle + QPointF(*(rotation[:2, axis] * length))
        shade = QColor(color)
        shade.setAlphaF(0.55 if rotation[2, axis] > 0.15 else 1.0)
        _lines(painter, [QLineF(middle, tip)], shade, 2.0, background)
        label = middle + QPointF(*(rotation[:2, axis] * (length + 9.0)))
        _write(painter, label + QPointF(0.0, 4.0), name, shade, background, "middle")


def scale_step(units_per_pixel: float, wanted_pixels: float = 110.0) -> float:
    """A round length (1, 2 or 5 times a power of ten) at most `wanted_pixels` long."""
    longest = max(units_per_pixel * wanted_pixels, 1e-12)
    power = 10.0 ** floor(log10(longest))
    return next(step for step in (5 * power, 2 * power, power) if step <= longest * (1 + 1e-9))


def scale_text(length: float, metric: bool) -> str:
    """The length in words: '20 cm', '5 m', '0.2 units'."""
    if not metric:
        return f"{length:g} " + ("unit" if length == 1 else "units")
    for factor, name in ((1e-3, "km"), (1.0, "m"), (100.0, "cm"), (1000.0, "mm")):
        if length * factor >= 0.9999:
            return f"{length * factor:g} {name}"
    return f"{length * 1e6:g} µm"


def draw_scale(painter: QPainter, rect: QRectF, orbit: Orbit, background: str, metric: bool) -> None:
    """Scale bar at the bottom right; true at the depth of the pivot."""
    per_pixel = 2.0 * tan(orbit.fov_y / 2.0) * float(orbit.offset[2]) / max(rect.height(), 1.0)
    length = scale_step(per_pixel)
    width = length / per_pixel
    right, y = rect.right() - _MARGIN, rect.bottom() - _MARGIN
    color = ink(background)
    ticks = [QLineF(x, y - 4, x, y + 4) for x in (right - width, right)]
    _lines(painter, [QLineF(right - width, y, right, y), *ticks], color, 1.5, background)
    painter.setFont(_font(painter, 9.0))
    _write(painter, QPointF(right, y - 10), scale_text(length, metric), color, background, "right")


def draw_label(painter: QPainter, rect: QRectF, text: str, background: str) -> None:
    """Name of the view or photo, top left."""
    painter.setFont(_font(painter, 9.5))
    _write(painter, QPointF(rect.left() + _MARGIN, rect.top() + 26), text, ink(background), background)


def draw_notice(painter: QPainter, rect: QRectF, text: str, background: str) -> None:
    """A sentence in the middle: nothing to show, or why."""
    painter.setFont(_font(painter, 11.0))
    color = ink(background)
    color.setAlphaF(0.75)
    painter.setPen(color)
    box = QRectF(rect.left() + rect.width() * 0.15, rect.top(), rect.width() * 0.7, rect.height())
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, text)


def draw_busy(painter: QPainter, rect: QRectF, text: str, phase: float, background: str) -> None:
    """A turning arc and what is being loaded, top right."""
    color = ink(background)
    painter.setFont(_font(painter, 9.5))
    _write(painter, QPointF(rect.right() - 40, rect.top() + 25), text, color, background, "right")
    painter.setPen(QPen(color, 2.0, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
    painter.drawArc(QRectF(rect.right() - 32, rect.top() + 13, 14, 14), int(-phase * 360 * 16), 270 * 16)


def draw_pivot(painter: QPainter, rect: QRectF, orbit: Orbit, strength: float) -> None:
    """A small ring on the pivot, fading with `strength` from 1 to 0."""
    camera = orbit.camera(max(int(rect.width()), 1), max(int(rect.height()), 1))
    pixel, _ = camera.project(orbit.offset)
    if not np.all(np.isfinite(pixel)):
        return
    at = QPointF(rect.left() + float(pixel[0]) + 0.5, rect.top() + float(pixel[1]) + 0.5)
    for width, color in ((4.0, QColor(0, 0, 0)), (2.0, QColor(255, 176, 46))):
        color.setAlphaF(strength * (0.5 if width > 3 else 1.0))
        painter.setPen(QPen(color, width))
        painter.drawEllipse(at, 7.0, 7.0)
        painter.drawPoint(at)


def _font(painter: QPainter, points: float, bold: bool = False) -> QFont:
    font = QFont(painter.font())
    font.setPointSizeF(points)
    font.setBold(bold)
    return font
