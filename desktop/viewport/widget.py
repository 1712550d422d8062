"""The 3D view of the window: layers, style and camera go to a renderer process, its newest frame is painted here."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QCoreApplication, QEvent, QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QWidget

from desktop.viewport import overlay
from desktop.viewport.layers import LayerSpec, ViewStyle
from desktop.viewport.link import RendererLink
from desktop.viewport.navigation import Navigator
from desktop.viewport.orbit import Orbit
from desktop.viewport.protocol import view_message
from desktop.viewport.screen import Screen, frame_size
from desktop.viewport.stock import Stock

_REST_MS = 140
_BLINK_MS = 50
_PIVOT_S = 1.2
_BACKDROP = {"dark": QColor(38, 40, 44), "light": QColor(238, 239, 241)}


class ViewportWidget(QWidget):
    """Shows layers (clouds, meshes, sparse points, cameras) that a renderer process reads and draws.

    Nothing here blocks: commands go to the process, frames and answers come back as signals. Keys work while it has the focus.
    """

    layer_loaded = Signal(str, dict)
    """Layer name, facts: 'counts' {points|triangles|cameras}, 'bounds' [[low], [high]], 'attributes' [names], 'last_colors'
    {'views'|'distance': value}, 'seconds'."""
    layer_failed = Signal(str, str)
    """Layer name, what went wrong."""
    pivot_changed = Signal(object)
    """World point `[3]` that orbiting turns about."""
    picked = Signal(object)
    """World point `[3]` that was double-clicked, or None when there was nothing."""
    camera_stepped = Signal(str)
    """Photo id of the camera looked through, '' when the view was left."""
    backend_changed = Signal(str)
    status = Signal(str)
    """A sentence for the status bar."""
    screenshot_saved = Signal(str)
    screenshot_failed = Signal(str)
    frame_shown = Signal(int)
    """Running number of a new frame, after it was painted."""
    rested = Signal()
    """The picture is finished: everything is drawn at full quality."""

    def __init__(self, parent: QWidget | None = None, backends: tuple[str, ...] | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(160, 120)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName("3D view")
        self._style = ViewStyle()
        self._stock = Stock()
        self._chosen: tuple[str, ...] = ()
        self._metric, self._broken = False, ""
        self._told, self._restarting = False, False
        self._painted, self._pivot_until = 0, 0.0
        self._link = RendererLink(self, backends)
        self._screen = Screen(self._link)
        self._navigator = Navigator(self.size, self._depth_at, self)
        self._connect()

    def _connect(self) -> None:
        self._link.started.connect(self._on_started)
        self._link.message.connect(self._on_message)
        self._link.lost.connect(self._on_lost)
        self._link.gave_up.connect(self._on_gave_up)
        self._navigator.moved.connect(self._on_moved)
        self._navigator.stepped.connect(self.camera_stepped)
        self._send_timer = QTimer(self, interval=0, singleShot=True)
        self._send_timer.timeout.connect(lambda: self._send_camera(moving=True))
        self._rest_timer = QTimer(self, interval=_REST_MS, singleShot=True)
        self._rest_timer.timeout.connect(lambda: self._send_camera(moving=False))
        self._blink_timer = QTimer(self, interval=_BLINK_MS)
        self._blink_timer.timeout.connect(self._blink)
        self._size_timer = QTimer(self, interval=60, singleShot=True)
        self._size_timer.timeout.connect(self._resized)
        application = QCoreApplication.instance()
        if application is not None:
            application.aboutToQuit.connect(self.shutdown)

    # ---------------------------------------------------------------- layers and style

    def set_layer(self, spec: LayerSpec) -> None:
        """Adds the layer or, when path or revision changed, loads it anew; the old picture stays until the new one is there."""
        needed = self._stock.put(spec)
        if needed == "visible":
            self._link.send("visible", name=spec.name, visible=spec.visible)
        elif needed == "layer":
            self._load(spec)
        self.update()

    def remove_layer(self, name: str) -> None:
        """Takes the layer away; unknown names are ignored."""
        if self._stock.remove(name):
            self._link.send("remove", name=name)
            self._know_model()
            self.update()

    def set_layer_visible(self, name: str, visible: bool) -> None:
        """Shows or hides a layer; unknown names are ignored."""
        if self._stock.show(name, visible):
            self._link.send("visible", name=name, visible=visible)

    def layers(self) -> tuple[LayerSpec, ...]:
        """All layers in the order they were added."""
        return tuple(self._stock.specs.values())

    def facts(self, name: str) -> Mapping[str, Any]:
        """What the renderer told about a loaded layer (see `layer_loaded`); empty when it is not loaded."""
        return self._stock.facts.get(name, {})

    def set_style(self, style: ViewStyle) -> None:
        """Changes colours, shading, background and sizes."""
        self._style = style
        self._link.send("style", **style.to_json())
        self.update()

    def set_chosen(self, names: Sequence[str]) -> None:
        """Makes the cameras of these photos stand out."""
        if tuple(names) != self._chosen:
            self._chosen = tuple(names)
            self._link.send("choose", names=self._chosen)

    def set_metric(self, metric: bool) -> None:
        """True when the scene's unit is the metre; the scale bar says so."""
        self._metric = metric
        self.update()

    # ---------------------------------------------------------------- camera

    @property
    def orbit(self) -> Orbit:
        """Where the viewer stands."""
        return self._navigator.orbit

    def fit(self) -> None:
        """Shows the whole model from the same side."""
        self._navigator.fit()

    def standard_view(self, number: int) -> None:
        """Front, back, left, right, top, bottom for 1 to 6."""
        self._navigator.standard_view(number)

    def step_camera(self, step: int) -> None:
        """Looks through the next (+1) or previous (-1) photo's camera."""
        if not self._navigator.step(step):
            self.status.emit("There are no cameras to step through yet.")

    def screenshot(self, path: str | Path, width: int, height: int) -> None:
        """Writes a PNG of the present view at full quality; `screenshot_saved` or `screenshot_failed` follows."""
        if not self._link.ready:
            self.screenshot_failed.emit("The picture was not saved. The 3D renderer is not running. Wait for it and try again.")
            return
        self._link.send("screenshot", path=str(path), view=view_message(self.orbit, width, height))

    def retry(self) -> None:
        """Starts the renderer again after it was given up."""
        self._broken = ""
        self._link.start()
        self.update()

    def shutdown(self) -> None:
        """Ends the renderer and frees the shared memory; safe to call twice."""
        for timer in (self._send_timer, self._rest_timer, self._blink_timer, self._size_timer):
            timer.stop()
        self._link.stop()
        self._screen.close()

    @property
    def renderer(self) -> RendererLink:
        """The link to the renderer process."""
        return self._link

    def is_loading(self) -> bool:
        """True while layers are being read."""
        return bool(self._stock.reading)

    # ---------------------------------------------------------------- renderer

    def _load(self, spec: LayerSpec) -> None:
        self._blink_timer.start()
        self._link.send("layer", **spec.to_json())

    def _on_started(self, backend: str) -> None:
        self._screen.prepare(self._frame_size(), anew=True)
        self._link.send("style", **self._style.to_json())
        self._link.send("choose", names=self._chosen)
        for spec in self._stock.read_all():
            self._load(spec)
        self._told = True
        self._send_camera(moving=False)
        self.backend_changed.emit(backend)
        if self._restarting:
            self._restarting = False
            self.status.emit(f"The 3D renderer works again ('{backend}').")

    def _on_lost(self, text: str) -> None:
        """The renderer died. A layer that was being read each time it died is not read again."""
        self._restarting = True
        self.status.emit(text)
        name = self._stock.renderer_died() if self._told else ""
        self._told = False
        if name:
            self._know_model()
            self.layer_failed.emit(name, "The 3D renderer stopped each time it read the file, which may be damaged or too large.")

    def _on_gave_up(self, text: str) -> None:
        self._broken = text + " Double click to try again."
        self.status.emit(text)
        self.update()

    def _on_message(self, said: dict[str, Any]) -> None:
        kind, name = said["is"], said.get("name")
        if kind == "frame":
            if self._screen.receive(said):
                self.update()
        elif kind == "loaded" and name in self._stock.specs:
            self._on_loaded(name, said["facts"])
        elif kind == "failed" and name in self._stock.specs:
            self._stock.failed(name)
            self.layer_failed.emit(name, said["text"])
        elif kind == "picked":
            self._on_picked(said["point"])
        elif kind == "rested":
            if not self._navigator.busy and not self._rest_timer.isActive():
                self.rested.emit()
        elif kind == "saved":
            self.screenshot_saved.emit(said["path"])
        elif kind == "not_saved":
            self.screenshot_failed.emit(said["text"])
        elif kind == "notice":
            self.status.emit(said["text"])

    def _on_loaded(self, name: str, facts: dict[str, Any]) -> None:
        self._stock.loaded(name, facts)
        if facts.get("up"):
            self._navigator.know_up(np.array(facts["up"]))
        self._know_model()
        self.layer_loaded.emit(name, facts)
        self.update()

    def _on_picked(self, point: list[float] | None) -> None:
        if point is not None:
            self._navigator.set_pivot(np.array(point))
            self._pivot_until = time.monotonic() + _PIVOT_S
            self._blink_timer.start()
            self.pivot_changed.emit(self.orbit.pivot)
            self.update()
        self.picked.emit(None if point is None else np.array(point))

    def _know_model(self) -> None:
        self._navigator.know_views(self._stock.views(), self._stock.subject())
        bounds = self._stock.bounds()
        if bounds is not None:
            self._navigator.know_bounds(*bounds)

    # ---------------------------------------------------------------- moving

    def _frame_size(self) -> QSize:
        return frame_size(self.width(), self.height(), self.devicePixelRatioF())

    def _resized(self) -> None:
        self._screen.prepare(self._frame_size())
        self._navigator.settle()

    def _send_camera(self, moving: bool) -> None:
        self._screen.look(self.orbit, self._frame_size(), moving)

    def _on_moved(self) -> None:
        self._send_timer.start()
        self._rest_timer.start()

    def _blink(self) -> None:
        """Runs while something turns or fades."""
        if not self.is_loading() and time.monotonic() > self._pivot_until:
            self._blink_timer.stop()
        self.update()

    def _depth_at(self, at: QPointF) -> float | None:
        return self._screen.depth_at(at, self.size(), self.orbit)

    # ---------------------------------------------------------------- events

    def mousePressEvent(self, event) -> None:  # noqa: D102
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        left, middle = event.button() == Qt.MouseButton.LeftButton, event.button() == Qt.MouseButton.MiddleButton
        if left or middle:
            self._navigator.press(event.position(), pan=middle or shift)

    def mouseMoveEvent(self, event) -> None:  # noqa: D102
        self._navigator.drag(event.position())

    def mouseReleaseEvent(self, event) -> None:  # noqa: D102
        self._navigator.release()

    def mouseDoubleClickEvent(self, event) -> None:  # noqa: D102
        if self._broken:
            self.retry()
        elif event.button() == Qt.MouseButton.LeftButton:
            at = event.position()
            self._link.send("pick", x=at.x() / max(self.width(), 1), y=at.y() / max(self.height(), 1))

    def wheelEvent(self, event) -> None:  # noqa: D102
        steps = event.angleDelta().y() / 120.0
        if steps:
            self._navigator.wheel(steps, event.position())
        event.accept()

    def keyPressEvent(self, event) -> None:  # noqa: D102
        key, shift = event.key(), bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if event.modifiers() & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier):
            super().keyPressEvent(event)
        elif key == Qt.Key.Key_F:
            self.fit()
        elif Qt.Key.Key_1 <= key <= Qt.Key.Key_6:
            self.standard_view(key - Qt.Key.Key_0)
        elif key == Qt.Key.Key_C:
            self.step_camera(-1 if shift else 1)
        else:
            super().keyPressEvent(event)

    def event(self, event) -> bool:  # noqa: D102
        if event.type() == QEvent.Type.NativeGesture and event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture:
            self._navigator.zoom(max(1.0 - event.value(), 0.2), event.position())
            return True
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._size_timer.start()
        return super().event(event)

    def resizeEvent(self, event) -> None:  # noqa: D102
        self._size_timer.start()

    def showEvent(self, event) -> None:  # noqa: D102
        if self._link.process_id == 0 and not self._broken:
            QTimer.singleShot(0, self._link.start)

    def sizeHint(self) -> QSize:  # noqa: D102
        return QSize(900, 640)

    # ---------------------------------------------------------------- painting

    def paintEvent(self, event) -> None:  # noqa: D102
        painter = QPainter(self)
        painter.fillRect(self.rect(), _BACKDROP[self._style.background])
        self._screen.paint(painter, self.width(), self.height(), self.devicePixelRatioF())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_overlay(painter, QRectF(self.rect()), self._style.background)
        painter.end()
        if self._painted != self._screen.shown:
            self._painted = self._screen.shown
            self.frame_shown.emit(self._painted)

    def _paint_overlay(self, painter: QPainter, rect: QRectF, background: str) -> None:
        if self._stock.facts:
            overlay.draw_gizmo(painter, rect, self._screen.orbit, background)
            overlay.draw_scale(painter, rect, self._screen.orbit, background, self._metric)
        if self._navigator.label:
            overlay.draw_label(painter, rect, self._navigator.label, background)
        left = self._pivot_until - time.monotonic()
        if left > 0.0:
            overlay.draw_pivot(painter, rect, self.orbit, min(left, 1.0))
        if self._stock.reading and not self._broken:
            overlay.draw_busy(painter, rect, f"Loading {self._stock.reading[0]} …", time.monotonic() % 1.0, background)
        if self._broken:
            overlay.draw_notice(painter, rect, self._broken, background)
        elif not self._stock.specs:
            overlay.draw_notice(painter, rect, "Nothing to show yet.", background)
