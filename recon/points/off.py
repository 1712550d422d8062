"""OFF files, as ModelNet has them; what a file announces is compared with its size before anything is allocated."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np

from recon.errors import InputError
from recon.scene import TriMesh

MAX_BYTES = 256 << 20
"""Largest file that is read."""


def read_off(path: Path) -> TriMesh:
    """Reads vertices and faces; polygons become fans of triangles, colours are passed over.

    ModelNet's files at times have the numbers of the second line right behind 'OFF' in the first.

    Raises:
        InputError: The file is missing, too large, or no OFF file; a face names a vertex that is not there.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ValueError(f"it is larger than {MAX_BYTES >> 20} MB")
        return _parsed(path.read_bytes())
    except (OSError, ValueError) as error:
        raise InputError(f"'{path.name}' cannot be read as a mesh.", f"{error}.", "Give an OFF file.") from error


def _parsed(content: bytes) -> TriMesh:
    if not content.startswith(b"OFF"):
        raise ValueError("it does not begin with 'OFF'")
    rows = [row for line in content[3:].splitlines() if (row := line.partition(b"#")[0].split())]
    counts = [int(number) for number in rows[0][:2]] if rows else []
    if len(counts) != 2 or min(counts) < 1 or sum(counts) > len(rows) - 1:
        raise ValueError("it has not the vertices and faces that it announces")
    vertices, faces = counts
    points = np.array([row[:3] for row in rows[1 : 1 + vertices]], np.float64)
    triangles = [triangle for row in rows[1 + vertices : 1 + vertices + faces] for triangle in _fan(row)]
    index = np.array(triangles, np.int64).reshape(-1, 3)
    if points.shape != (vertices, 3) or not np.isfinite(points).all():
        raise ValueError("its vertices are not three numbers each")
    if not len(index) or index.min() < 0 or index.max() >= vertices:
        raise ValueError("its faces do not fit its vertices")
    return TriMesh(points.astype(np.float32), index.astype(np.int32))


def _fan(row: list[bytes]) -> list[tuple[int, int, int]]:
    """Triangles of a polygon 'n v1 ... vn'."""
    corners = [int(number) for number in row[1 : 1 + int(row[0])]]
    if not 3 <= len(corners) == int(row[0]):
        raise ValueError("a face has not the corners that it announces")
    return [(corners[0], b, c) for b, c in pairwise(corners[1:])]
