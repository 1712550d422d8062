"""Two photos side by side with lines between their matches."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QImage, QKeyEvent, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QGraphicsPixmapItem, QGraphicsView

from desktop.jobs.inspection import PairPicture
from desktop.panels.zoom_view import ZoomView
from recon.inspection.matches import VEIL, match_colors, opacity, spread
from recon.inspection.overlay import draw_dots, draw_lines, empty_layer
from recon.inspection.pairs import PairPoints

GAP = 16
NEAR = 9
"""Pixels from which on a match is under the pointer."""
SHOWN = {"inliers": "Verified", "raw": "All matches", "keypoints": "Keypoints"}


class PairView(ZoomView):
    """Photos, keypoints as dots, matches as lines; the one under the pointer stands out.

    Signals:
        pointed: Number of the match under the pointer among those of `lines`, or -1.
        stepped: The keys for the next (1) and the previous (-1) partner.
    """

    pointed = Signal(int)
    stepped = Signal(int)

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._photos = [QGraphicsPixmapItem(), QGraphicsPixmapItem()]
        for photo in self._photos:
            photo.setTransformationMode(Qt.TransformationMode.SmoothTransformation)
            self._scene.addItem(photo)
        self.setViewportUpdateMode(QGraphicsView.ViewportUpdateMode.FullViewportUpdate)
        self._lines = MatchLines()
        self._layers: tuple[tuple[float, ...], tuple[QImage, QImage]] | None = None
        self._picture: PairPicture | None = None
        self._below = False
        self._offsets: NDArray[np.float32] = np.zeros((2, 2), np.float32)
        self._scales: NDArray[np.float32] = np.ones((2, 2), np.float32)
        self.show_what()
        self.hovered.connect(self._point)

    def area(self) -> QRectF:
        """Both photos."""
        areas = [photo.mapRectToScene(photo.boundingRect()) for photo in self._photos if not photo.pixmap().isNull()]
        return areas[0].united(areas[1]) if len(areas) == 2 else QRectF()

    @property
    def lines(self) -> MatchLines:
        """What is drawn over the photos."""
        return self._lines

    @property
    def points(self) -> PairPoints | None:
        """What is known of the pair that is shown."""
        return None if self._picture is None else self._picture.points

    def match(self, number: int) -> tuple[list[float], list[float], bool]:
        """Both ends of a line in pixels of the photos, and whether it is verified."""
        assert self._picture is not None
        points = self._picture.points
        i, j = self._chosen()[self._lines.numbers[number]].tolist()
        verified = bool(((points.inliers == (i, j)).all(axis=1)).any())
        return points.left[i].tolist(), points.right[j].tolist(), verified

    def _chosen(self) -> NDArray[np.int32]:
        """Index pairs of the matches that may be drawn."""
        assert self._picture is not None
        return self._picture.points.inliers if self._what == "inliers" else self._picture.points.raw

    def show_pair(self, picture: PairPicture) -> None:
        """Shows another pair."""
        self._picture = picture
        for photo, image in zip(self._photos, picture.images, strict=True):
            photo.setPixmap(QPixmap.fromImage(image))
        self._place()

    def clear(self) -> None:
        """Shows nothing."""
        self._picture = None
        for photo in self._photos:
            photo.setPixmap(QPixmap())
        self._set_lines(MatchLines())

    def arrange(self, below: bool) -> None:
        """Puts the second photo below the first one instead of beside it."""
        if below != self._below:
            self._below = below
            self._place()

    def show_what(self, what: str = "inliers", by: str = "position", most: int = 200) -> None:
        """Chooses what is drawn.

        Args:
            what: One of `SHOWN`.
            by: 'position', 'direction' or 'verdict' (verified or not).
            most: So many lines at most, spread over the photo.
        """
        self._what, self._by, self._most = what, by, most
        self._draw()

    def _place(self) -> None:
        """Puts the second photo, as high (or as wide) as the first, beside (or below) it."""
        one, two = (photo.pixmap().size() for photo in self._photos)
        if self._picture is None or one.isEmpty() or two.isEmpty():
            return
        ratio = one.width() / two.width() if self._below else one.height() / two.height()
        self._photos[1].setScale(ratio)
        gap = GAP * max(one.width(), one.height()) / 1000
        self._offsets[1] = (0, one.height() + gap) if self._below else (one.width() + gap, 0)
        self._photos[1].setPos(*self._offsets[1].tolist())
        for side, (size, shown, scale) in enumerate(zip(self._picture.points.sizes, (one, two), (1.0, ratio), strict=True)):
            self._scales[side] = (shown.width() * scale / size[0], shown.height() * scale / size[1])
        self._draw()
        self.fit()

    def _draw(self) -> None:
        """Chooses points, lines and colours."""
        if self._picture is None:
            self._set_lines(MatchLines())
            return
        points, dots = self._picture.points, (self._on_scene(0), self._on_scene(1))
        if self._what == "keypoints":
            self._set_lines(MatchLines(dots))
            return
        chosen = self._chosen()
        left, right = points.ends(chosen)
        kept = spread(left, self._most)
        colors = self._verdicts(chosen) if self._by == "verdict" else match_colors(left, right, points.sizes, self._by)
        ends = np.concatenate([dots[0][chosen[kept, 0]], dots[1][chosen[kept, 1]]], axis=1)
        self._set_lines(MatchLines(dots, ends, colors[kept], kept))

    def _set_lines(self, lines: MatchLines) -> None:
        self._lines, self._layers = lines, None
        self.viewport().update()

    def _verdicts(self, chosen: NDArray[np.int32]) -> NDArray[np.uint8]:
        """Green for verified matches, red for the others."""
        assert self._picture is not None
        good = {tuple(match) for match in self._picture.points.inliers.tolist()}
        verified = np.array([tuple(match) in good for match in chosen.tolist()], bool).reshape(-1, 1)
        return np.where(verified, np.array([96, 226, 150], np.uint8), np.array([255, 96, 84], np.uint8))

    def _on_scene(self, side: int) -> NDArray[np.float32]:
        """Keypoints of one photo in the scene, where the middle of the top-left pixel is at (0.5, 0.5)."""
        assert self._picture is not None
        points = self._picture.points.left if side == 0 else self._picture.points.right
        return np.asarray((points + 0.5) * self._scales[side] + self._offsets[side], np.float32)

    def _point(self, place: QPointF | None) -> None:
        """Finds the match under the pointer."""
        reach = NEAR / max(self.transform().m11(), 1e-9)
        found = -1 if place is None else self._lines.nearest(place.x(), place.y(), reach)
        if found != self._lines.pointed:
            self._lines.pointed = found
            self.viewport().update()
            self.pointed.emit(found)

    def drawForeground(self, painter: QPainter, rect: object) -> None:
        """Veil, dots, lines, and the line that stands out."""
        super().drawForeground(painter, rect)
        if self._picture is None or self.empty:
            return
        painter.save()
        for photo in self._photos:
            painter.fillRect(photo.mapRectToScene(photo.boundingRect()), QColor.fromRgbF(0, 0, 0, 1 - VEIL))
        painter.resetTransform()
        dots, lines = self._drawn()
        marked = self._lines.pointed
        painter.drawImage(0, 0, dots)
        painter.setOpacity(opacity(len(self._lines.ends)) * (0.25 if marked >= 0 else 1.0))
        painter.drawImage(0, 0, lines)
        painter.setOpacity(1.0)
        if 0 <= marked < len(self._lines.ends):
            self._paint_one(painter, marked)
        painter.restore()

    def _drawn(self) -> tuple[QImage, QImage]:
        """Dots and lines as they lie now; drawn again only when the view has moved."""
        ratio, matrix, size = self.devicePixelRatioF(), self.viewportTransform(), self.viewport().size()
        key = (ratio, matrix.m11(), matrix.dx(), matrix.dy(), size.width(), size.height())
        if self._layers is None or self._layers[0] != key:
            place = (matrix.m11() * ratio, matrix.dx() * ratio, matrix.dy() * ratio)
            self._layers = (key, self._lines.layers(round(size.width() * ratio), round(size.height() * ratio), place, ratio))
        return self._layers[1]

    def _paint_one(self, painter: QPainter, number: int) -> None:
        """One line with a dark rim and open rings at its ends."""
        x0, y0, x1, y1 = self._lines.ends[number].tolist()
        one, two = (self.viewportTransform().map(QPointF(*end)) for end in ((x0, y0), (x1, y1)))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for pen in (_pen(QColor(0, 0, 0, 200), 5.0), _pen(QColor(*self._lines.colors[number].tolist()), 2.2)):
            painter.setPen(pen)
            painter.drawLine(one, two)
            painter.drawEllipse(one, 7, 7)
            painter.drawEllipse(two, 7, 7)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Page down and up go through the partners."""
        steps = {Qt.Key.Key_PageDown: 1, Qt.Key.Key_PageUp: -1}
        if event.key() in steps:
            self.stepped.emit(steps[Qt.Key(event.key())])
        else:
            super().keyPressEvent(event)


class MatchLines:
    """What is drawn over the photos, in scene coordinates.

    Args:
        dots: `[N, 2]` keypoints of each photo.
        ends: `[L, 4]` x, y of both ends of each line.
        colors: `[L, 3]` of the lines.
        numbers: `[L]` of the lines among the matches of the pair.
    """

    def __init__(
        self,
        dots: tuple[NDArray[np.float32], ...] = (),
        ends: NDArray[np.float32] | None = None,
        colors: NDArray[np.uint8] | None = None,
        numbers: NDArray[np.int64] | None = None,
    ) -> None:
        self.dots = dots
        self.ends = np.zeros((0, 4), np.float32) if ends is None else ends
        self.colors = np.zeros((0, 3), np.uint8) if colors is None else colors
        self.numbers = np.zeros(0, np.int64) if numbers is None else numbers
        self.pointed = -1

    def nearest(self, x: float, y: float, reach: float) -> int:
        """The line whose end, or else whose course, comes closest to a place; -1 when none is within `reach`."""
        if not len(self.ends):
            return -1
        place = np.array([x, y], np.float32)
        one, two = self.ends[:, :2], self.ends[:, 2:]
        to_end = np.minimum(np.linalg.norm(one - place, axis=1), np.linalg.norm(two - place, axis=1))
        if to_end.min() <= reach:
            return int(to_end.argmin())
        way = two - one
        along = np.clip(((place - one) * way).sum(axis=1) / np.maximum((way * way).sum(axis=1), 1e-9), 0, 1)
        distance = np.linalg.norm(one + along[:, None] * way - place, axis=1)
        return int(distance.argmin()) if distance.min() <= reach else -1

    def layers(self, width: int, height: int, matrix: tuple[float, float, float], ratio: float) -> tuple[QImage, QImage]:
        """Dots and lines as two pictures of the view.

        Args:
            width: Of the pictures.
            height: Of the pictures.
            matrix: Scale, x and y of the scene's origin, in pixels of the pictures.
            ratio: Pixels of the pictures a logical pixel of the screen.
        """
        scale, origin = np.float32(matrix[0]), np.array(matrix[1:], np.float32)
        alone = not len(self.ends)
        dots, lines = empty_layer(width, height), empty_layer(width, height)
        for side in self.dots:
            tint, size, share = ((120, 230, 255), 3.0, 0.9) if alone else ((255, 255, 255), 1.6, 0.4)
            draw_dots(dots, side * scale + origin - np.float32(0.5), tint, size * ratio, share)
        ends = (self.ends.reshape(-1, 2) * scale + origin - np.float32(0.5)).reshape(-1, 4)
        draw_lines(lines, ends, self.colors, max(1, round(ratio)))
        draw_dots(lines, ends.reshape(-1, 2), np.repeat(self.colors, 2, axis=0), 4.5 * ratio)
        return _to_layer(dots, ratio), _to_layer(lines, ratio)


def _to_layer(layer: NDArray[np.uint8], ratio: float) -> QImage:
    """A QImage that owns its memory."""
    height, width, _ = layer.shape
    image = QImage(layer.data, width, height, 4 * width, QImage.Format.Format_RGBA8888_Premultiplied).copy()
    image.setDevicePixelRatio(ratio)
    return image


def _pen(color: QColor, width: float) -> QPen:
    return QPen(color, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap)
