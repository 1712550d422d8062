"""Something flat that can be zoomed and moved: photos, pairs of photos, the match matrix."""

from __future__ import annotations

from abc import abstractmethod

from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QFrame, QGraphicsScene, QGraphicsView

from desktop.panels.abstract import AbstractWidget
from desktop.style import theme

STEP = 1.25
CLICK = 4
"""A mouse that moves less than this many pixels between press and release has clicked."""


class ZoomView(QGraphicsView, metaclass=AbstractWidget):
    """Fits its content until somebody zooms; the wheel zooms to the pointer, dragging moves, double click fits again.

    Signals:
        moved: Zoom (content widths a view width) and the place in the middle (from 0 to 1 over the content).
        hovered: The place under the pointer in scene coordinates, None when it leaves.
        clicked: The place in scene coordinates.
    """

    moved = Signal(float, QPointF)
    hovered = Signal(object)
    clicked = Signal(QPointF)
    largest = 4.0
    """Content that fits is never shown larger than this."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self._scene = QGraphicsScene(self)
        self.setScene(self._scene)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        self.setDragMode(QGraphicsView.DragMode.ScrollHandDrag)
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.AnchorUnderMouse)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAcceptDrops(False)
        self.viewport().setAcceptDrops(False)
        self.viewport().setMouseTracking(True)
        self._fitted = True
        self._following = False
        self._hint = ""
        self._pressed: QPointF | None = None
        self.retint()
        for bar in (self.horizontalScrollBar(), self.verticalScrollBar()):
            bar.valueChanged.connect(self._tell)

    @abstractmethod
    def area(self) -> QRectF:
        """Where the content is in the scene; empty when there is none."""

    def margins(self) -> tuple[int, int]:
        """Pixels of the view that are kept free at the left and at the top."""
        return 0, 0

    @property
    def empty(self) -> bool:
        """Whether there is no content."""
        return self.area().isEmpty()

    def retint(self) -> None:
        """Takes the theme's background."""
        self.setBackgroundBrush(QColor(theme.current().sunken))
        self.viewport().update()

    def show_hint(self, text: str) -> None:
        """A sentence in the middle of the empty view."""
        self._hint = text
        self.setAccessibleDescription(text)
        self.viewport().update()

    @property
    def hint(self) -> str:
        """The sentence in the middle of the empty view."""
        return self._hint

    def fit(self) -> None:
        """Shows the whole content."""
        self._fitted = True
        self.resetTransform()
        area, room = self.area(), self.viewport().size()
        left, top = self.margins()
        if not area.isEmpty():
            scale = min((room.width() - left) / area.width(), (room.height() - top) / area.height(), self.largest)
            self.scale(max(scale, 1e-4), max(scale, 1e-4))
            self._bound()
            self.centerOn(self.sceneRect().center())
        self._tell()

    def zoom(self, factor: float) -> None:
        """Zooms about the pointer."""
        now = self.transform().m11()
        goal = min(max(now * factor, 0.02), max(40.0, 4 * self.largest))
        self._fitted = False
        self.scale(goal / now, goal / now)
        self._bound()
        self._tell()

    def follow(self, zoom: float, center: QPointF) -> None:
        """Takes another view's zoom; see `moved`."""
        area = self.area()
        self._following, self._fitted = True, False
        scale = zoom * self.viewport().width() / max(area.width(), 1)
        self.resetTransform()
        self.scale(scale, scale)
        self._bound()
        self.centerOn(area.left() + center.x() * area.width(), area.top() + center.y() * area.height())
        self._following = False

    def _bound(self) -> None:
        """Lets the scene reach as far as the content and the margins beside it."""
        (left, top), scale = self.margins(), max(self.transform().m11(), 1e-9)
        self._scene.setSceneRect(self.area().adjusted(-left / scale, -top / scale, 0, 0))

    def _tell(self) -> None:
        area = self.area()
        if self._following or area.isEmpty():
            return
        center = self.mapToScene(self.viewport().rect().center())
        zoom = self.transform().m11() * area.width() / max(self.viewport().width(), 1)
        self.moved.emit(zoom, QPointF((center.x() - area.left()) / area.width(), (center.y() - area.top()) / area.height()))

    def drawForeground(self, painter: QPainter, rect: QRectF | object) -> None:
        """The hint."""
        if not self.empty or not self._hint:
            return
        painter.save()
        painter.resetTransform()
        painter.setPen(QColor(theme.current().muted))
        room = self.viewport().rect().adjusted(24, 24, -24, -24)
        painter.drawText(room, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self._hint)
        painter.restore()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zooms."""
        if event.angleDelta().y() and not self.empty:
            self.zoom(STEP ** (event.angleDelta().y() / 120))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """The beginning of a click or of a drag."""
        self._pressed = event.position()
        super().mousePressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """The end of a click or of a drag."""
        super().mouseReleaseEvent(event)
        pressed, self._pressed = self._pressed, None
        if pressed is not None and (event.position() - pressed).manhattanLength() < CLICK and event.button() == Qt.MouseButton.LeftButton:
            self.clicked.emit(self.mapToScene(event.position().toPoint()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Tells what is under the pointer."""
        super().mouseMoveEvent(event)
        self.hovered.emit(self.viewportTransform().inverted()[0].map(event.position()))

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is under the pointer."""
        super().leaveEvent(event)
        self.hovered.emit(None)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Fits."""
        self.fit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """F fits, plus and minus zoom."""
        keys = {Qt.Key.Key_Plus: STEP, Qt.Key.Key_Equal: STEP, Qt.Key.Key_Minus: 1 / STEP}
        if event.key() == Qt.Key.Key_F:
            self.fit()
        elif event.key() in keys:
            self.zoom(keys[Qt.Key(event.key())])
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Stays fitted."""
        super().resizeEvent(event)
        if self._fitted:
            self.fit()
