"""PLY clouds and meshes.

Written binary little endian: float x y z nx ny nz; uchar red green blue; float confidence; uchar num_views; uchar
origin; float distance, as far as they are known. Read in any encoding and with the usual other types (double, float colours).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.io.atomic import replacing
from recon.io.colors import to_bytes, to_unit
from recon.io.ply_elements import Column, Ragged, damaged, read_elements
from recon.scene import Origin, PointCloud, TriMesh

_HEADER = 1 << 16
_NAMES = {"f4": "float", "u1": "uchar"}
_XYZ = ("x", "y", "z")
_NORMAL = ("nx", "ny", "nz")
_COLOR_NAMES = (("red", "green", "blue"), ("r", "g", "b"), ("diffuse_red", "diffuse_green", "diffuse_blue"))


def write_ply_cloud(cloud: PointCloud, path: Path, distance: NDArray[np.float32] | None = None) -> None:
    """Writes a cloud with all its attributes, and the `distance` `[N]` of its points to something else.

    Raises:
        ResourceError: The file cannot be written.
    """
    columns = _columns(cloud.points, cloud.normals, cloud.colors)
    if cloud.confidence is not None:
        columns["confidence"] = cloud.confidence
    if cloud.num_views is not None:
        columns["num_views"] = cloud.num_views
    columns["origin"] = _known(cloud.origin)
    _write(path, columns | _distance(distance), None)


def write_ply_mesh(mesh: TriMesh, path: Path, distance: NDArray[np.float32] | None = None) -> None:
    """Writes a mesh with its vertex attributes, and the `distance` `[V]` of its vertices to something else.

    Raises:
        ResourceError: The file cannot be written.
    """
    columns = _columns(mesh.vertices, mesh.normals, mesh.colors)
    columns["origin"] = _known(mesh.origin)
    _write(path, columns | _distance(distance), mesh.faces)


def read_ply_cloud(path: Path) -> PointCloud:
    """Reads the vertices of a PLY file.

    Raises:
        InputError: Not a usable PLY file.
    """
    vertex = _vertices(path)
    confidence = _scalar(vertex, "confidence")
    num_views = _scalar(vertex, "num_views")
    return PointCloud(
        _points(vertex, path),
        _vectors(vertex),
        _colors(vertex),
        None if confidence is None else np.clip(np.nan_to_num(confidence.astype(np.float32)), 0, 1),
        None if num_views is None else np.clip(num_views, 0, 255).astype(np.uint8),
        _origin(vertex),
    )


def read_ply_distance(path: Path) -> NDArray[np.float32] | None:
    """The distances `[N]` that were written with a cloud or a mesh, None when there are none.

    Raises:
        InputError: Not a usable PLY file.
    """
    with path.open("rb") as file:
        if b" distance" not in file.read(_HEADER).split(b"end_header")[0]:
            return None
    distance = _scalar(_vertices(path), "distance")
    return None if distance is None else np.nan_to_num(distance.astype(np.float32))


def read_ply_mesh(path: Path) -> TriMesh:
    """Reads a mesh; polygons are split into triangle fans.

    Raises:
        InputError: Not a usable PLY file, no faces, or faces that point outside the vertices.
    """
    elements = read_elements(path)
    vertex = elements.get("vertex", {})
    points = _points(vertex, path)
    face = elements.get("face", {})
    lists = face.get("vertex_indices", face.get("vertex_index"))
    if not isinstance(lists, tuple):
        raise damaged(path, "It holds no faces: it is a point cloud.")
    faces = fan(*lists)
    if len(faces) and (faces.min() < 0 or faces.max() >= len(points)):
        raise damaged(path, f"Its faces point outside its {len(points)} vertices.")
    return TriMesh(points, faces.astype(np.int32), _vectors(vertex), _colors(vertex), _origin(vertex))


def fan(lengths: NDArray[np.integer], indices: NDArray[Any]) -> NDArray[np.int64]:
    """Triangles `[F, 3]` of polygons with `lengths` `[P]` corners each, `indices` one polygon after another."""
    indices = np.asarray(indices, np.int64)
    if len(lengths) and (lengths == 3).all():
        return indices.reshape(-1, 3)
    starts = np.cumsum(lengths) - lengths
    count = np.maximum(np.asarray(lengths, np.int64) - 2, 0)
    first = np.repeat(starts, count)
    step = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    return np.stack([indices[first], indices[first + step + 1], indices[first + step + 2]], axis=1)


def _columns(points: NDArray[np.float32], normals: NDArray[np.float32] | None, colors: NDArray[np.float32] | None) -> dict[str, Column]:
    columns: dict[str, Column] = {name: points[:, i] for i, name in enumerate(_XYZ)}
    if normals is not None:
        columns |= {name: normals[:, i] for i, name in enumerate(_NORMAL)}
    if colors is not None:
        rgb = to_bytes(colors)
        columns |= {name: rgb[:, i] for i, name in enumerate(_COLOR_NAMES[0])}
    return columns


def _distance(distance: NDArray[np.float32] | None) -> dict[str, Column]:
    return {} if distance is None else {"distance": np.asarray(distance, np.float32)}


def _known(origin: NDArray[np.uint8] | None) -> NDArray[np.uint8]:
    if origin is None:
        raise ValueError("scene types always carry an origin")
    return origin


def _write(path: Path, columns: dict[str, Column], faces: NDArray[np.int32] | None) -> None:
    kinds = {name: column.dtype.str[1:] for name, column in columns.items()}
    table = np.empty(len(columns["x"]), np.dtype([(name, "<" + kind) for name, kind in kinds.items()]))
    for name, column in columns.items():
        table[name] = column
    header = ["ply", "format binary_little_endian 1.0", "comment Photolith; origin 0 measured, 1 moved, 2 generated"]
    header += [f"element vertex {len(table)}", *(f"property {_NAMES[kind]} {name}" for name, kind in kinds.items())]
    if faces is not None:
        header += [f"element face {len(faces)}", "property list uchar int vertex_indices"]
        corners = np.empty(len(faces), np.dtype([("count", "u1"), ("index", "<i4", (3,))]))
        corners["count"], corners["index"] = 3, faces
    with replacing(path) as temporary, temporary.open("wb") as file:
        file.write(("\n".join([*header, "end_header"]) + "\n").encode("ascii"))
        table.tofile(file)
        if faces is not None:
            corners.tofile(file)


def _vertices(path: Path) -> dict[str, Column | Ragged]:
    return read_elements(path).get("vertex", {})


def _scalar(vertex: dict[str, Column | Ragged], name: str) -> Column | None:
    column = vertex.get(name)
    return column if isinstance(column, np.ndarray) else None


def _triple(vertex: dict[str, Column | Ragged], names: tuple[str, ...]) -> Column | None:
    columns = [column for column in (_scalar(vertex, name) for name in names) if column is not None]
    return np.stack(columns, axis=1) if len(columns) == 3 else None


def _points(vertex: dict[str, Column | Ragged], path: Path) -> NDArray[np.float32]:
    points = _triple(vertex, _XYZ)
    if points is None:
        raise damaged(path, "It has no vertices with x, y and z.")
    with np.errstate(over="ignore"):
        points = points.astype(np.float32)
    bad = int((~np.isfinite(points).all(axis=1)).sum())
    if bad:
        raise damaged(path, f"{bad} of its {len(points)} vertices are not finite numbers.")
    return points


def _vectors(vertex: dict[str, Column | Ragged]) -> NDArray[np.float32] | None:
    normals = _triple(vertex, _NORMAL)
    return None if normals is None else np.nan_to_num(normals.astype(np.float32))


def _colors(vertex: dict[str, Column | Ragged]) -> NDArray[np.float32] | None:
    for names in _COLOR_NAMES:
        colors = _triple(vertex, names)
        if colors is not None:
            return to_unit(colors)
    return None


def _origin(vertex: dict[str, Column | Ragged]) -> NDArray[np.uint8] | None:
    """Provenance; a value from a newer program counts as generated, never as measured."""
    origin = _scalar(vertex, "origin")
    if origin is None:
        return None
    return np.where((origin >= 0) & (origin <= max(Origin)), origin, Origin.GENERATED).astype(np.uint8)
