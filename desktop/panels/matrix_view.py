"""The match matrix as a picture whose cells can be pointed at and opened."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QGraphicsPixmapItem, QGraphicsView

from desktop.jobs.pictures import to_image
from desktop.panels.zoom_view import ZoomView
from desktop.style import theme
from recon.inspection.matrix import DARK, LIGHT, Counts, MatrixStyle, label_step, matrix_colors

LABEL = 118
"""Pixels for names at the left and at the top."""
READABLE = 15.0
"""Rows closer than this are not all named."""


def matrix_style() -> MatrixStyle:
    """Colours of the theme in use."""
    return LIGHT if theme.current().name == "light" else DARK


class MatrixView(ZoomView):
    """One scene unit a cell, names at the left and at the top.

    Signals:
        pointed: Row and column under the pointer or of the cursor, (-1, -1) without one.
        opened: Row and column that were clicked or chosen with Return.
    """

    pointed = Signal(int, int)
    opened = Signal(int, int)
    largest = 48.0

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.setViewportUpdateMode(QGraphicsView.ViewportUpdateMode.FullViewportUpdate)
        self.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
        self._item = QGraphicsPixmapItem()
        self._scene.addItem(self._item)
        self._names: tuple[str, ...] = ()
        self._counts: Counts = np.zeros((0, 0), np.int32)
        self._cell = (-1, -1)
        self.hovered.connect(self._hover)
        self.clicked.connect(self._click)

    def area(self) -> QRectF:
        """All cells."""
        return QRectF(0, 0, len(self._names), len(self._names))

    def margins(self) -> tuple[int, int]:
        """Room for names."""
        return LABEL, LABEL

    @property
    def cell(self) -> tuple[int, int]:
        """Row and column that are pointed at."""
        return self._cell

    def show_counts(self, names: tuple[str, ...], counts: Counts) -> None:
        """Shows another matrix, `[N, N]`."""
        same = len(names) == len(self._names)
        self._names, self._counts = names, counts
        self._paint_cells()
        self.point_at(-1, -1)
        if not same or self._fitted:
            self.fit()

    def retint(self) -> None:
        """Takes the theme's colours."""
        super().retint()
        if hasattr(self, "_counts"):
            self._paint_cells()

    def _paint_cells(self) -> None:
        empty = not len(self._names)
        self._item.setPixmap(QPixmap() if empty else QPixmap.fromImage(to_image(matrix_colors(self._counts, matrix_style()))))

    def point_at(self, row: int, column: int) -> None:
        """Marks a cell, or none with -1."""
        if (row, column) != self._cell:
            self._cell = (row, column)
            self.viewport().update()
            self.pointed.emit(row, column)

    def _edges(self) -> tuple[float, float]:
        """Where the names end, pixels from the left and from the top: at the matrix, or at the edge of the view."""
        corner = self.viewportTransform().map(QPointF(0, 0))
        return max(float(LABEL), corner.x()), max(float(LABEL), corner.y())

    def _at(self, place: QPointF | None) -> tuple[int, int]:
        """The cell at a place of the scene that the names do not cover."""
        if place is None:
            return -1, -1
        on_view, (left, top) = self.viewportTransform().map(place), self._edges()
        inside = self.area().contains(place) and on_view.x() >= left - 0.5 and on_view.y() >= top - 0.5
        row, column = int(place.y()), int(place.x())
        return (row, column) if inside and row < len(self._names) and column < len(self._names) else (-1, -1)

    def _hover(self, place: QPointF | None) -> None:
        cell = self._at(place)
        self.point_at(*cell)
        self.viewport().setCursor(Qt.CursorShape.PointingHandCursor if cell[0] >= 0 and cell[0] != cell[1] else Qt.CursorShape.ArrowCursor)

    def _click(self, place: QPointF) -> None:
        self._open(*self._at(place))

    def _open(self, row: int, column: int) -> None:
        if row >= 0 and row != column:
            self.opened.emit(row, column)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows move the cursor, Return opens the pair."""
        steps = {Qt.Key.Key_Left: (0, -1), Qt.Key.Key_Right: (0, 1), Qt.Key.Key_Up: (-1, 0), Qt.Key.Key_Down: (1, 0)}
        last = len(self._names) - 1
        if event.key() in steps and last >= 0:
            down, right = steps[Qt.Key(event.key())]
            row, column = self._cell if self._cell[0] >= 0 else (0, 0)
            row, column = min(max(row + down, 0), last), min(max(column + right, 0), last)
            self.point_at(row, column)
            self.ensureVisible(QRectF(column - 1, row - 1, 3, 3), LABEL, LABEL)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._open(*self._cell)
        else:
            super().keyPressEvent(event)

    def drawForeground(self, painter: QPainter, rect: object) -> None:
        """Lines between cells, the marked cell, and the names, which stay in sight."""
        super().drawForeground(painter, rect)
        if self.empty:
            return
        painter.save()
        painter.resetTransform()
        cell, (left, top) = self.transform().m11(), self._edges()
        if cell >= 8:
            self._paint_lines(painter, cell)
        self._paint_cursor(painter, cell)
        ground = QColor(theme.current().sunken)
        painter.fillRect(QRectF(0, 0, self.viewport().width(), top), ground)
        painter.fillRect(QRectF(0, 0, left, self.viewport().height()), ground)
        self._paint_names(painter, cell)
        painter.restore()

    def _paint_lines(self, painter: QPainter, cell: float) -> None:
        painter.setPen(QPen(QColor(theme.current().sunken), 1))
        start, end = self.viewportTransform().map(QPointF(0, 0)), self.viewportTransform().map(QPointF(*(len(self._names),) * 2))
        for number in range(len(self._names) + 1):
            x, y = start.x() + number * cell, start.y() + number * cell
            painter.drawLine(QPointF(x, start.y()), QPointF(x, end.y()))
            painter.drawLine(QPointF(start.x(), y), QPointF(end.x(), y))

    def _paint_cursor(self, painter: QPainter, cell: float) -> None:
        row, column = self._cell
        if row < 0:
            return
        corner = self.viewportTransform().map(QPointF(column, row))
        side = max(cell, 5.0)
        box = QRectF(corner.x() + cell / 2 - side / 2, corner.y() + cell / 2 - side / 2, side, side)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for color, width in (("#000000", 4.0), ("#ffffff", 2.0)):
            painter.setPen(QPen(QColor(color), width))
            painter.drawRect(box)

    def _paint_names(self, painter: QPainter, cell: float) -> None:
        """Names of rows and columns; where there is no room for all, every n-th and those that are pointed at."""
        font = painter.font()
        font.setPointSizeF(max(7.0, font.pointSizeF() - 1.5))
        painter.setFont(font)
        step, corner = label_step(len(self._names), cell, READABLE), self.viewportTransform().map(QPointF(0, 0))
        for axis, origin in enumerate((corner.y(), corner.x())):
            marked = self._cell[axis]
            for number in range(len(self._names)):
                near = marked >= 0 and number != marked and abs(number - marked) * cell < READABLE
                if number == marked or (number % step == 0 and not near):
                    self._paint_name(painter, axis, number, origin + (number + 0.5) * cell)

    def _paint_name(self, painter: QPainter, axis: int, number: int, middle: float) -> None:
        limit = self.viewport().height() if axis == 0 else self.viewport().width()
        edge = self._edges()[axis]  # names of rows end at the left edge of the matrix, those of columns at the upper one
        if not self._edges()[1 - axis] <= middle <= limit:
            return
        painter.setPen(QColor(theme.current().text if number == self._cell[axis] else theme.current().muted))
        text = painter.fontMetrics().elidedText(self._names[number], Qt.TextElideMode.ElideMiddle, LABEL - 12)
        painter.save()
        if axis == 0:
            box = QRectF(edge - LABEL, middle - 8, LABEL - 8, 16)
            painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)
        else:
            painter.translate(middle, edge - 6)
            painter.rotate(-90)
            painter.drawText(QRectF(0, -8, LABEL - 8, 16), Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)
        painter.restore()
