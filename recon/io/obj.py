"""Wavefront OBJ with its material file; vertex colours as the usual extension 'v x y z r g b'."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray

from recon.io.atomic import replacing
from recon.io.colors import to_bytes
from recon.scene import TriMesh

_CHUNK = 100_000
_MATERIAL = "newmtl surface\nKa 1 1 1\nKd 1 1 1\nKs 0 0 0\nd 1\nillum 1\n"


def write_obj(mesh: TriMesh, path: Path) -> None:
    """Writes `path` and, beside it, the material file of the same name with suffix '.mtl'.

    Provenance does not fit into the format.

    Raises:
        ResourceError: A file cannot be written.
    """
    path = Path(path)
    material = path.with_suffix(".mtl")
    with replacing(material) as temporary:
        temporary.write_text(_MATERIAL, encoding="ascii")
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8") as file:
        file.write(f"# Photolith\nmtllib {material.name}\no surface\n")
        if mesh.colors is None:
            _rows(file, "v %.9g %.9g %.9g\n", mesh.vertices)
        else:
            _rows(file, "v %.9g %.9g %.9g %.5f %.5f %.5f\n", np.concatenate([mesh.vertices, _fractions(mesh.colors)], axis=1))
        if mesh.normals is not None:
            _rows(file, "vn %.6f %.6f %.6f\n", mesh.normals)
        if mesh.colors is None:  # with a material in use, some readers drop the vertex colours
            file.write("usemtl surface\n")
        if mesh.normals is None:
            _rows(file, "f %d %d %d\n", mesh.faces + 1)
        else:
            _rows(file, "f %d//%d %d//%d %d//%d\n", np.repeat(mesh.faces + 1, 2, axis=1))


def _fractions(colors: NDArray[np.float32]) -> NDArray[np.float64]:
    """Colours that come out as the same byte whether a reader rounds or truncates."""
    fractions: NDArray[np.float64] = np.minimum((to_bytes(colors) + 0.2) / 255, 1.0)
    return fractions


def _rows(file: TextIO, row: str, table: NDArray[Any]) -> None:
    """One line of text for every row of the table `[N, K]`."""
    for start in range(0, len(table), _CHUNK):
        block = table[start : start + _CHUNK]
        file.write(row * len(block) % tuple(block.reshape(-1).tolist()))
