"""Two photos side by side with lines between their matches."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPen, QPixmap, QPolygonF
from PySide6.QtWidgets import QGraphicsItem, QGraphicsPixmapItem

from desktop.jobs.inspection import PairPicture
from desktop.panels.zoom_view import ZoomView
from recon.inspection.matches import match_colors, opacity, spread
from recon.inspection.pairs import PairPoints

GAP = 16
NEAR = 9
"""Pixels from which on a match is under the pointer."""
VEIL = 0.38
"""How much darker the photos are under lines."""
SHOWN = {"inliers": "Verified matches", "raw": "All matches", "keypoints": "Keypoints only"}


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
        self._lines = MatchLines()
        self._scene.addItem(self._lines)
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
        self._lines.set_lines(self.area())

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
        """Hands points, lines and colours to what draws them."""
        if self._picture is None:
            self._lines.set_lines(QRectF())
            return
        points, dots = self._picture.points, [self._on_scene(side) for side in (0, 1)]
        if self._what == "keypoints":
            self._lines.set_lines(self.area(), dots=dots)
            return
        chosen = self._chosen()
        left, right = points.ends(chosen)
        kept = spread(left, self._most)
        if self._by == "verdict":
            colors = self._verdicts(chosen)
        else:
            colors = match_colors(left, right, points.sizes, self._by)
        ends = np.concatenate([dots[0][chosen[kept, 0]], dots[1][chosen[kept, 1]]], axis=1)
        self._lines.set_lines(self.area(), dots=dots, ends=ends, colors=colors[kept], numbers=kept)

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
            self._lines.point_at(found)
            self.pointed.emit(found)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Page down and up go through the partners."""
        steps = {Qt.Key.Key_PageDown: 1, Qt.Key.Key_PageUp: -1}
        if event.key() in steps:
            self.stepped.emit(steps[Qt.Key(event.key())])
        else:
            super().keyPressEvent(event)


class MatchLines(QGraphicsItem):
    """Dots and lines; widths are pixels of the screen at every zoom."""

    def __init__(self) -> None:
        super().__init__()
        self.setZValue(1)
        self.set_lines(QRectF())

    def set_lines(
        self,
        area: QRectF,
        dots: list[NDArray[np.float32]] | None = None,
        ends: NDArray[np.float32] | None = None,
        colors: NDArray[np.uint8] | None = None,
        numbers: NDArray[np.int64] | None = None,
    ) -> None:
        """Draws something else.

        Args:
            area: Both photos.
            dots: `[N, 2]` keypoints of each photo, scene coordinates.
            ends: `[L, 4]` x, y of both ends of each line.
            colors: `[L, 3]` of the lines.
            numbers: `[L]` of the lines among the matches of the pair.
        """
        self.prepareGeometryChange()
        self._area = area
        self.ends = np.zeros((0, 4), np.float32) if ends is None else ends
        self.numbers = np.zeros(0, np.int64) if numbers is None else numbers
        self.pointed = -1
        self._dots = [QPolygonF([QPointF(x, y) for x, y in side.tolist()]) for side in dots or ()]
        self._groups = _grouped(self.ends, np.zeros((0, 3), np.uint8) if colors is None else colors)
        self._color = colors
        self.update()

    def point_at(self, number: int) -> None:
        """Lets one line stand out, or none with -1."""
        self.pointed = number
        self.update()

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

    def boundingRect(self) -> QRectF:
        """Both photos, and dots that lie on their edges."""
        return self._area.adjusted(-20, -20, 20, 20)

    def paint(self, painter: QPainter, option: object, widget: object = None) -> None:
        """Draws veil, dots, lines and the line that stands out."""
        if self._area.isEmpty():
            return
        painter.fillRect(self._area, QColor.fromRgbF(0, 0, 0, VEIL))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        alone = not len(self.ends)
        painter.setPen(_pen(QColor(120, 230, 255, 235) if alone else QColor(255, 255, 255, 105), 3.0 if alone else 1.8))
        for side in self._dots:
            painter.drawPoints(side)
        share = opacity(len(self.ends)) * (0.22 if self.pointed >= 0 else 1.0)
        for color, lines, points in self._groups:
            color.setAlphaF(share)
            painter.setPen(_pen(color, 1.3))
            painter.drawLines(lines)
            color.setAlphaF(min(1.0, 1.6 * share))
            painter.setPen(_pen(color, 4.5))
            painter.drawPoints(points)
        if 0 <= self.pointed < len(self.ends):
            self._paint_one(painter, self.pointed)

    def _paint_one(self, painter: QPainter, number: int) -> None:
        """One line with a dark rim and open rings at its ends."""
        x0, y0, x1, y1 = self.ends[number].tolist()
        color = QColor(*(self._color[number].tolist() if self._color is not None else (255, 255, 255)))
        radius = 7 / max(painter.transform().m11(), 1e-9)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for pen in (_pen(QColor(0, 0, 0, 200), 5.0), _pen(color, 2.2)):
            painter.setPen(pen)
            painter.drawLine(QPointF(x0, y0), QPointF(x1, y1))
            painter.drawEllipse(QPointF(x0, y0), radius, radius)
            painter.drawEllipse(QPointF(x1, y1), radius, radius)


def _pen(color: QColor, width: float) -> QPen:
    pen = QPen(color, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap)
    pen.setCosmetic(True)
    return pen


def _grouped(ends: NDArray[np.float32], colors: NDArray[np.uint8]) -> list[tuple[QColor, list[QLineF], QPolygonF]]:
    """Lines and their ends by colour; those of about the same colour are drawn at once."""
    if not len(ends):
        return []
    _, index = np.unique(colors >> 5, axis=0, return_inverse=True)
    groups = []
    for number in range(int(index.max()) + 1):
        chosen = index.ravel() == number
        mean = colors[chosen].astype(float).mean(axis=0).round().astype(int).tolist()
        rows = ends[chosen].tolist()
        dots = QPolygonF([QPointF(*row[k : k + 2]) for row in rows for k in (0, 2)])
        groups.append((QColor(*mean), [QLineF(*row) for row in rows], dots))
    return groups
