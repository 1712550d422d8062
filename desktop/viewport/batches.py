"""What is handed to a backend: layers thinned to a budget, coloured, shaded and cut into pieces that are quickly drawn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from numpy.typing import NDArray

from desktop.viewport.backends.base import Batch, Content, View
from desktop.viewport.colors import layer_colors
from desktop.viewport.geometry import Geometry
from desktop.viewport.layers import ViewStyle
from recon.scene import TriMesh
from recon.surface.topology import vertex_normals

PIECE = 200_000
"""Most points or lines drawn in one go at rest, so that a new movement never waits long."""
MOVING_FACES, RESTING_FACES = 100_000, 400_000
"""Triangles of the coarser versions of a large mesh."""

_SPARSE_PIXELS = 2.6
_LARGEST_POINT = 12.0
_GAP = 4.0  # gaps between points spread at random, in usual distances to the nearest neighbour


@dataclass(eq=False)
class Layer:
    """A layer in the renderer process. `number` changes whenever the geometry does."""

    number: int
    geometry: Geometry
    visible: bool = True
    coarse: dict[int, Geometry] = field(default_factory=dict)
    edges: dict[int, NDArray[np.int32]] = field(default_factory=dict)


def point_pixels(geometry: Geometry, drawn: int, view: View, style: ViewStyle, scale: float) -> float:
    """Diameter in pixels at which neighbouring points of the thinned layer just touch in the nearer part of what is seen.

    Args:
        geometry: The layer.
        drawn: How many of its points are drawn.
        view: From where.
        style: `point_size` is a factor on the result.
        scale: Pixels of this picture per pixel of the finished one; sparse points keep their size on the screen.
    """
    if geometry.kind == "sparse":
        return max(_SPARSE_PIXELS * style.point_size * scale, 1.0)
    local = view.cam_from_world.apply(geometry.points[:1000])
    pixels, depth = view.camera.project(local)
    seen = (depth > view.near) & (np.abs(pixels - [view.camera.cx, view.camera.cy]) < [view.camera.width / 2, view.camera.height / 2]).all(
        axis=1
    )
    middle = float(np.percentile(depth[seen], 30.0)) if seen.any() else max(float(np.median(depth)), view.near)
    size = 2.6 * thinned_spacing(geometry, drawn) * view.camera.fx / middle
    return float(np.clip(size, scale, _LARGEST_POINT * scale)) * style.point_size


def thinned_spacing(geometry: Geometry, drawn: int) -> float:
    """Usual distance between neighbours when only `drawn` of the points are drawn."""
    return geometry.spacing * float(np.sqrt(len(geometry.points) / max(drawn, 1)))


def point_gap(layers: dict[str, Layer], budget: int, view: View) -> float:
    """Gap in pixels at depth 1 that has to be closed between the points of the clouds drawn within `budget`; 0 without clouds."""
    counts = thinned(layers, budget)
    spacings = [thinned_spacing(layers[name].geometry, n) for name, n in counts.items() if layers[name].geometry.kind == "cloud"]
    return _GAP * max(spacings, default=0.0) * view.camera.fx


def thinned(layers: dict[str, Layer], budget: int) -> dict[str, int]:
    """How many points of each visible layer of points to draw, at most `budget` in all (sparse points first)."""
    wanted = {
        name: len(layer.geometry.points) for name, layer in layers.items() if layer.visible and layer.geometry.kind in ("cloud", "sparse")
    }
    sparse = {name: min(n, 50_000) for name, n in wanted.items() if layers[name].geometry.kind == "sparse"}
    clouds = {name: n for name, n in wanted.items() if name not in sparse}
    share = min(1.0, max(budget - sum(sparse.values()), budget // 4) / max(sum(clouds.values()), 1))
    return sparse | {name: max(int(n * share), 1) for name, n in clouds.items()}


def point_batches(name: str, layer: Layer, count: int, style: ViewStyle, up: NDArray[np.float64], piece: int = PIECE) -> Iterator[Batch]:
    """The first `count` points of a layer, at most `piece` at a time."""
    for start in range(0, count, piece):
        stop = min(start + piece, count)
        key = (name, layer.number, *_color_key(style, up), start, stop)
        yield Batch(key, "points", stop - start, partial(_some_points, layer.geometry, style, up, start, stop))


def mesh_batch(name: str, layer: Layer, faces: int, style: ViewStyle, up: NDArray[np.float64]) -> Batch:
    """The triangles of a mesh, lit smoothly or flat, in a coarser version when there are more than `faces`."""
    geometry = _coarse(layer, faces)
    count = len(_faces(geometry))
    key = (name, layer.number, *_color_key(style, up), "flat" if style.shading == "flat" else "smooth", count)
    return Batch(key, "triangles", count, partial(_flat if style.shading == "flat" else _smooth, geometry, style, up))


def wire_batches(name: str, layer: Layer, faces: int, style: ViewStyle, up: NDArray[np.float64]) -> Iterator[Batch]:
    """The edges of a mesh, each once, at most `PIECE` at a time."""
    geometry = _coarse(layer, faces)
    count = len(_faces(geometry))
    if count not in layer.edges:
        layer.edges[count] = edges_of(_faces(geometry))
    edges = layer.edges[count]
    for start in range(0, len(edges), PIECE):
        part = edges[start : start + PIECE]
        key = (name, layer.number, *_color_key(style, up), "wire", count, start)
        yield Batch(key, "lines", len(part), partial(_wire, geometry, style, up, part))


def edges_of(faces: NDArray[np.int32]) -> NDArray[np.int32]:
    """Edges `[E, 2]` of triangles `[F, 3]`, each once."""
    one, other = faces.T.reshape(-1).astype(np.int64), faces.T[[1, 2, 0]].reshape(-1).astype(np.int64)
    packed = np.minimum(one, other) << 32 | np.maximum(one, other)
    packed.sort()  # several times faster than np.unique
    packed = packed[np.diff(packed, prepend=-1) != 0]
    return np.stack([packed >> 32, packed & 0xFFFFFFFF], axis=1).astype(np.int32)


def prepare(layer: Layer) -> None:
    """Makes the coarser versions of a large mesh, which takes a while."""
    if layer.geometry.kind == "mesh":
        for faces in (MOVING_FACES, RESTING_FACES):
            _coarse(layer, faces)


def _some_points(geometry: Geometry, style: ViewStyle, up: NDArray[np.float64], start: int, stop: int) -> Content:
    return Content(geometry.points[start:stop], layer_colors(geometry, style, up, start, stop))


def _smooth(geometry: Geometry, style: ViewStyle, up: NDArray[np.float64]) -> Content:
    index, colors, normals = _faces(geometry), layer_colors(geometry, style, up), geometry.attributes["normals"]
    texture = _texture(geometry, style.color_mode)
    if not texture:
        return Content(geometry.points, colors, normals, index)
    corners = index.reshape(-1)
    return Content(geometry.points[corners], colors[corners], normals[corners], _own_corners(len(index)), *texture)


def _flat(geometry: Geometry, style: ViewStyle, up: NDArray[np.float64]) -> Content:
    """Every triangle with corners of its own: one normal, one colour."""
    index = _faces(geometry)
    corners = geometry.points[index]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-20)
    colors = np.asarray(layer_colors(geometry, style, up)[index].mean(axis=1).repeat(3, axis=0), np.uint8)
    normals = normals.repeat(3, axis=0).astype(np.float32)
    return Content(corners.reshape(-1, 3), colors, normals, _own_corners(len(index)), *_texture(geometry, style.color_mode))


def _texture(geometry: Geometry, mode: str) -> tuple[NDArray[np.float32], NDArray[np.uint8]] | tuple[()]:
    """Places `[3 F, 2]` of all corners, and the texture, where colours are asked for and there is one."""
    if mode != "rgb" or geometry.uv is None or geometry.texture is None:
        return ()
    return geometry.uv.reshape(-1, 2), geometry.texture


def _own_corners(faces: int) -> NDArray[np.int32]:
    """The index of triangles that share no corners."""
    return np.arange(3 * faces, dtype=np.int32).reshape(-1, 3)


def _wire(geometry: Geometry, style: ViewStyle, up: NDArray[np.float64], edges: NDArray[np.int32]) -> Content:
    used, index = np.unique(edges, return_inverse=True)
    colors = layer_colors(geometry, style, up)[used]
    return Content(geometry.points[used], colors, None, index.reshape(-1, 2).astype(np.int32))


def _faces(geometry: Geometry) -> NDArray[np.int32]:
    return geometry.faces if geometry.faces is not None else np.zeros((0, 3), np.int32)


def _color_key(style: ViewStyle, up: NDArray[np.float64]) -> tuple[object, ...]:
    more = {"height": tuple(up.tolist()), "distance": style.farthest}
    return (style.color_mode, more.get(style.color_mode))


def _coarse(layer: Layer, faces: int) -> Geometry:
    """The mesh itself when that has about `faces` triangles or fewer, else one of its coarser versions, made once."""
    geometry = layer.geometry
    if geometry.faces is None or len(geometry.faces) <= 1.5 * max(faces, MOVING_FACES):
        return geometry
    version = RESTING_FACES if faces >= RESTING_FACES else MOVING_FACES
    if version not in layer.coarse:
        layer.coarse[version] = clustered(geometry, version)
    return layer.coarse[version]


def clustered(geometry: Geometry, faces: int) -> Geometry:
    """A mesh of about `faces` triangles: vertices in one cell of a grid become their mean (Rossignac and Borrel 1993)."""
    index = _faces(geometry)
    points = geometry.points
    corners = points[index]
    area = 0.5 * np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1).sum()
    cell = max(float(np.sqrt(2.0 * area / faces)), 1e-12)
    grid = np.floor((points - points.min(axis=0)) / cell).astype(np.int64)
    _, member, count = np.unique((grid[:, 0] << 42) | (grid[:, 1] << 21) | grid[:, 2], return_inverse=True, return_counts=True)
    member = member.reshape(-1)

    def mean(values: NDArray[np.floating]) -> NDArray[np.float32]:
        return np.stack([np.bincount(member, values[:, k]) / count for k in range(values.shape[1])], axis=1).astype(np.float32)

    joined = member[index].astype(np.int32)
    whole = (joined[:, 0] != joined[:, 1]) & (joined[:, 1] != joined[:, 2]) & (joined[:, 2] != joined[:, 0])
    joined = joined[whole]
    vertices = mean(points)
    attributes = {"normals": vertex_normals(TriMesh(vertices, joined))}
    if "rgb" in geometry.attributes:
        attributes["rgb"] = mean(geometry.attributes["rgb"])
    if "distance" in geometry.attributes:
        attributes["distance"] = np.asarray(np.bincount(member, geometry.attributes["distance"]) / count, np.float32)
    if "origin" in geometry.attributes:
        attributes["origin"] = np.zeros(len(vertices), np.uint8)
        np.maximum.at(attributes["origin"], member, geometry.attributes["origin"])
    return Geometry("mesh", vertices, attributes, geometry.low, geometry.high, faces=joined)
