"""A legend as a widget: title, bar with values, single colours."""

from __future__ import annotations

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from desktop.jobs.pictures import to_image
from desktop.style import theme
from recon.inspection.legend import Legend, bar_picture

HEIGHT = 52
TITLE = 16
BAR = 8
MARGIN = 12
LONGEST = 360


class LegendBar(QWidget):
    """Takes its room also when there is nothing to explain, so that what is above it does not jump."""

    def __init__(self) -> None:
        super().__init__()
        self._legend: Legend | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(HEIGHT)

    @property
    def legend(self) -> Legend | None:
        """What is explained."""
        return self._legend

    def show_legend(self, legend: Legend | None) -> None:
        """Explains other colours, or nothing."""
        self._legend = legend
        words = [] if legend is None else [legend.title, *(text for _, text in legend.ticks), *(text for _, text in legend.swatches)]
        self.setAccessibleName("Legend: " + ", ".join(words) if words else "")
        self.update()

    def sizeHint(self) -> QSize:
        """Of fixed height."""
        return QSize(240, HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paints it."""
        if self._legend is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = painter.font()
        font.setPointSizeF(max(7.5, font.pointSizeF() - 1.5))
        painter.setFont(font)
        painter.setPen(QColor(theme.current().text))
        title = QRectF(MARGIN, 2, self.width(), TITLE)
        painter.drawText(title, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, self._legend.title)
        right = MARGIN
        if len(self._legend.bar):
            right = self._paint_bar(painter, self._legend) + 16
        self._paint_swatches(painter, self._legend, right)
        painter.end()

    def _paint_bar(self, painter: QPainter, legend: Legend) -> int:
        """The bar over its values; returns where it ends."""
        width = min(self.width() - 2 * MARGIN - self._swatch_width(painter, legend), LONGEST)
        bar = QRect(MARGIN, TITLE + 4, max(width, 60), BAR)
        painter.drawImage(bar, to_image(bar_picture(legend.bar, bar.width(), 1)))
        painter.setPen(QColor(theme.current().muted))
        metrics, last = painter.fontMetrics(), -1e9
        for place, text in legend.ticks:
            middle, half = bar.left() + place * bar.width(), metrics.horizontalAdvance(text) / 2
            left = min(max(middle - half, bar.left() - 4), bar.right() + 4 - 2 * half)
            if left > last + 6:
                painter.drawText(QRectF(left, bar.bottom() + 2, 2 * half + 2, metrics.height()), Qt.AlignmentFlag.AlignLeft, text)
                last = left + 2 * half
        return bar.right()

    def _swatch_width(self, painter: QPainter, legend: Legend) -> int:
        return sum(painter.fontMetrics().horizontalAdvance(text) + 30 for _, text in legend.swatches)

    def _paint_swatches(self, painter: QPainter, legend: Legend, left: int) -> None:
        """Colours with their words, as many as there is room for."""
        top = TITLE + 2
        metrics = painter.fontMetrics()
        for color, text in legend.swatches:
            painter.setPen(QColor(theme.current().line))
            painter.setBrush(QColor(*color))
            painter.drawRoundedRect(QRectF(left + 0.5, top + 0.5, 11, 11), 2, 2)
            painter.setPen(QColor(theme.current().muted))
            painter.drawText(
                QRectF(left + 16, top - 2, 400, metrics.height() + 2), Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text
            )
            left += metrics.horizontalAdvance(text) + 30
