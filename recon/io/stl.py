"""Binary STL: triangles and face normals, nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from recon.io.atomic import replacing
from recon.scene import TriMesh

_TRIANGLE = np.dtype([("normal", "<f4", (3,)), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])


def write_stl(mesh: TriMesh, path: Path) -> None:
    """Writes the triangles; colours and provenance do not fit into the format.

    Raises:
        ResourceError: The file cannot be written.
    """
    table = np.zeros(len(mesh.faces), _TRIANGLE)
    corners = mesh.vertices[mesh.faces]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    length = np.linalg.norm(normal, axis=1, keepdims=True)
    table["normal"] = np.divide(normal, length, out=np.zeros_like(normal), where=length > 0)
    table["corners"] = corners
    with replacing(path) as temporary, temporary.open("wb") as file:
        file.write(b"Photolith binary STL".ljust(80))
        file.write(np.uint32(len(table)).tobytes())
        table.tofile(file)
