"""Reconstructed clouds to learn from: every point with its true place on the surface, many clouds packed into one file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.errors import InputError
from recon.io.npz import DAMAGE, read_arrays, write_arrays

_STEPS = 32767
_NORMAL_STEPS = 127
_WIDTHS = {"points": 3, "offsets": 3, "normals": 3, "support": 2}


@dataclass(frozen=True, eq=False)
class Reconstructed:
    """A cloud of multi-view stereo, scaled into the unit cube, and the truth.

    Args:
        points: `[N, 3]` float32.
        surface: `[N, 3]` float32, the place of the true surface nearest to each.
        normals: `[N, 3]` float32 unit normals there, of any sign.
        support: `[N, 2]` float32, what the reconstruction says of each point; see `recon.points.support`.
    """

    points: NDArray[np.float32]
    surface: NDArray[np.float32]
    normals: NDArray[np.float32]
    support: NDArray[np.float32]


def write_clouds(clouds: Sequence[Reconstructed], path: Path) -> None:
    """Packs clouds: coordinates as 16-bit integers, offsets from the surface as halves, the rest as 8-bit integers."""
    arrays = {
        "counts": np.array([len(cloud.points) for cloud in clouds], np.int64),
        "points": np.concatenate([_packed(cloud.points, _STEPS, np.int16) for cloud in clouds]),
        "offsets": np.concatenate([(cloud.surface - cloud.points).astype(np.float16) for cloud in clouds]),
        "normals": np.concatenate([_packed(cloud.normals, _NORMAL_STEPS, np.int8) for cloud in clouds]),
        "support": np.concatenate([_packed(cloud.support, 255, np.uint8) for cloud in clouds]),
    }
    write_arrays(path, arrays)


def _packed(values: NDArray[np.floating], steps: int, kind: Any) -> NDArray[Any]:
    packed: NDArray[Any] = np.rint(values * steps).clip(np.iinfo(kind).min, steps).astype(kind)
    return packed


class Clouds:
    """The clouds of a packed file, unpacked when asked for.

    Raises:
        InputError: The file is missing or holds something else.
    """

    def __init__(self, path: Path) -> None:
        what, remedy = f"'{path.name}' holds no reconstructed clouds.", "Make it with 'python -m recon.points.reconstruct'."
        try:
            self._arrays = read_arrays(path)
            counts = self._arrays.pop("counts")
            shapes = {name: self._arrays[name].shape for name in _WIDTHS}
        except DAMAGE as error:
            raise InputError(what, f"{error}.", remedy) from error
        if counts.ndim != 1 or not len(counts) or counts.min() <= 0 or shapes != {n: (counts.sum(), w) for n, w in _WIDTHS.items()}:
            raise InputError(what, "Its arrays do not fit together.", remedy)
        self._ends = np.cumsum(counts)

    def __len__(self) -> int:
        return len(self._ends)

    def __getitem__(self, index: int) -> Reconstructed:
        rows = slice(int(self._ends[index - 1]) if index else 0, int(self._ends[index]))
        part: dict[str, NDArray[np.float32]] = {name: self._arrays[name][rows].astype(np.float32) for name in _WIDTHS}
        points, normals = part["points"] * np.float32(1 / _STEPS), part["normals"]
        normals /= np.linalg.norm(normals, axis=1, keepdims=True).clip(1e-6)
        return Reconstructed(points, points + part["offsets"], normals, part["support"] * np.float32(1 / 255))
