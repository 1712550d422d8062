"""Paints one photo: thumbnail, badge, name."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPainterPath, QPixmap
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from desktop.panels.photo_model import PHOTO, VERDICTS, Index
from desktop.state import PhotoItem
from desktop.style import theme

CELL = QSize(122, 112)
PICTURE = QSize(110, 82)


class PhotoDelegate(QStyledItemDelegate):
    """A cell of fixed size on the 4 px grid."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """The cell's size."""
        return CELL

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Paints the cell."""
        tokens = theme.current()
        item: PhotoItem = index.data(PHOTO)
        painter.save()
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        cell = option.rect.adjusted(2, 2, -2, -2)
        state = option.state
        if state & QStyle.StateFlag.State_Selected:
            _fill(painter, cell, tokens.selection)
        elif state & QStyle.StateFlag.State_MouseOver:
            _fill(painter, cell, tokens.hover)
        if state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(QColor(tokens.link))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(cell, 6, 6)
        frame = QRect(QPoint(cell.left() + 4, cell.top() + 4), PICTURE)
        self._picture(painter, frame, index.data(Qt.ItemDataRole.DecorationRole), item)
        self._badges(painter, frame, item)
        painter.setPen(QColor(tokens.text if item.enabled else tokens.muted))
        name = QRect(cell.left() + 4, frame.bottom() + 3, frame.width(), cell.bottom() - frame.bottom() - 3)
        text = painter.fontMetrics().elidedText(item.id, Qt.TextElideMode.ElideMiddle, name.width())
        painter.drawText(name, Qt.AlignmentFlag.AlignCenter, text)
        painter.restore()

    def _picture(self, painter: QPainter, frame: QRect, picture: QPixmap | None, item: PhotoItem) -> None:
        tokens = theme.current()
        path = QPainterPath()
        path.addRoundedRect(frame, 4, 4)
        painter.save()
        painter.setClipPath(path)
        painter.fillRect(frame, QColor(tokens.raised))
        painter.setOpacity(1.0 if item.enabled else 0.3)
        if picture is not None:
            size = picture.size().scaled(frame.size(), Qt.AspectRatioMode.KeepAspectRatioByExpanding)
            painter.drawPixmap(QRect(frame.center() - QPoint(size.width() // 2, size.height() // 2), size), picture)
        else:
            name = "file-x" if item.verdict == "unreadable" else "image"
            theme.icon(name, "muted").paint(painter, QRect(frame.center() - QPoint(12, 12), QSize(24, 24)))
        painter.restore()

    def _badges(self, painter: QPainter, frame: QRect, item: PhotoItem) -> None:
        if not item.enabled:
            _badge(painter, frame, "left out", "muted")
        elif item.verdict in VERDICTS and item.verdict != "ok":
            _badge(painter, frame, *VERDICTS[item.verdict])
        elif item.registered is False:
            _badge(painter, frame, "not placed", "warn")
        elif item.registered is True or item.verdict == "ok":
            _mark(painter, frame, placed=item.registered is True)


def _fill(painter: QPainter, area: QRect, color: str) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(color))
    painter.drawRoundedRect(area, 6, 6)


def _badge(painter: QPainter, frame: QRect, text: str, color: str) -> None:
    """A word in the picture's corner."""
    tokens = theme.current()
    font = QFont(painter.font())
    font.setPointSizeF(max(7.0, font.pointSizeF() - 1.5))
    font.setWeight(QFont.Weight.DemiBold)
    painter.save()
    painter.setFont(font)
    width = painter.fontMetrics().horizontalAdvance(text) + 10
    area = QRect(frame.left() + 4, frame.top() + 4, width, painter.fontMetrics().height() + 2)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(getattr(tokens, color)))
    painter.drawRoundedRect(area, 3, 3)
    painter.setPen(QColor(tokens.on_badge))
    painter.drawText(area, Qt.AlignmentFlag.AlignCenter, text)
    painter.restore()


def _mark(painter: QPainter, frame: QRect, placed: bool) -> None:
    """A small tick: looked at and good; filled when its camera is known."""
    tokens = theme.current()
    area = QRect(frame.left() + 4, frame.top() + 4, 16, 16)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(tokens.ok))
    painter.drawEllipse(area)
    theme.icon("camera-fill" if placed else "check-bold", "on_badge").paint(painter, area.adjusted(3, 3, -3, -3))
