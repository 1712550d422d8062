"""OBJ, GLB and STL through trimesh: whatever the file holds becomes one mesh with vertex colours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.errors import InputError
from recon.io.colors import to_unit
from recon.scene import Origin, TriMesh


def read_foreign_mesh(path: Path) -> TriMesh:
    """Reads a mesh; textures are sampled at the vertices.

    Raises:
        InputError: Missing, damaged, or without faces.
    """
    import trimesh

    path = Path(path)
    if not path.is_file():
        raise InputError(f"'{path}' could not be read.", "There is no such file.", "Check the path.")
    try:
        loaded = trimesh.load_mesh(path, process=False, maintain_order=True)
        faces = np.asarray(loaded.faces)
    except MemoryError:
        raise
    except Exception as error:
        raise _damaged(path, f"The reader says: {str(error)[:200] or type(error).__name__}.") from error
    vertices = np.asarray(loaded.vertices, np.float32)
    if not len(faces) or not np.isfinite(vertices).all() or faces.min() < 0 or faces.max() >= len(vertices):
        raise _damaged(path, "It holds no faces, or faces and vertices that do not fit each other.")
    return TriMesh(vertices, faces.astype(np.int32), _normals(loaded), _colors(loaded), _origin(loaded))


def _damaged(path: Path, why: str) -> InputError:
    return InputError(f"'{path.name}' is not a usable mesh.", why, "Export it again from the program that made it.")


def _normals(mesh: Any) -> NDArray[np.float32] | None:
    """Normals that the file itself holds."""
    if "vertex_normals" not in mesh._cache.cache:
        return None
    return np.asarray(mesh.vertex_normals, np.float32)


def _colors(mesh: Any) -> NDArray[np.float32] | None:
    visual = mesh.visual
    if visual.kind == "texture":
        visual = visual.to_color()
    if visual.kind != "vertex" and visual.kind != "face":
        return None
    return to_unit(np.asarray(visual.vertex_colors)[:, :3])


def _origin(mesh: Any) -> NDArray[np.uint8] | None:
    values = {name.lower(): value for name, value in mesh.vertex_attributes.items()}.get("_origin")
    if values is None or len(values) != len(mesh.vertices):
        return None
    rounded = np.nan_to_num(np.round(np.asarray(values, np.float32).reshape(-1)), nan=float(Origin.GENERATED))
    return np.where((rounded >= 0) & (rounded <= max(Origin)), rounded, Origin.GENERATED).astype(np.uint8)
