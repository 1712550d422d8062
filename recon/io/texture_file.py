"""What the textured mesh formats share: corners with one place in the texture each, and the encoded picture."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from recon.errors import ShapeError
from recon.scene import TriMesh

_OPTIONS = {
    ".jpg": [cv2.IMWRITE_JPEG_QUALITY, 95, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444],
    ".png": [cv2.IMWRITE_PNG_COMPRESSION, 3],
}


def encoded(texture: NDArray[np.uint8], suffix: str) -> bytes:
    """The picture `[H, W, 3]` RGB as '.jpg' (quality 95, colours at full size) or '.png'."""
    return bytes(cv2.imencode(suffix, np.ascontiguousarray(texture[..., ::-1]), _OPTIONS[suffix])[1])


def texture_corners(mesh: TriMesh) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.int32]]:
    """The distinct corners of a textured mesh: vertices that lie at several places in the texture count once for each.

    Returns:
        Vertex of each corner `[C]`, its place in the texture `[C, 2]`, and the faces by corners `[F, 3]`.

    Raises:
        ShapeError: The mesh has no texture.
    """
    if mesh.uv is None:
        raise ShapeError("the mesh has no texture")
    vertex = mesh.faces.reshape(-1).astype(np.int64)
    uv = np.ascontiguousarray(mesh.uv.reshape(-1, 2))
    place = uv.view(np.uint64).reshape(-1)
    order = np.lexsort((place, vertex))
    fresh = np.ones(len(order), bool)
    fresh[1:] = (vertex[order[1:]] != vertex[order[:-1]]) | (place[order[1:]] != place[order[:-1]])
    number = np.empty(len(order), np.int32)
    number[order] = np.cumsum(fresh) - 1
    first = order[fresh]
    return vertex[first], uv[first], number.reshape(-1, 3)


def split_vertices(mesh: TriMesh) -> tuple[TriMesh, NDArray[np.float32]]:
    """A mesh without texture whose vertices are the corners of `texture_corners`, and their places in the texture `[C, 2]`."""
    vertex, uv, faces = texture_corners(mesh)
    values = {name: getattr(mesh, name) for name in ("normals", "colors", "origin")}
    picked = {name: None if value is None else value[vertex] for name, value in values.items()}
    return replace(mesh, vertices=mesh.vertices[vertex], faces=faces, uv=None, texture=None, **picked), uv


def weld(mesh: TriMesh) -> TriMesh:
    """The textured mesh with vertices that agree in everything joined: the inverse of `split_vertices`. They keep their order."""
    names = ("normals", "colors", "origin")
    values = {name: getattr(mesh, name) for name in names}
    known = [mesh.vertices, *(value.reshape(len(value), -1) for name, value in values.items() if value is not None and name != "colors")]
    rows = np.ascontiguousarray(np.concatenate(known, axis=1, dtype=np.float32) + np.float32(0))  # -0 becomes 0
    _, first, rank = np.unique(rows.view(f"V{4 * rows.shape[1]}").reshape(-1), return_index=True, return_inverse=True)
    order = np.argsort(first)
    place = np.empty(len(first), np.int32)
    place[order] = np.arange(len(first))
    picked = {name: None if value is None else value[first[order]] for name, value in values.items()}
    return replace(mesh, vertices=mesh.vertices[first[order]], faces=place[rank.reshape(-1)][mesh.faces], **picked)
