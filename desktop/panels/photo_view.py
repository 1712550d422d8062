"""A picture that can be zoomed and moved; several can share one zoom."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QColor, QImage, QPainter, QPixmap, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QFrame, QGraphicsPixmapItem, QGraphicsScene, QGraphicsView

from desktop.style import theme

STEP = 1.25


class PhotoView(QGraphicsView):
    """Fits the picture until somebody zooms; the wheel zooms to the pointer, dragging moves, double click fits again."""

    moved = Signal(float, QPointF)

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self._scene = QGraphicsScene(self)
        self._item = QGraphicsPixmapItem()
        self._item.setTransformationMode(Qt.TransformationMode.SmoothTransformation)
        self._scene.addItem(self._item)
        self.setScene(self._scene)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        self.setDragMode(QGraphicsView.DragMode.ScrollHandDrag)
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.AnchorUnderMouse)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAcceptDrops(False)
        self.viewport().setAcceptDrops(False)
        self._fitted = True
        self._following = False
        self.retint()
        for bar in (self.horizontalScrollBar(), self.verticalScrollBar()):
            bar.valueChanged.connect(self._tell)

    def retint(self) -> None:
        """Takes the theme's background."""
        self.setBackgroundBrush(QColor(theme.current().sunken))

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

    @property
    def empty(self) -> bool:
        """Whether no picture is shown."""
        return self._item.pixmap().isNull()

    def fit(self) -> None:
        """Shows the whole picture, never larger than it is."""
        self._fitted = True
        self.resetTransform()
        size, room = self._item.pixmap().size(), self.viewport().size()
        if not size.isEmpty():
            scale = min(room.width() / size.width(), room.height() / size.height(), 4.0)
            self.scale(scale, scale)
            self.centerOn(self._item)
        self._tell()

    def zoom(self, factor: float) -> None:
        """Zooms about the pointer."""
        now = self.transform().m11()
        goal = min(max(now * factor, 0.02), 40.0)
        self._fitted = False
        self.scale(goal / now, goal / now)
        self._tell()

    def follow(self, zoom: float, center: QPointF) -> None:
        """Takes another view's zoom; `center` runs from 0 to 1 over the picture, `zoom` is picture widths per view width."""
        width = max(self._item.pixmap().width(), 1)
        self._following, self._fitted = True, False
        scale = zoom * self.viewport().width() / width
        self.resetTransform()
        self.scale(scale, scale)
        area = self._item.boundingRect()
        self.centerOn(center.x() * area.width(), center.y() * area.height())
        self._following = False

    def _tell(self) -> None:
        area = self._item.boundingRect()
        if self._following or area.isEmpty():
            return
        center = self.mapToScene(self.viewport().rect().center())
        zoom = self.transform().m11() * area.width() / max(self.viewport().width(), 1)
        self.moved.emit(zoom, QPointF(center.x() / area.width(), center.y() / area.height()))

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zooms."""
        if event.angleDelta().y():
            self.zoom(STEP ** (event.angleDelta().y() / 120))

    def mouseDoubleClickEvent(self, event) -> None:
        """Fits."""
        self.fit()

    def keyPressEvent(self, event) -> None:
        """F fits, plus and minus zoom."""
        keys = {Qt.Key.Key_Plus: STEP, Qt.Key.Key_Equal: STEP, Qt.Key.Key_Minus: 1 / STEP}
        if event.key() == Qt.Key.Key_F:
            self.fit()
        elif event.key() in keys:
            self.zoom(keys[event.key()])
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Stays fitted."""
        super().resizeEvent(event)
        if self._fitted:
            self.fit()
