"""One table: file suffix -> reader or writer. Readers and writers are imported when they are first used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from recon.errors import InputError
from recon.scene import PointCloud, TriMesh


def _lazy(module: str, function: str) -> Callable[..., Any]:
    def call(*arguments: Any) -> Any:
        return getattr(import_module(f"recon.io.{module}"), function)(*arguments)

    return call


CLOUD_WRITERS: Mapping[str, Callable[[PointCloud, Path], None]] = {
    ".ply": _lazy("ply", "write_ply_cloud"),
    ".pts": _lazy("text_cloud", "write_pts"),
    ".xyz": _lazy("text_cloud", "write_xyz"),
}
MESH_WRITERS: Mapping[str, Callable[[TriMesh, Path], None]] = {
    ".ply": _lazy("ply", "write_ply_mesh"),
    ".obj": _lazy("obj", "write_obj"),
    ".glb": _lazy("glb", "write_glb"),
    ".stl": _lazy("stl", "write_stl"),
}
CLOUD_READERS: Mapping[str, Callable[[Path], PointCloud]] = {".ply": _lazy("ply", "read_ply_cloud")}
MESH_READERS: Mapping[str, Callable[[Path], TriMesh]] = {
    ".ply": _lazy("ply", "read_ply_mesh"),
    **{suffix: _lazy("foreign_mesh", "read_foreign_mesh") for suffix in (".obj", ".glb", ".stl")},
}


def write_cloud(cloud: PointCloud, path: Path) -> None:
    """Writes a cloud in the format that the suffix of `path` names.

    Raises:
        InputError: The suffix is not supported.
        ResourceError: The file cannot be written.
    """
    _find(CLOUD_WRITERS, path, "A point cloud cannot be written as")(cloud, Path(path))


def write_mesh(mesh: TriMesh, path: Path) -> None:
    """Writes a mesh in the format that the suffix of `path` names.

    Raises:
        InputError: The suffix is not supported.
        ResourceError: The file cannot be written.
    """
    _find(MESH_WRITERS, path, "A mesh cannot be written as")(mesh, Path(path))


def read_cloud(path: Path) -> PointCloud:
    """Reads a cloud.

    Raises:
        InputError: The suffix is not supported, or the file is missing or damaged.
    """
    cloud: PointCloud = _find(CLOUD_READERS, path, "A point cloud cannot be read from")(Path(path))
    return cloud


def read_mesh(path: Path) -> TriMesh:
    """Reads a mesh.

    Raises:
        InputError: The suffix is not supported, or the file is missing or damaged.
    """
    mesh: TriMesh = _find(MESH_READERS, path, "A mesh cannot be read from")(Path(path))
    return mesh


def _find(table: Mapping[str, Callable[..., Any]], path: Path, what: str) -> Callable[..., Any]:
    suffix = Path(path).suffix.lower()
    if suffix not in table:
        raise InputError(f"{what} '{Path(path).name}'.", f"Supported: {', '.join(sorted(table))}.", "Choose one of these file types.")
    return table[suffix]
