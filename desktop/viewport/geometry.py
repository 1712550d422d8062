"""Layers as the renderer process holds them: arrays read from the layer's file, ready to be thinned and coloured."""

from __future__ import annotations

import time
from dataclasses import dataclass
from math import atan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from desktop.viewport.layers import LayerSpec
from desktop.viewport.subject import find_subject
from recon.errors import InputError
from recon.scene import PointCloud, Scene, TriMesh
from recon.surface.topology import vertex_normals

_SAMPLE = 3000
_TREE = 200_000
_SAMPLED = 100_000
_FEW = 1000
_DIRECTIONS = 150


@dataclass(frozen=True, eq=False)
class Geometry:
    """A loaded layer. Points are shuffled, so that every prefix is an even thinning of the whole.

    Args:
        kind: As in `LayerSpec`.
        points: `[N, 3]` float32 points, mesh vertices or camera centres.
        attributes: What is known of each point: 'rgb' `[N, 3]`, 'normals' `[N, 3]`, 'confidence', 'views', 'origin', 'distance' `[N]`.
        faces: `[F, 3]` int32 of a mesh.
        uv: `[F, 3, 2]` float32 places of the corners of a mesh in its texture, or None.
        texture: `[H, W, 3]` uint8 RGB, or None.
        scene: Views of a 'cameras' layer.
        low: Lower corner of the box that holds nearly all of it, `[3]`; stray points are left out.
        high: Its upper corner.
        spacing: Typical distance between neighbouring points.
    """

    kind: str
    points: NDArray[np.float32]
    attributes: dict[str, NDArray[Any]]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    spacing: float = 0.0
    faces: NDArray[np.int32] | None = None
    uv: NDArray[np.float32] | None = None
    texture: NDArray[np.uint8] | None = None
    scene: Scene | None = None


def load(spec: LayerSpec) -> tuple[Geometry, dict[str, Any]]:
    """Reads a layer's file.

    Returns:
        The layer and the facts that the window is told (JSON-able).

    Raises:
        InputError: The file is missing, damaged or empty.
    """
    started = time.monotonic()
    if not spec.path.is_file():
        raise InputError(f"'{spec.path.name}' is missing.", f"There is no file {spec.path}.", "Run the step that makes it again.")
    geometry = {"cloud": _load_cloud, "mesh": _load_mesh, "sparse": _load_sparse, "cameras": _load_cameras}[spec.kind](spec)
    return geometry, _facts(geometry) | {"seconds": round(time.monotonic() - started, 3)}


def from_cloud(cloud: PointCloud, kind: str = "cloud", distance: NDArray[np.float32] | None = None) -> Geometry:
    """A layer of points, perhaps with their `distance` `[N]` to a true surface; points that are not finite are left out."""
    order = np.random.default_rng(0).permutation(np.flatnonzero(np.isfinite(cloud.points).all(axis=1)))
    cloud = cloud.select(order)
    known = {
        "rgb": cloud.colors,
        "normals": cloud.normals,
        "confidence": cloud.confidence,
        "views": cloud.num_views,
        "origin": cloud.origin,
        "distance": None if distance is None else distance[order],
    }
    attributes = {name: values for name, values in known.items() if values is not None}
    return Geometry(kind, cloud.points, attributes, *robust_bounds(cloud.points), _spacing(cloud.points))


def from_mesh(mesh: TriMesh, distance: NDArray[np.float32] | None = None) -> Geometry:
    """A layer of triangles, perhaps with the `distance` `[V]` of the vertices; vertex normals are made where the file has none."""
    normals = mesh.normals if mesh.normals is not None else vertex_normals(mesh)
    attributes: dict[str, NDArray[Any]] = {"normals": normals}
    if mesh.colors is not None:
        attributes["rgb"] = mesh.colors
    if mesh.origin is not None:
        attributes["origin"] = mesh.origin
    if distance is not None:
        attributes["distance"] = distance
    if mesh.texture is not None:
        attributes.setdefault("rgb", np.full_like(mesh.vertices, 0.7))
    bounds = robust_bounds(_shuffled(mesh.vertices))
    return Geometry("mesh", mesh.vertices, attributes, *bounds, faces=mesh.faces, uv=mesh.uv, texture=mesh.texture)


def from_scene(scene: Scene, kind: str) -> Geometry:
    """The sparse points or the cameras of a scene."""
    if kind == "sparse":
        return from_cloud(PointCloud(scene.sparse.points.astype(np.float32), colors=scene.sparse.colors), kind)
    centers = np.array([view.cam_from_world.center for view in scene.views], np.float32).reshape(-1, 3)
    return Geometry(kind, centers, {}, *_bounds(centers), scene=scene)


def robust_bounds(points: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Box `[3]`, `[3]` that holds all but a few stray points: the range of the middle 98 %, with a quarter of it added at each end."""
    points = points[np.isfinite(points).all(axis=1)]
    if len(points) < _FEW:
        return _bounds(points)
    sample = points[:_SAMPLED].astype(np.float64)
    low, high = np.percentile(sample, [1.0, 99.0], axis=0)
    room = 0.25 * (high - low)
    inside = np.all((sample >= low - room) & (sample <= high + room), axis=1)
    return _bounds(sample[inside]) if inside.any() else _bounds(sample)


def most_views(geometry: Geometry) -> float:
    """Number of views of the last colour of the mode 'views'."""
    return max(float(np.percentile(geometry.attributes["views"][:_SAMPLED], 98)), 2.0)


def farthest(geometry: Geometry) -> float:
    """Distance below which 95 % of the layer lies."""
    return max(float(np.percentile(geometry.attributes["distance"][:_SAMPLED], 95)), 1e-12)


def outline(points: NDArray[np.float32], low: NDArray[np.float64], high: NDArray[np.float64]) -> NDArray[np.float32]:
    """The outermost of the points within a box, `[K, 3]`: the farthest in each of `_DIRECTIONS` directions spread over the sphere."""
    points = points[np.all((points >= low) & (points <= high), axis=1)]
    if not len(points):
        return points
    z = 1.0 - (2.0 * np.arange(_DIRECTIONS) + 1.0) / _DIRECTIONS
    turn = np.pi * (1.0 + 5.0**0.5) * np.arange(_DIRECTIONS)
    directions = np.stack([np.cos(turn) * np.sqrt(1.0 - z**2), np.sin(turn) * np.sqrt(1.0 - z**2), z])
    result: NDArray[np.float32] = points[np.unique((points @ directions.astype(np.float32)).argmax(axis=0))]
    return result


def scene_up(scene: Scene) -> NDArray[np.float64]:
    """The mean of the photographers' up directions, `[3]` unit length: people hold cameras level."""
    total = -sum((view.cam_from_world.rotation[1] for view in scene.views), np.zeros(3))
    length = float(np.linalg.norm(total))
    return total / length if length > 1e-6 else np.array([0.0, 0.0, 1.0])


def _load_cloud(spec: LayerSpec) -> Geometry:
    from recon.io.formats import read_cloud

    return _filled(from_cloud(read_cloud(spec.path), distance=_distance(spec)), spec)


def _load_mesh(spec: LayerSpec) -> Geometry:
    from recon.io.formats import read_mesh

    return _filled(from_mesh(read_mesh(spec.path), _distance(spec)), spec)


def _distance(spec: LayerSpec) -> NDArray[np.float32] | None:
    """Of the file's points to a true surface, where the file says."""
    from recon.io.ply import read_ply_distance

    return read_ply_distance(spec.path) if spec.path.suffix.lower() == ".ply" else None


def _load_sparse(spec: LayerSpec) -> Geometry:
    return _filled(from_scene(_read_scene(spec), "sparse"), spec)


def _load_cameras(spec: LayerSpec) -> Geometry:
    return _filled(from_scene(_read_scene(spec), "cameras"), spec)


def _read_scene(spec: LayerSpec) -> Scene:
    from recon.io.scene_npz import read_scene

    scene: Scene = read_scene(spec.path)
    return scene


def _filled(geometry: Geometry, spec: LayerSpec) -> Geometry:
    if not len(geometry.points):
        raise InputError(f"The layer '{spec.name}' is empty.", f"{spec.path.name} holds no points.", "Look at the step that made it.")
    return geometry


def _bounds(points: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if not len(points):
        return np.zeros(3), np.zeros(3)
    return points.min(axis=0).astype(np.float64), points.max(axis=0).astype(np.float64)


def _shuffled(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """The points, or `_SAMPLED` of them drawn evenly."""
    return points if len(points) <= _SAMPLED else points[np.random.default_rng(0).integers(0, len(points), _SAMPLED)]


def _spacing(points: NDArray[np.float32]) -> float:
    """Median distance to the nearest neighbour, measured on a prefix and scaled to all points of a surface."""
    from scipy.spatial import cKDTree

    if len(points) < 2:
        return 0.0
    part = points[:_TREE]
    distance, _ = cKDTree(part).query(part[:_SAMPLE], k=2)
    return float(np.median(distance[:, 1]) * np.sqrt(len(part) / len(points)))


_LAST_COLORS = {"views": most_views, "distance": farthest}


def _facts(geometry: Geometry) -> dict[str, Any]:
    counts = {"cameras": len(geometry.points)} if geometry.kind == "cameras" else {"points": len(geometry.points)}
    if geometry.faces is not None:
        counts = {"vertices": len(geometry.points), "triangles": len(geometry.faces)}
    facts: dict[str, Any] = {
        "kind": geometry.kind,
        "counts": counts,
        "bounds": [geometry.low.tolist(), geometry.high.tolist()],
        "outline": outline(_shuffled(geometry.points), geometry.low, geometry.high).tolist(),
        "attributes": sorted(geometry.attributes),
        "last_colors": {name: measure(geometry) for name, measure in _LAST_COLORS.items() if name in geometry.attributes},
    }
    if geometry.scene is not None:
        up = scene_up(geometry.scene)
        subject = find_subject(geometry.scene, up)
        facts["up"], facts["subject"] = up.tolist(), None if subject is None else subject.to_json()
        facts["views"] = [
            {
                "name": view.name,
                "fov_y": 2.0 * atan(view.camera.height / (2.0 * view.camera.fy)),
                "rotation": view.cam_from_world.rotation.reshape(-1).tolist(),
                "translation": view.cam_from_world.translation.tolist(),
            }
            for view in geometry.scene.views
        ]
    return facts
