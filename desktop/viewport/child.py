"""The renderer process: `python -m desktop.viewport.child BACKEND`. Ends when its input closes."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from desktop.viewport.backends import make_renderer
from desktop.viewport.backends.base import Renderer, View
from desktop.viewport.batches import Layer, prepare
from desktop.viewport.frames import FrameBuffer
from desktop.viewport.geometry import load
from desktop.viewport.layers import LayerSpec, ViewStyle
from desktop.viewport.mailbox import Mailbox, Voice
from desktop.viewport.painter import Finished, Painter
from desktop.viewport.picking import pick
from desktop.viewport.pictures import read_thumbnails, write_png
from desktop.viewport.protocol import read_view
from desktop.viewport.shade import depth_grid, to_window
from recon.errors import PhotolithError

_LOOKS_ON = ("pick", "screenshot", "layer")
"""Commands that leave the picture as it is."""


class Child:
    """Does what the mailbox says and draws in between.

    Args:
        renderer: The backend.
        mailbox: Commands of the window.
        voice: Answers to the window.
    """

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
        self._commands: dict[str, Callable[..., None]] = {
            "buffer": self._buffer_given,
            "camera": self._camera_moved,
            "style": self._styled,
            "choose": self._chosen,
            "layer": self._layer_given,
            "visible": self._shown_or_hidden,
            "remove": self._removed,
            "arrived": self._arrived,
            "pick": self._picked,
            "screenshot": self._screenshot,
        }

    def run(self) -> None:
        """Works until the window closes the pipe."""
        work: Iterator[Finished | None] | None = None
        while not self._mailbox.closed:
            commands = self._mailbox.take(wait=work is None)
            changed = any(command["do"] not in _LOOKS_ON for command in commands)
            for command in commands:
                self._obey(command)
            if changed and self._view is not None and self._buffer is not None:
                work = self._draw(self._view)
            if work is not None and not self._mailbox.newer():
                work = self._advance(work)

    def _obey(self, command: dict[str, Any]) -> None:
        """Does one command; one that makes no sense is left out, and the window is told."""
        values = dict(command)
        name = values.pop("do")
        try:
            if name not in self._commands:
                raise ValueError("there is no such command")
            self._commands[name](**values)
        except (PhotolithError, TypeError, ValueError, LookupError, OSError) as error:
            self._voice.say("notice", text=f"The 3D renderer could not do '{name}': {error}")

    # ---------------------------------------------------------------- drawing

    def _draw(self, view: View) -> Iterator[Finished | None] | None:
        """Draws at once while moving; at rest gives the steps of the patient picture."""
        if not self._moving:
            return self._painter.patient(view)
        self._mailbox.room(self._sequence, 0.25)
        self._show(self._painter.quick(view))
        return None

    def _advance(self, work: Iterator[Finished | None]) -> Iterator[Finished | None] | None:
        done = object()
        step = next(work, done)
        if step is done:
            self._voice.say("rested", camera=self._camera)
            return None
        if isinstance(step, Finished):
            self._show(step)
        return work

    def _show(self, frame: Finished) -> None:
        self._last = frame
        if self._buffer is None:
            return
        slot, self._sequence = self._buffer.write(to_window(frame.color), depth_grid(frame.depth))
        self._voice.say("frame", slot=slot, sequence=self._sequence, buffer=self._buffer.name, camera=self._camera)

    # ---------------------------------------------------------------- commands

    def _buffer_given(self, name: str, width: int, height: int) -> None:
        old, self._buffer = self._buffer, FrameBuffer(width, height, name)
        if old is not None:
            old.close()

    def _camera_moved(self, id: int, moving: bool, view: dict[str, Any]) -> None:
        new, up = read_view(view)
        self._camera, self._moving, self._view, self._painter.up = id, moving, new, up

    def _styled(self, **values: Any) -> None:
        self._painter.style = ViewStyle(**values)
        self._moving = False

    def _chosen(self, names: list[str]) -> None:
        self._painter.chosen = frozenset(names)
        self._moving = False

    def _layer_given(self, **values: Any) -> None:
        spec = LayerSpec.from_json(values)
        self._specs[spec.name] = spec
        self._loader.submit(self._load, spec)

    def _shown_or_hidden(self, name: str, visible: bool) -> None:
        if name in self._painter.layers:
            self._painter.layers[name].visible = visible
        if name in self._specs:
            self._specs[name] = LayerSpec.from_json(self._specs[name].to_json() | {"visible": visible})

    def _removed(self, name: str) -> None:
        self._specs.pop(name, None)
        self._painter.layers.pop(name, None)
        self._painter.photos.pop(name, None)

    def _arrived(self, spec: LayerSpec, layer: Layer, photos: dict[str, NDArray[np.uint8]], facts: dict[str, Any]) -> None:
        """A layer has been read; it may have been removed or replaced meanwhile."""
        if not self._wanted(spec):
            return
        self._number += 1
        layer.number, layer.visible = self._number, self._specs[spec.name].visible
        self._painter.layers[spec.name] = layer
        self._painter.photos[spec.name] = photos
        self._voice.say("loaded", name=spec.name, facts=facts)

    def _picked(self, x: float, y: float) -> None:
        point = None if self._last is None else pick(self._last.depth, self._last.view, x, y)
        self._voice.say("picked", point=None if point is None else point.tolist())

    def _screenshot(self, path: str, view: dict[str, Any]) -> None:
        try:
            write_png(self._painter.best(read_view(view)[0]).color, Path(path))
        except (PhotolithError, MemoryError) as error:
            text = str(error) or "The picture could not be drawn. There is not enough memory. Ask for a smaller one."
            self._voice.say("not_saved", text=text)
        else:
            self._voice.say("saved", path=path)

    def _wanted(self, spec: LayerSpec) -> bool:
        current = self._specs.get(spec.name)
        return current is not None and replace(current, visible=spec.visible) == spec

    def _load(self, spec: LayerSpec) -> None:
        """Runs in the loader's thread."""
        if not self._wanted(spec):  # replaced or removed while it waited
            return
        try:
            geometry, facts = load(spec)
            layer = Layer(0, geometry)
            prepare(layer)
            photos = read_thumbnails(spec.thumbnails, geometry.scene)
        except PhotolithError as error:
            self._voice.say("failed", name=spec.name, text=f"{error.what} {error.why}".strip())
        except (MemoryError, OSError, ValueError) as error:
            text = f"Reading '{spec.path.name}' failed: {error or type(error).__name__}."
            self._voice.say("failed", name=spec.name, text=text)
        else:
            self._mailbox.post({"do": "arrived", "spec": spec, "layer": layer, "photos": photos, "facts": facts})


def _exit_with_window(mailbox: Mailbox) -> None:
    """Ends the process soon after its input closed, even from the middle of a long drawing."""
    mailbox.wait_closed()
    threading.Event().wait(3.0)
    os._exit(0)


def main() -> int:
    """Starts the backend and serves the window. Returns the exit code."""
    voice = Voice()
    try:
        renderer = make_renderer(sys.argv[1] if len(sys.argv) > 1 else "opengl")
    except PhotolithError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    mailbox = Mailbox(sys.stdin.buffer, lambda text: voice.say("notice", text=text))
    threading.Thread(target=_exit_with_window, args=(mailbox,), daemon=True).start()
    voice.say("ready", backend=renderer.name)
    Child(renderer, mailbox, voice).run()
    os._exit(0)  # drivers may hang or crash while they are taken down; there is nothing left to save


if __name__ == "__main__":
    raise SystemExit(main())
