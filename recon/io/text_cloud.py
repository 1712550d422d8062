"""Clouds as plain text, for programs that read nothing better: XYZ (x y z r g b) and Leica PTS."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.io.atomic import replacing
from recon.io.colors import to_bytes
from recon.scene import PointCloud

_CHUNK = 200_000


def write_xyz(cloud: PointCloud, path: Path) -> None:
    """One line a point: x y z, and r g b in 0..255 when colours are known.

    Raises:
        ResourceError: The file cannot be written.
    """
    row = "%.9g %.9g %.9g" + ("" if cloud.colors is None else " %d %d %d") + "\n"
    _write(path, "", row, _table(cloud))


def write_pts(cloud: PointCloud, path: Path) -> None:
    """The number of points, then x y z intensity r g b a line; intensity is the confidence in 0..255.

    Raises:
        ResourceError: The file cannot be written.
    """
    confidence = np.ones(len(cloud)) if cloud.confidence is None else cloud.confidence
    table = _table(cloud)
    colors = table[:, 3:] if table.shape[1] == 6 else np.full((len(cloud), 3), 255.0)
    rows = np.concatenate([table[:, :3], np.round(confidence * 255)[:, None], colors], axis=1)
    _write(path, f"{len(cloud)}\n", "%.9g %.9g %.9g %d %d %d %d\n", rows)


def _table(cloud: PointCloud) -> NDArray[np.float64]:
    columns: list[NDArray[Any]] = [cloud.points.astype(np.float64)]
    if cloud.colors is not None:
        columns.append(to_bytes(cloud.colors))
    return np.concatenate(columns, axis=1).astype(np.float64)


def _write(path: Path, head: str, row: str, table: NDArray[np.float64]) -> None:
    with replacing(path) as temporary, temporary.open("w", encoding="ascii") as file:
        file.write(head)
        for start in range(0, len(table), _CHUNK):
            block = table[start : start + _CHUNK]
            file.write(row * len(block) % tuple(block.reshape(-1).tolist()))
