"""The renderer process: `python -m desktop.viewport.child BACKEND`. Ends when its input closes."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from desktop.viewport.backends.base import Renderer, View
from desktop.viewport.batches import Layer
from desktop.viewport.frames import FrameBuffer
from desktop.viewport.geometry import Geometry, load
from desktop.viewport.layers import LayerSpec, ViewStyle
from desktop.viewport.painter import Finished, Painter
from desktop.viewport.protocol import Mailbox, Voice
from desktop.viewport.shade import depth_grid, to_window
from recon.errors import InputError, PhotolithError
from recon.scene import Camera, Rigid3

_PICK_REACH = 6  # pixels about the click
_LOOKS_ON = ("pick", "screenshot", "layer")  # commands that leave the picture as it is
_MOST_PIXELS = 100_000_000


def make_renderer(backend: str) -> Renderer:
    """The backend of that name.

    Raises:
        ResourceError: It does not work on this machine.
        InputError: There is no such backend.
    """
    if backend == "opengl":
        from desktop.viewport.backends.opengl import OpenGLRenderer

        return OpenGLRenderer()
    if backend == "filament":
        from desktop.viewport.backends.filament import FilamentRenderer

        return FilamentRenderer()
    if backend == "null":
        from desktop.viewport.backends.splat import SplatRenderer

        return SplatRenderer()
    raise InputError(f"There is no renderer '{backend}'.", "Choices: opengl, filament, null.")


class Child:
    """Does what the mailbox says and draws in between."""

    def __init__(self, renderer: Renderer, mailbox: Mailbox, voice: Voice) -> None:
        self._painter, self._mailbox, self._voice = Painter(renderer), mailbox, voice
        self._loader = ThreadPoolExecutor(1, "loader")
        self._specs: dict[str, LayerSpec] = {}
        self._number = 0
        self._buffer: FrameBuffer | None = None
        self._view: View | None = None
        self._camera, self._moving = 0, False
        self._last: Finished | None = None
        self._sequence = 0

    def run(self) -> None:
        """Works until the window closes the pipe."""
        work: Iterator[Finished | None] | None = None
        while not self._mailbox.closed:
            commands = self._mailbox.take(wait=work is None)
            changed = any(command["do"] not in _LOOKS_ON for command in commands)
            for command in commands:
                getattr(self, f"_do_{command.pop('do')}")(**command)
            if changed and self._view is not None and self._buffer is not None:
                work = self._draw()
            if work is not None and not self._mailbox.newer():
                work = self._advance(work)

    def _draw(self) -> Iterator[Finished | None] | None:
        """Draws at once while moving; at rest gives the steps of the patient picture."""
        assert self._view is not None
        if not self._moving:
            return self._painter.patient(self._view)
        self._mailbox.room(self._sequence, 0.25)
        self._show(self._painter.quick(self._view))
        return None

    def _advance(self, work: Iterator[Finished | None]) -> Iterator[Finished | None] | None:
        done = object()
        step = next(work, done)
        if step is done:
            return None
        if isinstance(step, Finished):
            self._show(step)
        return work

    def _show(self, frame: Finished) -> None:
        self._last = frame
        if self._buffer is None:
            return
        pixels = to_window(frame.color)
        slot, self._sequence = self._buffer.write(pixels, depth_grid(frame.depth))
        self._voice.say("frame", slot=slot, sequence=self._sequence, buffer=self._buffer.name, camera=self._camera)

    # ---------------------------------------------------------------- commands

    def _do_buffer(self, name: str, width: int, height: int) -> None:
        old, self._buffer = self._buffer, FrameBuffer(width, height, name)
        if old is not None:
            old.close()

    def _do_camera(self, id: int, moving: bool, view: dict[str, Any]) -> None:
        self._camera, self._moving = id, moving
        self._view = self._read_view(view)

    def _do_style(self, **values: Any) -> None:
        self._painter.style = ViewStyle(**values)
        self._moving = False

    def _do_layer(self, **values: Any) -> None:
        spec = LayerSpec.from_json(values)
        self._specs[spec.name] = spec
        self._loader.submit(self._load, spec)

    def _do_visible(self, name: str, visible: bool) -> None:
        if name in self._painter.layers:
            self._painter.layers[name].visible = visible
        if name in self._specs:
            self._specs[name] = LayerSpec.from_json(self._specs[name].to_json() | {"visible": visible})

    def _do_remove(self, name: str) -> None:
        self._specs.pop(name, None)
        self._painter.layers.pop(name, None)
        self._painter.photos.pop(name, None)

    def _do_arrived(self, spec: LayerSpec, geometry: Geometry, photos: dict[str, Any], facts: dict[str, Any]) -> None:
        """A layer has been read; it may have been removed or replaced meanwhile."""
        current = self._specs.get(spec.name)
        if current is None or (current.path, current.kind, current.revision) != (spec.path, spec.kind, spec.revision):
            return
        self._number += 1
        self._painter.layers[spec.name] = Layer(self._number, geometry, current.visible)
        self._painter.photos[spec.name] = photos
        self._voice.say("loaded", name=spec.name, facts=facts)

    def _do_pick(self, x: float, y: float) -> None:
        point = None if self._last is None else pick(self._last, x, y)
        self._voice.say("picked", point=point)

    def _do_screenshot(self, path: str, view: dict[str, Any]) -> None:
        try:
            write_png(self._painter.best(self._read_view(view)), Path(path))
        except PhotolithError as error:
            self._voice.say("not_saved", text=str(error))
        else:
            self._voice.say("saved", path=path)

    # ---------------------------------------------------------------- helpers

    def _load(self, spec: LayerSpec) -> None:
        """Runs in the loader's thread."""
        try:
            geometry, facts = load(spec)
            photos = read_thumbnails(spec, geometry)
        except PhotolithError as error:
            self._voice.say("failed", name=spec.name, text=str(error))
        except (MemoryError, OSError, ValueError) as error:
            text = f"The layer '{spec.name}' cannot be shown. Reading {spec.path.name} failed: {error or type(error).__name__}."
            self._voice.say("failed", name=spec.name, text=text)
        else:
            self._mailbox.post({"do": "arrived", "spec": spec, "geometry": geometry, "photos": photos, "facts": facts})

    def _read_view(self, values: dict[str, Any]) -> View:
        width, height = int(values["width"]), int(values["height"])
        if not (width > 0 and height > 0 and width * height <= _MOST_PIXELS):
            raise InputError(
                f"A picture of {width} x {height} pixels cannot be drawn.", "The limit is 100 million pixels.", "Ask for a smaller one."
            )
        focal = height / (2.0 * np.tan(values["fov_y"] / 2.0))
        camera = Camera(width, height, focal, focal, (width - 1) / 2.0, (height - 1) / 2.0)
        self._painter.up = np.array(values["up"], np.float64)
        pose = Rigid3(np.reshape(values["rotation"], (3, 3)), np.array(values["translation"]))
        return View(camera, pose, values["near"], values["far"])


def pick(frame: Finished, x: float, y: float) -> list[float] | None:
    """World point under the position `x`, `y` in [0, 1] of the picture, or the one nearest to it within a few pixels."""
    height, width = frame.depth.shape
    column, row = x * width - 0.5, y * height - 0.5
    left, top = max(round(column) - _PICK_REACH, 0), max(round(row) - _PICK_REACH, 0)
    patch = frame.depth[top : round(row) + _PICK_REACH + 1, left : round(column) + _PICK_REACH + 1]
    rows, columns = np.nonzero(patch)
    if not len(rows):
        return None
    nearest = int(np.argmin((rows + top - row) ** 2 + (columns + left - column) ** 2))
    at = np.array([columns[nearest] + left, rows[nearest] + top], np.float64)
    local = frame.view.camera.scaled(width, height).unproject(at, np.array(patch[rows[nearest], columns[nearest]]))
    point: list[float] = frame.view.cam_from_world.inverse().apply(local).tolist()
    return point


def write_png(frame: Finished, path: Path) -> None:
    """Writes a finished picture.

    Raises:
        ResourceError: The file cannot be written.
    """
    import cv2

    from recon.io.atomic import replacing

    _, data = cv2.imencode(".png", to_window(frame.color)[..., :3])
    with replacing(path) as temporary:
        temporary.write_bytes(data.tobytes())


def read_thumbnails(spec: LayerSpec, geometry: Geometry) -> dict[str, Any]:
    """View name -> small RGB picture, for those that have one; a missing or broken one leaves its frustum empty."""
    import cv2

    photos: dict[str, Any] = {}
    if spec.thumbnails is None or geometry.scene is None:
        return photos
    for view in geometry.scene.views:
        path = spec.thumbnails / f"{view.name}.jpg"
        if path.is_file():
            picture = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR_RGB)
            if picture is not None:
                photos[view.name] = picture
    return photos


def _exit_with_window(mailbox: Mailbox) -> None:
    """Ends the process soon after its input closed, even from the middle of a long drawing."""
    with mailbox._changed:
        mailbox._changed.wait_for(lambda: mailbox.closed)
    threading.Event().wait(3.0)
    os._exit(0)


def main() -> int:
    """Starts the backend and serves the window. Returns the exit code."""
    voice = Voice()
    backend = sys.argv[1] if len(sys.argv) > 1 else "opengl"
    try:
        renderer = make_renderer(backend)
    except PhotolithError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    mailbox = Mailbox(sys.stdin.buffer)
    threading.Thread(target=_exit_with_window, args=(mailbox,), daemon=True).start()
    voice.say("ready", backend=renderer.name)
    Child(renderer, mailbox, voice).run()
    os._exit(0)  # drivers may hang or crash while they are taken down; there is nothing left to save


if __name__ == "__main__":
    raise SystemExit(main())
