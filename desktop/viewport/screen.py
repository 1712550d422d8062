"""The window's end of the pictures: cameras go to the renderer process, frames come back through shared memory."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize
from PySide6.QtGui import QImage, QPainter

from desktop.viewport.frames import Frame, FrameBuffer
from desktop.viewport.link import RendererLink
from desktop.viewport.orbit import Array, Orbit
from desktop.viewport.protocol import view_message

_MAX_PIXELS = 2560 * 1600
_REMEMBERED = 64
_STEP = 256  # buffers grow by this many pixels, so that not every change of size needs a new one
_SNAP = 4.0  # pixels that a smaller frame may be off by rounding


class Screen:
    """The newest frame, and from where it was drawn.

    Args:
        link: The renderer.
    """

    def __init__(self, link: RendererLink) -> None:
        self._link = link
        self._buffer: FrameBuffer | None = None
        self._frame: Frame | None = None
        self._image = QImage()
        self._sent: OrderedDict[int, Orbit] = OrderedDict()
        self._serial = 0
        self.orbit = Orbit()
        self.shown = 0
        """Number of frames so far."""

    def prepare(self, size: QSize, anew: bool = False) -> None:
        """Sees to it that the shared memory holds a frame of `size` device pixels; `anew`: another renderer has to be told."""
        if not self._link.ready:
            return
        buffer = self._buffer
        if buffer is None or size.width() > buffer.width or size.height() > buffer.height:
            self._buffer = FrameBuffer(-(-size.width() // _STEP) * _STEP, -(-size.height() // _STEP) * _STEP)
            if buffer is not None:
                buffer.close()
            buffer, anew = self._buffer, True
        if anew:
            self._link.send("buffer", name=buffer.name, width=buffer.width, height=buffer.height)

    def look(self, orbit: Orbit, size: QSize, moving: bool) -> None:
        """Asks for a frame."""
        if not self._link.ready or self._buffer is None:
            return
        self._serial += 1
        self._sent[self._serial] = orbit
        while len(self._sent) > _REMEMBERED:
            self._sent.popitem(last=False)
        width, height = min(size.width(), self._buffer.width), min(size.height(), self._buffer.height)
        self._link.send("camera", id=self._serial, moving=moving, view=view_message(orbit, width, height))

    def receive(self, said: dict[str, Any]) -> bool:
        """Takes over an announced frame; False when it was overwritten meanwhile."""
        self._link.send("ack", sequence=said["sequence"])
        if self._buffer is None or said["buffer"] != self._buffer.name:
            return False
        frame = self._buffer.read(int(said["slot"]), int(said["sequence"]))
        if frame is None:
            return False
        height, width = frame.pixels.shape[:2]
        self._frame = frame
        self._image = QImage(frame.pixels.data, width, height, width * 4, QImage.Format.Format_RGB32)
        self.orbit = self._sent.get(said["camera"], self.orbit)
        self.shown += 1
        return True

    def paint(self, painter: QPainter, width: int, height: int, ratio: float) -> None:
        """Draws the frame over a widget of `width` x `height`; pixel by pixel when it was made for this size."""
        if self._image.isNull():
            return
        w, h = self._image.width(), self._image.height()
        if abs(w - width * ratio) < 1.0 and abs(h - height * ratio) < 1.0:
            self._image.setDevicePixelRatio(ratio)
            painter.drawImage(QPointF(0.0, 0.0), self._image)
            return
        self._image.setDevicePixelRatio(1.0)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        wide = w * height / h
        wide = float(width) if abs(wide - width) < _SNAP else wide
        painter.drawImage(QRectF((width - wide) / 2.0, 0.0, wide, float(height)), self._image)

    def depth_at(self, at: QPointF, size: QSize, orbit: Orbit) -> float | None:
        """Depth, as seen from `orbit`, of what the newest frame shows nearest to a position of the widget; None when it is empty."""
        if self._frame is None or self._frame.depth.size == 0 or size.isEmpty():
            return None
        rows, columns = np.nonzero(self._frame.depth)
        if not len(rows):
            return None
        high, wide = self._frame.depth.shape
        x, y = (columns + 0.5) / wide * size.width() - at.x(), (rows + 0.5) / high * size.height() - at.y()
        nearest = int(np.argmin(x * x + y * y))
        point = point_at(self.orbit, at, size, float(self._frame.depth[rows[nearest], columns[nearest]]))
        depth = float(orbit.cam_from_world.apply(point)[2])
        return depth if depth > 0 else None

    def close(self) -> None:
        """Frees the shared memory; the last frame stays."""
        if self._buffer is not None:
            self._buffer.close()
            self._buffer = None


def frame_size(width: int, height: int, ratio: float) -> QSize:
    """Device pixels of a full frame for a widget of `width` x `height` at device pixel ratio `ratio`."""
    wide, high = width * ratio, height * ratio
    shrink = min(1.0, (_MAX_PIXELS / max(wide * high, 1.0)) ** 0.5)
    return QSize(max(round(wide * shrink), 16), max(round(high * shrink), 16))


def point_at(orbit: Orbit, at: QPointF, size: QSize, depth: float | None = None) -> Array:
    """World point at a position of the widget and a z-depth (default: the pivot's)."""
    return orbit.ray_point((at.x() - 0.5, at.y() - 0.5), (max(size.width(), 1), max(size.height(), 1)), depth)
