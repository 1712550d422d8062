"""A picture that can be zoomed and moved; several can share one zoom."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPen, QPixmap
from PySide6.QtWidgets import QGraphicsPathItem, QGraphicsPixmapItem

from desktop.panels.shapes import cross
from desktop.panels.zoom_view import ZoomView


class PhotoView(ZoomView):
    """One picture, and a mark on it that another view may set."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._item = QGraphicsPixmapItem()
        self._item.setTransformationMode(Qt.TransformationMode.SmoothTransformation)
        self._scene.addItem(self._item)
        self._marks = [QGraphicsPathItem(cross(9)), QGraphicsPathItem(cross(9))]
        for mark, color, width in zip(self._marks, ("#000000", "#ffffff"), (3.0, 1.2), strict=True):
            mark.setPen(QPen(QColor(color), width))
            mark.setFlag(QGraphicsPathItem.GraphicsItemFlag.ItemIgnoresTransformations)
            mark.hide()
            self._scene.addItem(mark)

    def area(self) -> QRectF:
        """The picture."""
        return self._item.boundingRect()

    def show_image(self, image: QImage) -> None:
        """Shows a picture; the zoom stays when the size is the same."""
        same = image.size() == self._item.pixmap().size()
        self._item.setPixmap(QPixmap.fromImage(image))
        self._scene.setSceneRect(self._item.boundingRect())
        if not same or self._fitted:
            self.fit()

    def clear(self) -> None:
        """Shows nothing."""
        self._item.setPixmap(QPixmap())
        self.set_mark(None)

    def share(self, place: QPointF | None) -> QPointF | None:
        """A place of the scene as parts of the picture, from 0 to 1; None outside."""
        area = self.area()
        if place is None or area.isEmpty() or not area.contains(place):
            return None
        return QPointF(place.x() / area.width(), place.y() / area.height())

    def set_mark(self, place: QPointF | None) -> None:
        """A small cross at a place (from 0 to 1 over the picture), or none."""
        area = self.area()
        for mark in self._marks:
            mark.setVisible(place is not None and not area.isEmpty())
            if place is not None:
                mark.setPos(place.x() * area.width(), place.y() * area.height())
