"""OBJ, GLB and STL through trimesh: whatever the file holds becomes one mesh with vertex colours, and its texture if it has just one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.errors import InputError
from recon.io.colors import to_unit
from recon.io.texture_file import weld
from recon.scene import Origin, TriMesh


def read_foreign_mesh(path: Path) -> TriMesh:
    """Reads a mesh; textures are sampled at the vertices, and kept as such when the file holds one textured part.

    Raises:
        InputError: Missing, damaged, or without faces.
    """
    import trimesh

    path = Path(path)
    if not path.is_file():
        raise InputError(f"'{path}' could not be read.", "There is no such file.", "Check the path.")
    try:
        if path.suffix.lower() == ".obj":
            _check_indices(path)
        # with the order kept, trimesh gives a vertex of an OBJ a single place in the texture
        ordered = path.suffix.lower() != ".obj" or not _has_texture(path)
        parts = _parts(trimesh.load_scene(path, process=False, maintain_order=ordered))
    except Exception as error:
        raise _damaged(path, f"The reader says: {str(error)[:200] or type(error).__name__}.") from error
    if not parts:
        raise _damaged(path, "It holds no faces.")
    return _join(parts)


def _check_indices(path: Path) -> None:
    """Refuses an OBJ whose faces name corners of far higher number than it has lines: trimesh reserves memory up to that number.

    Raises:
        ValueError: There is such a face.
    """
    data = path.read_bytes()
    digits = len(str(data.count(b"\n"))) + 1
    if re.search(rb"(?m)^\s*f\s[^\n]*\d{%d}" % digits, data):
        raise ValueError("a face names a corner that is not there")


def _has_texture(path: Path) -> bool:
    """Whether an OBJ places its corners in a texture."""
    return re.search(rb"(?m)^\s*vt\s", path.read_bytes()) is not None


def _parts(scene: Any) -> list[TriMesh]:
    """Every triangle mesh of the scene, in the scene's frame."""
    parts = []
    for node in scene.graph.nodes_geometry:
        world_from_part, name = scene.graph[node]
        mesh = scene.geometry[name]
        if not len(getattr(mesh, "faces", ())):
            continue
        if not np.isfinite(mesh.vertices).all():
            raise ValueError("vertices that are not finite numbers")
        normals = _normals(mesh)
        moved = np.asarray(world_from_part, np.float64)
        points = np.asarray(mesh.vertices, np.float64) @ moved[:3, :3].T + moved[:3, 3]
        if normals is not None and not np.array_equal(moved[:3, :3], np.eye(3)):
            normals = normals @ np.linalg.inv(moved[:3, :3]).astype(np.float32)
            normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
        parts.append(TriMesh(points.astype(np.float32), mesh.faces, normals, _colors(mesh), _origin(mesh), *_texture(mesh)))
    return parts


def _join(parts: list[TriMesh]) -> TriMesh:
    """One mesh; normals and colours are kept when every part has them, a texture when there is only one part."""
    if len(parts) == 1:
        return parts[0] if parts[0].texture is None else weld(parts[0])
    starts = np.cumsum([0, *(len(part.vertices) for part in parts[:-1])])

    def stacked(name: str) -> NDArray[Any] | None:
        values = [getattr(part, name) for part in parts]
        return None if any(value is None for value in values) else np.concatenate(values)

    faces = np.concatenate([part.faces + start for part, start in zip(parts, starts, strict=True)])
    vertices = np.concatenate([part.vertices for part in parts])
    return TriMesh(vertices, faces, stacked("normals"), stacked("colors"), stacked("origin"))


def _damaged(path: Path, why: str) -> InputError:
    return InputError(f"'{path.name}' is not a usable mesh.", why, "Export it again from the program that made it.")


def _normals(mesh: Any) -> NDArray[np.float32] | None:
    """Normals that the file itself holds."""
    if "vertex_normals" not in mesh._cache.cache:
        return None
    return np.asarray(mesh.vertex_normals, np.float32)


def _colors(mesh: Any) -> NDArray[np.float32] | None:
    """Vertex colours, or else the texture sampled at the vertices."""
    visual = mesh.visual
    if visual.kind == "texture":
        colors = visual.vertex_attributes.get("color", mesh.vertex_attributes.get("color"))
        if colors is None and visual.uv is not None:
            colors = visual.to_color().vertex_colors
    else:
        colors = visual.vertex_colors if visual.kind in ("vertex", "face") else None
    if colors is None or len(colors) != len(mesh.vertices):
        return None
    return to_unit(np.asarray(colors)[:, :3])


def _texture(mesh: Any) -> tuple[NDArray[np.float32] | None, NDArray[np.uint8] | None]:
    """Place of the corners in the texture `[F, 3, 2]` and the picture `[H, W, 3]`; None, None when there is no usable picture."""
    visual = mesh.visual
    uv = getattr(visual, "uv", None) if visual.kind == "texture" else None
    material = getattr(visual, "material", None)
    picture = getattr(material, "baseColorTexture", None) or getattr(material, "image", None)
    if uv is None or picture is None or len(uv) != len(mesh.vertices) or not np.isfinite(uv).all():
        return None, None
    places = np.asarray(uv, np.float32)[:, :2] * [1, -1] + [0, 1]
    return places[np.asarray(mesh.faces)].astype(np.float32), np.asarray(picture.convert("RGB"), np.uint8)


def _origin(mesh: Any) -> NDArray[np.uint8] | None:
    values = {name.lower(): value for name, value in mesh.vertex_attributes.items()}.get("_origin")
    if values is None or len(values) != len(mesh.vertices):
        return None
    rounded = np.nan_to_num(np.round(np.asarray(values, np.float32).reshape(-1)), nan=float(Origin.GENERATED))
    return np.where((rounded >= 0) & (rounded <= max(Origin)), rounded, Origin.GENERATED).astype(np.uint8)
