"""What every renderer backend does, and the plain data it is given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from recon.scene import Camera, Rigid3


@dataclass(frozen=True, eq=False)
class View:
    """Where a picture is taken from.

    Args:
        camera: Intrinsics; square pixels, principal point in the middle.
        cam_from_world: Pose.
        near: Nearest z-depth drawn, > 0.
        far: Farthest z-depth drawn.
    """

    camera: Camera
    cam_from_world: Rigid3
    near: float
    far: float

    def scaled(self, width: int, height: int) -> View:
        """The same view in another size of picture."""
        return View(self.camera.scaled(width, height), self.cam_from_world, self.near, self.far)


@dataclass(frozen=True, eq=False)
class Content:
    """Arrays of a batch.

    Args:
        vertices: `[N, 3]` float32.
        colors: `[N, 3]` uint8.
        normals: `[N, 3]` float32; triangles only: they are lit from the viewer.
        index: `[M, 3]` or `[M, 2]` int32 corners of triangles or ends of lines.
        uv: `[N, 2]` float32 places of the corners of triangles in the texture, (0, 0) its top-left corner; goes before `colors`.
        texture: `[H, W, 3]` uint8 RGB; there exactly when `uv` is.
    """

    vertices: NDArray[np.float32]
    colors: NDArray[np.uint8]
    normals: NDArray[np.float32] | None = None
    index: NDArray[np.int32] | None = None
    uv: NDArray[np.float32] | None = None
    texture: NDArray[np.uint8] | None = None


@dataclass(frozen=True, eq=False)
class Batch:
    """Something to draw in one go.

    Args:
        key: Equal keys mean equal content; backends keep what they made of a batch under it.
        kind: 'points', 'triangles' or 'lines'.
        size: About how much there is to draw.
        content: Makes the arrays; asked only when the backend has not kept them.
    """

    key: tuple[object, ...]
    kind: str
    size: int
    content: Callable[[], Content]


@dataclass(frozen=True, eq=False)
class Picture:
    """What was drawn.

    Args:
        color: `[H, W, 3]` uint8 RGB, black where nothing is.
        depth: `[H, W]` float32 z-depth, 0 where nothing is.
    """

    color: NDArray[np.uint8]
    depth: NDArray[np.float32]


class Renderer(Protocol):
    """Draws; used from one thread only."""

    name: str

    def draw(self, batches: Sequence[Batch], view: View, point_size: float, target: str) -> Picture:
        """Draws the batches.

        Args:
            batches: What to draw; all points of one call have the same size.
            view: From where, and how large.
            point_size: Diameter of points in pixels.
            target: Name of the purpose; a backend may keep a canvas and what lies on it for each.
        """

    def close(self) -> None:
        """Frees what the renderer holds."""


class KeptBatches:
    """Remembers what a backend made of batches, the oldest forgotten first, up to a number of elements."""

    def __init__(self, limit: int = 3_000_000) -> None:
        self._limit, self._held = limit, 0
        self._kept: dict[tuple[object, ...], tuple[object, int]] = {}

    def get(self, key: tuple[object, ...]) -> object | None:
        """What was kept under `key`, now the youngest."""
        found = self._kept.pop(key, None)
        if found is None:
            return None
        self._kept[key] = found
        return found[0]

    def put(self, key: tuple[object, ...], made: object, size: int) -> None:
        """Keeps `made`, which holds `size` elements."""
        self._held += size - self._kept.pop(key, (None, 0))[1]
        self._kept[key] = (made, size)
        while self._held > self._limit and len(self._kept) > 1:
            oldest = next(iter(self._kept))
            self._held -= self._kept.pop(oldest)[1]
