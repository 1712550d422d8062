"""The 3D view of the window: paints the renderer's newest frame and turns mouse and keys into camera movements."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import replace
from math import pi
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QCoreApplication, QEvent, QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QWidget

from desktop.viewport import overlay
from desktop.viewport.frames import Frame, FrameBuffer
from desktop.viewport.layers import LayerSpec, ViewStyle
from desktop.viewport.link import RendererLink
from desktop.viewport.orbit import STANDARD_VIEWS, Array, Orbit
from recon.scene import Rigid3

_REST_MS = 140
_ANIMATION_S = 0.22
_WHEEL_STEP = 0.86
_MAX_PIXELS = 2560 * 1600
_BACKDROP = {"dark": QColor(38, 40, 44), "light": QColor(238, 239, 241)}


class ViewportWidget(QWidget):
    """Shows layers (clouds, meshes, sparse points, cameras) that a renderer process reads and draws.

    Nothing here blocks: commands go to the process, frames and answers come back as signals. Keys work while it has the focus.
    """

    layer_loaded = Signal(str, dict)
    """Layer name, facts: 'counts' {points|triangles|cameras}, 'bounds' [[low], [high]], 'attributes' [names], 'seconds'."""
    layer_failed = Signal(str, str)
    """Layer name, what went wrong and what to do."""
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

    def __init__(self, parent: QWidget | None = None, backends: tuple[str, ...] | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(160, 120)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName("3D view")
        self._orbit, self._touched = Orbit(), False
        self._style = ViewStyle()
        self._layers: dict[str, LayerSpec] = {}
        self._facts: dict[str, dict[str, Any]] = {}
        self._loading: set[str] = set()
        self._metric, self._label, self._notice, self._broken = False, "", "Nothing to show yet.", ""
        self._buffer: FrameBuffer | None = None
        self._frame: Frame | None = None
        self._frame_orbit = self._orbit
        self._image = QImage()
        self._sent: OrderedDict[int, Orbit] = OrderedDict()
        self._serial, self._shown, self._painted = 0, 0, 0
        self._view_index, self._drag, self._last = -1, "", QPointF()
        self._grab_depth: float | None = None
        self._anchor: tuple[float, QPointF, Array] | None = None
        self._animation: tuple[float, Orbit, Orbit] | None = None
        self._pivot_until = 0.0
        self._link = RendererLink(self, backends)
        self._link.started.connect(self._on_started)
        self._link.message.connect(self._on_message)
        self._link.lost.connect(self.status)
        self._link.gave_up.connect(self._on_gave_up)
        self._timers()

    def _timers(self) -> None:
        self._send_timer = QTimer(self, interval=0, singleShot=True)
        self._send_timer.timeout.connect(lambda: self._send_camera(moving=True))
        self._rest_timer = QTimer(self, interval=_REST_MS, singleShot=True)
        self._rest_timer.timeout.connect(lambda: self._send_camera(moving=False))
        self._tick_timer = QTimer(self, interval=33)
        self._tick_timer.timeout.connect(self._tick)
        self._size_timer = QTimer(self, interval=60, singleShot=True)
        self._size_timer.timeout.connect(self._resized)
        application = QCoreApplication.instance()
        if application is not None:
            application.aboutToQuit.connect(self.shutdown)

    # ---------------------------------------------------------------- layers and style

    def set_layer(self, spec: LayerSpec) -> None:
        """Adds the layer or, when path or revision changed, loads it anew; the old picture stays until the new one is there."""
        old = self._layers.get(spec.name)
        self._layers[spec.name] = spec
        if old == spec:
            return
        if old is not None and replace(old, visible=spec.visible) == spec:
            self._link.send("visible", name=spec.name, visible=spec.visible)
        else:
            self._load(spec)
        self.update()

    def remove_layer(self, name: str) -> None:
        """Takes the layer away; unknown names are ignored."""
        if self._layers.pop(name, None) is not None:
            self._facts.pop(name, None)
            self._loading.discard(name)
            self._link.send("remove", name=name)
            self._update_bounds()
            self.update()

    def set_layer_visible(self, name: str, visible: bool) -> None:
        """Shows or hides a layer."""
        if name in self._layers:
            self._layers[name] = replace(self._layers[name], visible=visible)
            self._link.send("visible", name=name, visible=visible)

    def layers(self) -> tuple[LayerSpec, ...]:
        """All layers in the order they were added."""
        return tuple(self._layers.values())

    def facts(self, name: str) -> Mapping[str, Any]:
        """What the renderer told about a loaded layer (see `layer_loaded`); empty when it is not loaded."""
        return self._facts.get(name, {})

    def set_style(self, style: ViewStyle) -> None:
        """Changes colours, shading, background and sizes."""
        self._style = style
        self._link.send("style", **style.to_json())
        self.update()

    def style_of_view(self) -> ViewStyle:
        """The style in use."""
        return self._style

    def set_metric(self, metric: bool) -> None:
        """True when the scene's unit is the metre; the scale bar says so."""
        self._metric = metric
        self.update()

    def set_notice(self, text: str) -> None:
        """What stands in the middle while there is no layer."""
        self._notice = text
        self.update()

    # ---------------------------------------------------------------- camera

    @property
    def orbit(self) -> Orbit:
        """Where the viewer stands."""
        return self._orbit

    def set_orbit(self, orbit: Orbit, animate: bool = False) -> None:
        """Moves the viewer."""
        self._touched = True
        self._fly(orbit) if animate else self._move(orbit)

    def fit(self) -> None:
        """Shows the whole model from the same side."""
        self._leave_camera("")
        self._fly(replace(self._orbit, roll=0.0, fov_y=pi / 4).fitted(self._aspect()))

    def standard_view(self, number: int) -> None:
        """Front, back, left, right, top, bottom for 1 to 6."""
        self._touched = True
        self._leave_camera(STANDARD_VIEWS[number][0])
        self._fly(self._orbit.standard(number, self._aspect()))

    def step_camera(self, step: int) -> None:
        """Looks through the next (+1) or previous (-1) photo's camera."""
        views = self._views()
        if not views:
            self.status.emit("There are no cameras to step through yet.")
            return
        first = 0 if step > 0 else len(views) - 1
        self.look_through(views[first if self._view_index < 0 else (self._view_index + step) % len(views)]["name"])

    def look_through(self, name: str) -> None:
        """Looks through the camera of the photo `name`; unknown names are ignored."""
        for index, view in enumerate(self._views()):
            if view["name"] == name:
                self._touched, self._view_index, self._label = True, index, f"{name}  ({index + 1} of {len(self._views())})"
                pose = Rigid3(np.reshape(view["rotation"], (3, 3)), np.array(view["translation"]))
                fov = float(np.clip(view["fov_y"], 0.09, 1.5))
                self._fly(self._orbit.at_camera(pose, fov))
                self.camera_stepped.emit(name)

    def screenshot(self, path: str | Path, width: int, height: int) -> None:
        """Writes a PNG of the present view at full quality; `screenshot_saved` or `screenshot_failed` follows."""
        if not self._link.ready:
            self.screenshot_failed.emit("The picture was not saved. The 3D renderer is not running. Wait for it and try again.")
            return
        self._link.send("screenshot", path=str(path), view=self._view_json(self._orbit, width, height))

    def retry(self) -> None:
        """Starts the renderer again after it was given up."""
        self._broken = ""
        self._link.start()
        self.update()

    def shutdown(self) -> None:
        """Ends the renderer and frees the shared memory; safe to call twice."""
        for timer in (self._send_timer, self._rest_timer, self._tick_timer, self._size_timer):
            timer.stop()
        self._link.stop()
        if self._buffer is not None:
            self._buffer.close()
            self._buffer = None

    @property
    def renderer(self) -> RendererLink:
        """The link to the renderer process."""
        return self._link

    def is_loading(self) -> bool:
        """True while layers are being read."""
        return bool(self._loading)

    # ---------------------------------------------------------------- renderer

    def _load(self, spec: LayerSpec) -> None:
        self._loading.add(spec.name)
        self._tick_timer.start()
        self._link.send("layer", **spec.to_json())

    def _on_started(self, backend: str) -> None:
        self._broken = ""
        self._resized(force=True)
        self._link.send("style", **self._style.to_json())
        for spec in self._layers.values():
            self._load(spec)
        self._send_camera(moving=False)
        self.backend_changed.emit(backend)

    def _on_gave_up(self, text: str) -> None:
        self._broken = text + " Double click to try again."
        self.status.emit(text)
        self.update()

    def _on_message(self, said: dict[str, Any]) -> None:
        kind = said["is"]
        if kind == "frame":
            self._on_frame(said)
        elif kind == "loaded" and said["name"] in self._layers:
            self._on_loaded(said["name"], said["facts"])
        elif kind == "failed" and said["name"] in self._layers:
            self._loading.discard(said["name"])
            self.layer_failed.emit(said["name"], said["text"])
        elif kind == "picked":
            self._on_picked(said["point"])
        elif kind == "saved":
            self.screenshot_saved.emit(said["path"])
        elif kind == "not_saved":
            self.screenshot_failed.emit(said["text"])
        elif kind == "notice":
            self.status.emit(said["text"])

    def _on_frame(self, said: dict[str, Any]) -> None:
        self._link.send("ack", sequence=said["sequence"])
        if self._buffer is None or said["buffer"] != self._buffer.name:
            return
        frame = self._buffer.read(said["slot"], said["sequence"])
        if frame is None:
            return
        height, width = frame.pixels.shape[:2]
        self._frame = frame
        self._image = QImage(frame.pixels.data, width, height, width * 4, QImage.Format.Format_RGB32)
        self._frame_orbit = self._sent.get(said["camera"], self._frame_orbit)
        self._shown += 1
        self.update()

    def _on_loaded(self, name: str, facts: dict[str, Any]) -> None:
        self._loading.discard(name)
        self._facts[name] = facts
        if not self._touched and facts.get("up"):
            self._orbit = self._orbit.with_up(np.array(facts["up"]))
        self._update_bounds()
        if not self._touched:
            self._move(self._orbit.fitted(self._aspect()))
        self.layer_loaded.emit(name, facts)
        self.update()

    def _on_picked(self, point: list[float] | None) -> None:
        if point is not None:
            self._touched = True
            self._orbit = self._orbit.with_pivot(np.array(point))
            self._pivot_until = time.monotonic() + 1.2
            self._tick_timer.start()
            self.pivot_changed.emit(self._orbit.pivot)
            self.update()
        self.picked.emit(None if point is None else np.array(point))

    def _update_bounds(self) -> None:
        """The box of what there is; cameras count only while there is nothing else."""
        boxes = {n: f["bounds"] for n, f in self._facts.items() if f.get("bounds") and n in self._layers}
        model = [box for n, box in boxes.items() if self._layers[n].kind != "cameras"] or list(boxes.values())
        if model:
            corners = np.array(model)
            self._orbit = self._orbit.with_bounds(corners[:, 0].min(axis=0), corners[:, 1].max(axis=0))
            self._changed()

    def _views(self) -> list[dict[str, Any]]:
        return [view for name, facts in self._facts.items() if name in self._layers for view in facts.get("views", ())]

    # ---------------------------------------------------------------- moving

    def _aspect(self) -> float:
        return max(self.width(), 1) / max(self.height(), 1)

    def _frame_size(self) -> QSize:
        """Device pixels of a full frame."""
        width, height = self.width() * self.devicePixelRatioF(), self.height() * self.devicePixelRatioF()
        shrink = min(1.0, (_MAX_PIXELS / max(width * height, 1.0)) ** 0.5)
        return QSize(max(int(width * shrink), 16), max(int(height * shrink), 16))

    def _resized(self, force: bool = False) -> None:
        """Sees to it that the shared memory holds a frame of the present size."""
        if not self._link.ready:
            return
        size = self._frame_size()
        if self._buffer is None or size.width() > self._buffer.width or size.height() > self._buffer.height:
            old, self._buffer = self._buffer, FrameBuffer(-(-size.width() // 256) * 256, -(-size.height() // 256) * 256)
            if old is not None:
                old.close()
            force = True
        if force:
            self._link.send("buffer", name=self._buffer.name, width=self._buffer.width, height=self._buffer.height)
        self._changed()

    def _view_json(self, orbit: Orbit, width: int, height: int) -> dict[str, Any]:
        pose, (near, far) = orbit.cam_from_world, orbit.near_far()
        return {
            "width": width,
            "height": height,
            "fov_y": orbit.fov_y,
            "rotation": pose.rotation.reshape(-1).tolist(),
            "translation": pose.translation.tolist(),
            "near": near,
            "far": far,
            "up": orbit.world_from_base[:, 2].tolist(),
        }

    def _send_camera(self, moving: bool) -> None:
        if not self._link.ready or self._buffer is None:
            return
        self._serial += 1
        self._sent[self._serial] = self._orbit
        while len(self._sent) > 64:
            self._sent.popitem(last=False)
        size = self._frame_size()
        view = self._view_json(self._orbit, min(size.width(), self._buffer.width), min(size.height(), self._buffer.height))
        self._link.send("camera", id=self._serial, moving=moving, view=view)

    def _changed(self) -> None:
        self._send_timer.start()
        self._rest_timer.start()

    def _move(self, orbit: Orbit) -> None:
        self._animation = None
        self._orbit = orbit
        self._changed()
        self.update()

    def _fly(self, orbit: Orbit) -> None:
        """Glides to `orbit` so that the eye can follow."""
        self._animation = (time.monotonic(), self._orbit, orbit)
        self._tick_timer.start()

    def _tick(self) -> None:
        """Runs while something glides, fades or turns."""
        now = time.monotonic()
        if self._animation is not None:
            start, origin, goal = self._animation
            t = min((now - start) / _ANIMATION_S, 1.0)
            self._orbit = origin.toward(goal, t * t * (3.0 - 2.0 * t))
            self._animation = self._animation if t < 1.0 else None
            self._changed()
        if self._animation is None and not self._loading and now > self._pivot_until:
            self._tick_timer.stop()
        self.update()

    def _leave_camera(self, label: str) -> None:
        if self._view_index >= 0:
            self.camera_stepped.emit("")
        self._view_index, self._label = -1, label

    def _depth_at(self, at: QPointF) -> float | None:
        """Depth seen by the present viewer at a widget position, from the newest frame; None over nothing."""
        if self._frame is None or self._frame.depth.size == 0:
            return None
        rows, columns = self._frame.depth.shape
        column, row = int(at.x() / max(self.width(), 1) * columns), int(at.y() / max(self.height(), 1) * rows)
        for reach in (0, 1, 3):
            patch = self._frame.depth[max(row - reach, 0) : row + reach + 1, max(column - reach, 0) : column + reach + 1]
            if patch.size and (patch > 0).any():
                size = (self.width(), self.height())
                point = self._frame_orbit.ray_point((at.x() - 0.5, at.y() - 0.5), size, float(np.median(patch[patch > 0])))
                depth = float(self._orbit.cam_from_world.apply(point)[2])
                return depth if depth > 0 else None
        return None

    # ---------------------------------------------------------------- events

    def mousePressEvent(self, event) -> None:  # noqa: D102
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        left, middle = event.button() == Qt.MouseButton.LeftButton, event.button() == Qt.MouseButton.MiddleButton
        self._drag = "pan" if middle or (left and shift) else "orbit" if left else ""
        if self._drag:
            self._animation = None
            self._last, self._touched = event.position(), True
            self._grab_depth = self._depth_at(event.position()) if self._drag == "pan" else None

    def mouseMoveEvent(self, event) -> None:  # noqa: D102
        if not self._drag:
            return
        step, self._last = event.position() - self._last, event.position()
        if step.isNull():
            return
        self._leave_camera("")
        if self._drag == "orbit":
            turn = pi / max(min(self.width(), self.height()), 1)
            self._move(self._orbit.orbited(step.x() * turn, step.y() * turn))
        else:
            self._move(self._orbit.panned(step.x(), step.y(), max(self.height(), 1), self._grab_depth))

    def mouseReleaseEvent(self, event) -> None:  # noqa: D102
        self._drag = ""

    def mouseDoubleClickEvent(self, event) -> None:  # noqa: D102
        if self._broken:
            self.retry()
        elif event.button() == Qt.MouseButton.LeftButton:
            at = event.position()
            self._link.send("pick", x=at.x() / max(self.width(), 1), y=at.y() / max(self.height(), 1))

    def wheelEvent(self, event) -> None:  # noqa: D102
        steps = event.angleDelta().y() / 120.0
        if steps:
            self._zoom(_WHEEL_STEP**steps, event.position())
        event.accept()

    def _zoom(self, factor: float, at: QPointF) -> None:
        now = time.monotonic()
        if self._anchor is None or now - self._anchor[0] > 0.6 or (at - self._anchor[1]).manhattanLength() > 3:
            depth = self._depth_at(at)
            anchor = self._orbit.ray_point((at.x() - 0.5, at.y() - 0.5), (max(self.width(), 1), max(self.height(), 1)), depth)
        else:
            anchor = self._anchor[2]
        self._anchor = (now, at, anchor)
        self._touched = True
        self._leave_camera("")
        self._move(self._orbit.zoomed(factor, anchor))

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
            self._zoom(max(1.0 - event.value(), 0.2), event.position())
            return True
        return super().event(event)

    def resizeEvent(self, event) -> None:  # noqa: D102
        if not self._touched:
            self._orbit = self._orbit.fitted(self._aspect())
        self._size_timer.start()

    def showEvent(self, event) -> None:  # noqa: D102
        if self._link.process_id == 0 and not self._broken:
            QTimer.singleShot(0, self._link.start)

    def sizeHint(self) -> QSize:  # noqa: D102
        return QSize(900, 640)

    # ---------------------------------------------------------------- painting

    def paintEvent(self, event) -> None:  # noqa: D102
        painter = QPainter(self)
        rect, background = QRectF(self.rect()), self._style.background
        painter.fillRect(self.rect(), _BACKDROP[background])
        if not self._image.isNull():
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            width = rect.height() * self._image.width() / self._image.height()
            painter.drawImage(QRectF((rect.width() - width) / 2.0, 0.0, width, rect.height()), self._image)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_overlay(painter, rect, background)
        painter.end()
        if self._painted != self._shown:
            self._painted = self._shown
            self.frame_shown.emit(self._shown)

    def _paint_overlay(self, painter: QPainter, rect: QRectF, background: str) -> None:
        orbit = self._frame_orbit
        if self._facts:
            overlay.draw_gizmo(painter, rect, orbit, background)
            overlay.draw_scale(painter, rect, orbit, background, self._metric)
        if self._label:
            overlay.draw_label(painter, rect, self._label, background)
        left = self._pivot_until - time.monotonic()
        if left > 0.0:
            overlay.draw_pivot(painter, rect, self._orbit, min(left, 1.0))
        if self._loading:
            name = next(iter(sorted(self._loading)))
            overlay.draw_busy(painter, rect, f"Loading {name} …", time.monotonic() % 1.0, background)
        if self._broken:
            overlay.draw_notice(painter, rect, self._broken, background)
        elif not self._layers:
            overlay.draw_notice(painter, rect, self._notice, background)
