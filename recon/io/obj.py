"""Wavefront OBJ with its material file; a texture as PNG, or else vertex colours as the usual extension 'v x y z r g b'."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray

from recon.io.atomic import replacing
from recon.io.colors import to_bytes
from recon.io.texture_file import encoded, texture_corners
from recon.scene import TriMesh

_CHUNK = 100_000
_MATERIAL = "newmtl surface\nKa 1 1 1\nKd 1 1 1\nKs 0 0 0\nd 1\nillum 1\n"


def write_obj(mesh: TriMesh, path: Path) -> None:
    """Writes `path` and, beside it, files of the same name: the material '.mtl', and the texture '.png' where there is one.

    Provenance does not fit into the format. A textured mesh has no vertex colours in the file, since some readers multiply the two.

    Raises:
        ResourceError: A file cannot be written.
    """
    path = Path(path)
    material, picture = path.with_suffix(".mtl"), path.with_suffix(".png")
    text = _MATERIAL
    if mesh.texture is not None:
        text += f"map_Kd {picture.name}\n"
        with replacing(picture) as temporary:
            temporary.write_bytes(encoded(mesh.texture, ".png"))
    with replacing(material) as temporary:
        temporary.write_text(text, encoding="utf-8")
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8") as file:
        file.write(f"# Photolith\nmtllib {material.name}\no surface\n")
        _write_geometry(mesh, file)


def _write_geometry(mesh: TriMesh, file: TextIO) -> None:
    if mesh.colors is None or mesh.texture is not None:
        _rows(file, "v %.9g %.9g %.9g\n", mesh.vertices)
    else:
        _rows(file, "v %.9g %.9g %.9g %.5f %.5f %.5f\n", np.concatenate([mesh.vertices, _fractions(mesh.colors)], axis=1))
    columns = [mesh.faces]
    if mesh.texture is not None:
        _, uv, corners = texture_corners(mesh)
        _rows(file, "vt %.7f %.7f\n", uv * [1, -1] + [0, 1])
        columns.append(corners)
    if mesh.normals is not None:
        _rows(file, "vn %.6f %.6f %.6f\n", mesh.normals)
        columns.append(mesh.faces)
    if mesh.colors is None or mesh.texture is not None:  # with a material in use, some readers drop the vertex colours
        file.write("usemtl surface\n")
    corner = {(False, False): "%d", (True, False): "%d/%d", (False, True): "%d//%d", (True, True): "%d/%d/%d"}
    word = corner[mesh.texture is not None, mesh.normals is not None]
    _rows(file, f"f {word} {word} {word}\n", np.stack(columns, axis=-1).reshape(len(mesh.faces), 3 * len(columns)) + 1)


def _fractions(colors: NDArray[np.float32]) -> NDArray[np.float64]:
    """Colours that come out as the same byte whether a reader rounds or truncates."""
    fractions: NDArray[np.float64] = np.minimum((to_bytes(colors) + 0.2) / 255, 1.0)
    return fractions


def _rows(file: TextIO, row: str, table: NDArray[Any]) -> None:
    """One line of text for every row of the table `[N, K]`."""
    for start in range(0, len(table), _CHUNK):
        block = table[start : start + _CHUNK]
        file.write(row * len(block) % tuple(block.reshape(-1).tolist()))
