"""How the viewer moves: mouse, wheel and keys to an orbit camera, and gliding from one place to another."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from math import pi
from typing import Any

import numpy as np
from PySide6.QtCore import QObject, QPointF, QSize, QTimer, Signal

from desktop.viewport.orbit import STANDARD_VIEWS, Array, Orbit
from desktop.viewport.screen import point_at
from desktop.viewport.subject import Subject
from recon.scene import Rigid3

_ANIMATION_S = 0.22
_TICK_MS = 16
_WHEEL_STEP = 0.86
_SAME_SPOT = 3  # pixels
_SAME_WHEEL_S = 0.6
FOV = pi / 4
"""Vertical field of view except when looking through a photo's camera."""


class Navigator(QObject):
    """Holds the orbit camera and everything that moves it.

    Args:
        size: Size of the widget.
        depth_at: Depth of what is seen nearest to a position of the widget, None when nothing is seen.
        parent: Owner.
    """

    moved = Signal()
    """The viewer moved; a glide says so at every step."""
    stepped = Signal(str)
    """Photo id of the camera looked through, '' when it was left."""

    def __init__(self, size: Callable[[], QSize], depth_at: Callable[[QPointF], float | None], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._size, self._depth_at = size, depth_at
        self.orbit = Orbit(fov_y=FOV)
        self.touched = False
        """Someone has chosen where to stand: new layers and sizes do not move the viewer any more."""
        self.label = ""
        """Name of the standard view or photo looked through."""
        self._views: Sequence[dict[str, Any]] = ()
        self._subject: Subject | None = None
        self._through = ""
        self._drag, self._last = "", QPointF()
        self._grab_depth: float | None = None
        self._anchor: tuple[float, QPointF, Array] | None = None
        self._glide: tuple[float, Orbit, Orbit] | None = None
        self._ticks = QTimer(self, interval=_TICK_MS)
        self._ticks.timeout.connect(self._tick)

    @property
    def busy(self) -> bool:
        """A hand is on it or it glides."""
        return bool(self._drag) or self._glide is not None

    # ---------------------------------------------------------------- the model

    def know_bounds(self, low: Array, high: Array, outline: Array) -> None:
        """Learns the model's box and outermost points; the viewer moves only while nobody has chosen a place."""
        self.orbit = self.orbit.with_bounds(low, high, outline)
        if self._glide is not None:
            start, origin, goal = self._glide
            self._glide = (start, origin.with_bounds(low, high, outline), goal.with_bounds(low, high, outline))
        self.settle()

    def know_up(self, up: Array) -> None:
        """Learns where up is; ignored once somebody has chosen a place."""
        if not self.touched:
            self.orbit = self.orbit.with_up(up)
            self.settle()

    def know_views(self, views: Sequence[dict[str, Any]], subject: Subject | None) -> None:
        """Learns the photos' cameras ('name', 'rotation', 'translation', 'fov_y') and what they look at."""
        self._views, self._subject = views, subject
        if self._through and all(view["name"] != self._through for view in views):
            self._leave("")

    def settle(self) -> None:
        """While nobody has chosen a place: shows what the photographers had in their frames, or else the whole model."""
        if not self.touched:
            seen, aspect = self._subject, self._aspect()
            if seen is None:
                self.orbit = self.orbit.fitted(aspect)
            else:
                self.orbit = replace(self.orbit, pitch=seen.elevation).framed(seen.center, seen.radius, aspect)
        self.moved.emit()

    def set_pivot(self, point: Array) -> None:
        """Turns about `point` from now on; the picture does not move."""
        self.touched = True
        self.orbit = self.orbit.with_pivot(point)

    # ---------------------------------------------------------------- places

    def go(self, orbit: Orbit, glide: bool) -> None:
        """Moves the viewer there, at once or gliding."""
        self.touched = True
        self._leave("")
        self._fly(orbit) if glide else self._jump(orbit)

    def fit(self) -> None:
        """Shows the whole model from the same side."""
        self._leave("")
        self._fly(replace(self._target(), roll=0.0, fov_y=FOV).fitted(self._aspect()))

    def standard_view(self, number: int) -> None:
        """Front, back, left, right, top, bottom for 1 to 6."""
        self.touched = True
        self._leave(STANDARD_VIEWS[number][0])
        self._fly(self._target().standard(number, self._aspect()))

    def step(self, step: int) -> bool:
        """Looks through the next (+1) or previous (-1) photo's camera; False when there is none."""
        if not self._views:
            return False
        names = [view["name"] for view in self._views]
        here = names.index(self._through) if self._through in names else (-1 if step > 0 else 0)
        return self.look_through(names[(here + step) % len(names)])

    def look_through(self, name: str) -> bool:
        """Looks through the camera of the photo `name`; False when it is not known."""
        for index, view in enumerate(self._views):
            if view["name"] == name:
                self.touched, self._through, self.label = True, name, f"{name}  ({index + 1} of {len(self._views)})"
                pose = Rigid3(np.reshape(view["rotation"], (3, 3)), np.array(view["translation"]))
                self._fly(self.orbit.at_camera(pose, float(np.clip(view["fov_y"], 0.09, 1.5))))
                self.stepped.emit(name)
                return True
        return False

    # ---------------------------------------------------------------- hands

    def press(self, at: QPointF, pan: bool) -> None:
        """A drag begins at a position of the widget."""
        self._stop()
        self._drag, self._last, self.touched = "pan" if pan else "orbit", at, True
        self._grab_depth = self._depth_at(at) if pan else None

    def drag(self, at: QPointF) -> None:
        """The hand is at `at` now."""
        step, self._last = at - self._last, at
        if not self._drag or step.isNull():
            return
        self._leave("")
        size = self._size()
        if self._drag == "orbit":
            turn = pi / max(min(size.width(), size.height()), 1)
            self._jump(self.orbit.orbited(step.x() * turn, step.y() * turn))
        else:
            self._jump(self.orbit.panned(step.x(), step.y(), max(size.height(), 1), self._grab_depth))

    def release(self) -> None:
        """The drag ends."""
        self._drag = ""

    def wheel(self, steps: float, at: QPointF) -> None:
        """Zooms by wheel steps, towards what is under the cursor."""
        self.zoom(_WHEEL_STEP**steps, at)

    def zoom(self, factor: float, at: QPointF) -> None:
        """Zooms by `factor` (< 1: nearer) towards what is under `at`."""
        now = time.monotonic()
        if self._anchor is None or now - self._anchor[0] > _SAME_WHEEL_S or (at - self._anchor[1]).manhattanLength() > _SAME_SPOT:
            anchor = point_at(self.orbit, at, self._size(), self._depth_at(at))
        else:
            anchor = self._anchor[2]
        self._stop()
        self._anchor, self.touched = (now, at, anchor), True
        self._leave("")
        self._jump(self.orbit.zoomed(factor, anchor))

    # ---------------------------------------------------------------- helpers

    def _aspect(self) -> float:
        size = self._size()
        return max(size.width(), 1) / max(size.height(), 1)

    def _target(self) -> Orbit:
        """Where the viewer is, or will be when the glide ends: two keys in a row do not lose the first."""
        return self.orbit if self._glide is None else self._glide[2]

    def _leave(self, label: str) -> None:
        was, self._through, self.label = self._through, "", label
        if was:
            self.stepped.emit("")

    def _jump(self, orbit: Orbit) -> None:
        self._stop()
        self.orbit = orbit
        self.moved.emit()

    def _fly(self, orbit: Orbit) -> None:
        """Glides to `orbit` so that the eye can follow."""
        self._glide = (time.monotonic(), self.orbit, orbit)
        self._ticks.start()

    def _stop(self) -> None:
        self._glide = None
        self._ticks.stop()

    def _tick(self) -> None:
        if self._glide is None:
            return
        start, origin, goal = self._glide
        t = min((time.monotonic() - start) / _ANIMATION_S, 1.0)
        if t >= 1.0:
            self._stop()
        self.orbit = origin.toward(goal, t * t * (3.0 - 2.0 * t))
        self.moved.emit()
