"""A triangle mesh."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recon.errors import ShapeError
from recon.scene.checks import array, optional
from recon.scene.origin import Origin


@dataclass(frozen=True, eq=False)
class TriMesh:
    """Triangles in the world frame, counter-clockwise seen from outside.

    Args:
        vertices: `[V, 3]` float32.
        faces: `[F, 3]` int32 indices into vertices.
        normals: `[V, 3]` float32 unit vertex normals, or None.
        colors: `[V, 3]` float32 RGB in [0, 1], or None.
        origin: `[V]` uint8 of `Origin`; all MEASURED when left out. A face counts as the largest value of its corners.
        uv: `[F, 3, 2]` float32 place of each corner in the texture, (0, 0) its top-left and (1, 1) its bottom-right corner; or None.
        texture: `[H, W, 3]` uint8 sRGB, or None; there exactly when `uv` is.
    """

    vertices: NDArray[np.float32]
    faces: NDArray[np.int32]
    normals: NDArray[np.float32] | None = None
    colors: NDArray[np.float32] | None = None
    origin: NDArray[np.uint8] | None = None
    uv: NDArray[np.float32] | None = None
    texture: NDArray[np.uint8] | None = None

    def __post_init__(self) -> None:
        vertices = array(self.vertices, "vertices", (None, 3), np.float32)
        faces = array(self.faces, "faces", (None, 3), np.int32)
        n = len(vertices)
        if len(faces) and (faces.min() < 0 or faces.max() >= n):
            raise ShapeError(f"faces point outside the {n} vertices")
        if self.origin is None:
            object.__setattr__(self, "origin", np.full(n, Origin.MEASURED, np.uint8))
        object.__setattr__(self, "vertices", vertices)
        object.__setattr__(self, "faces", faces)
        for name, shape, dtype in (("normals", (n, 3), np.float32), ("colors", (n, 3), np.float32), ("origin", (n,), np.uint8)):
            object.__setattr__(self, name, optional(getattr(self, name), name, shape, dtype))
        object.__setattr__(self, "uv", optional(self.uv, "uv", (len(faces), 3, 2), np.float32))
        object.__setattr__(self, "texture", optional(self.texture, "texture", (None, None, 3), np.uint8))
        if (self.uv is None) != (self.texture is None):
            raise ShapeError("uv and texture go together")
