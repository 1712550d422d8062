"""Draws the layers: coarse and at once while the viewer moves, better and better while it rests."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from desktop.viewport import batches as cut
from desktop.viewport.backends.base import Batch, Picture, Renderer, View
from desktop.viewport.batches import Layer
from desktop.viewport.frusta import draw_frusta, frustum_size
from desktop.viewport.layers import ViewStyle
from desktop.viewport.shade import BACKDROPS, drawn_on, filled, finished, merged, thickened

LEVELS = ((50_000, 0.4), (100_000, 0.5), (200_000, 0.5), (400_000, 0.5), (800_000, 0.75), (1_600_000, 1.0), (3_200_000, 1.0))
"""(points or triangles, share of the picture's width) to choose from while moving."""

_START_LEVEL = 1
_TARGET_S = 0.055
_EVERYTHING = 1 << 60
_WIDEST_GAP = 12  # pixels
_MOST_PIXELS = 12_000_000  # of a supersampled picture
_CONTOURS = {"cloud": 22.0, "mesh": 8.0}
"""How dark contours are: points have nothing else to show their shape."""


@dataclass(frozen=True, eq=False)
class Finished:
    """A picture ready to be shown: colour `[H, W, 3]` float32 RGB 0..255, depth `[H, W]` float32 (0 = nothing), and its view."""

    color: NDArray[np.float32]
    depth: NDArray[np.float32]
    view: View


@dataclass(frozen=True, eq=False)
class Go:
    """What is drawn at once: 'plain', 'hidden' (only its depth counts) or 'wire' (lines on what was drawn before)."""

    batches: list[Batch]
    point_size: float = 1.0
    kind: str = "plain"


class Painter:
    """Layers, style and a backend; decides how much to draw.

    Args:
        renderer: The backend.
    """

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer
        self.layers: dict[str, Layer] = {}
        self.photos: dict[str, dict[str, NDArray[np.uint8]]] = {}
        self.chosen: frozenset[str] = frozenset()
        self.style = ViewStyle()
        self.up: NDArray[np.float64] = np.array([0.0, 0.0, 1.0])
        self._level = _START_LEVEL
        self._times: list[float] = []

    def quick(self, view: View) -> Finished:
        """One frame while moving; smaller and thinner than the final one, as much as this machine draws in time."""
        started = time.monotonic()
        budget, share = LEVELS[self._level]
        small = _sized(view, share)
        picture: Picture | None = None
        for drawn in self._passes(small, budget, share, "moving"):
            picture = drawn
        result = self._finish(picture, small, 1, budget)
        self._adapt(time.monotonic() - started)
        return result

    def patient(self, view: View) -> Iterator[Finished | None]:
        """Frames while at rest: one at full size soon, the best one at the end; None in between, where it may be left off."""
        budget = self._at_once()
        picture: Picture | None = None
        for drawn in self._passes(view, budget, 1.0, "rest"):
            picture = drawn
            yield None
        yield self._finish(picture, view, 1, budget)
        factor = 2 if view.camera.width * view.camera.height * 4 <= _MOST_PIXELS else 1
        if factor == 1 and sum(cut.thinned(self.layers, _EVERYTHING).values()) <= budget:
            return
        yield from self._best(view, factor)

    def best(self, view: View) -> Finished:
        """The final picture at once, for a file."""
        factor = 2 if view.camera.width * view.camera.height <= 4 * _MOST_PIXELS else 1
        *_, last = self._best(view, factor)
        assert last is not None
        return last

    def extent(self) -> float:
        """Size of what there is, for everything that is sized after it."""
        boxes = [(layer.geometry.low, layer.geometry.high) for layer in self.layers.values() if layer.geometry.kind != "cameras"]
        boxes = boxes or [(layer.geometry.low, layer.geometry.high) for layer in self.layers.values()]
        if not boxes:
            return 1.0
        low, high = np.min([b[0] for b in boxes], axis=0), np.max([b[1] for b in boxes], axis=0)
        return max(float(np.linalg.norm(high - low)), 1e-9)

    def _best(self, view: View, factor: int) -> Iterator[Finished | None]:
        large = view.scaled(view.camera.width * factor, view.camera.height * factor)
        picture: Picture | None = None
        for drawn in self._passes(large, _EVERYTHING, float(factor), "best"):
            picture = drawn
            yield None
        yield self._finish(picture, view, factor, _EVERYTHING)

    def _passes(self, view: View, budget: int, scale: float, target: str) -> Iterator[Picture]:
        """Draws everything in as many goes as point sizes and pieces ask for; yields what there is after each."""
        picture: Picture | None = None
        for number, go in enumerate(self._goes(view, budget, scale)):
            drawn = self._renderer.draw(go.batches, view, go.point_size, f"{target}{min(number, 3)}")
            if go.kind == "hidden":  # the inside of a wireframe hides, but shows nothing
                shade = np.mean(BACKDROPS[self.style.background], axis=0).astype(np.uint8)
                drawn = Picture(np.where((drawn.depth > 0)[..., None], shade, drawn.color).astype(np.uint8), drawn.depth)
            if go.kind == "wire":
                picture = drawn_on(picture, thickened(drawn) if scale >= 2.0 else drawn)
            else:
                picture = merged(picture, drawn)
            yield picture

    def _goes(self, view: View, budget: int, scale: float) -> Iterator[Go]:
        """Meshes first, then points by size."""
        meshes = {name: layer for name, layer in self.layers.items() if layer.visible and layer.geometry.kind == "mesh"}
        faces = budget // max(len(meshes), 1)
        triangles = [cut.mesh_batch(name, layer, faces, self.style, self.up) for name, layer in meshes.items()]
        whole: dict[float, list[Batch]] = {}
        pieces: list[Go] = []
        for name, count in cut.thinned(self.layers, budget).items():
            layer = self.layers[name]
            size = float(max(round(cut.point_pixels(layer.geometry, count, view, self.style, scale)), 1))
            parts = cut.point_batches(name, layer, count, self.style, self.up, max(cut.PIECE, self._at_once() // 4))
            if count > self._at_once():
                pieces.extend(Go([part], size) for part in parts)
            else:
                whole.setdefault(size, []).extend(parts)
        if self.style.shading == "wireframe" and triangles:
            yield Go(triangles, kind="hidden")
            for name, layer in meshes.items():
                yield from (Go([part], kind="wire") for part in cut.wire_batches(name, layer, faces, self.style, self.up))
        elif triangles:
            size, points = whole.popitem() if whole else (1.0, [])
            yield Go(triangles + points, size)
        for size, points in whole.items():
            yield Go(points, size)
        yield from pieces

    def _finish(self, picture: Picture | None, view: View, factor: int, budget: int) -> Finished:
        width, height = view.camera.width, view.camera.height
        if picture is None:
            factor = 1
            picture = Picture(np.zeros((height, width, 3), np.uint8), np.zeros((height, width), np.float32))
        kinds = {layer.geometry.kind for layer in self.layers.values() if layer.visible}
        wires = self.style.shading == "wireframe" and "mesh" in kinds
        strength = 0.0 if wires else max((_CONTOURS.get(kind, 0.0) for kind in kinds), default=0.0)
        reach = max(round(max(width, height) / 1400), 1)
        if "cloud" in kinds:
            picture = filled(picture, factor * cut.point_gap(self.layers, budget, view), factor * _WIDEST_GAP)
        color, depth = finished(picture, factor, self.style.background, strength, reach, self.style.color_mode == "depth")
        for name, layer in self.layers.items():
            if layer.visible and layer.geometry.scene is not None and layer.geometry.kind == "cameras":
                size = frustum_size(layer.geometry.points, self.extent()) * self.style.frustum_size
                photos, background = self.photos.get(name, {}), self.style.background
                draw_frusta(color, depth, view, layer.geometry.scene, size, photos, background, self.chosen)
        return Finished(color, depth, view)

    def _at_once(self) -> int:
        """Points drawn in one go at rest."""
        return max(LEVELS[self._level][0], 2 * cut.PIECE)

    def _adapt(self, seconds: float) -> None:
        """Chooses the level of the next frames by the median of the last ones."""
        self._times.append(seconds)
        if len(self._times) < 4:
            return
        usual = float(np.median(self._times))
        self._times = self._times[-3:]
        if usual > 1.35 * _TARGET_S and self._level > 0:
            self._level, self._times = self._level - 1, []
        elif usual < 0.4 * _TARGET_S and self._level < len(LEVELS) - 1:
            self._level, self._times = self._level + 1, []


def _sized(view: View, share: float) -> View:
    return view.scaled(max(round(view.camera.width * share), 16), max(round(view.camera.height * share), 16))
