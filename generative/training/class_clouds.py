"""Clouds of a class, drawn from the surfaces of voxel grids: FOLDER/voxels_CLASS.npz, each with an array `voxels` `[M, ..., X, Y, Z]`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from recon.errors import InputError
from recon.io.npz import DAMAGE, read_arrays

HELD_BACK = 8
"""Every so many-th grid of a class is for the split 'test'."""
STRETCH = 0.08
"""Each axis of a drawn cloud is longer or shorter by this part at most."""


@dataclass(frozen=True)
class BoxySurface:
    """The surface of a voxel grid, scaled into the unit sphere.

    Args:
        corners: `[F, 3]`, the lowest corner of each face, voxels.
        axes: `[F]`, the axis it is square to.
    """

    corners: NDArray[np.int16]
    axes: NDArray[np.int8]

    @classmethod
    def of(cls, grid: NDArray[np.bool_]) -> BoxySurface:
        """The faces between voxels that are set and others; `[X, Y, Z]`."""
        padded = np.pad(grid, 1).astype(np.int8)
        found = [np.argwhere(np.diff(padded, axis=axis)) + np.eye(3, dtype=np.int64)[axis] for axis in range(3)]
        return cls(np.concatenate(found).astype(np.int16), np.repeat(np.arange(3), [len(part) for part in found]).astype(np.int8))

    def draw(self, count: int, rng: np.random.Generator) -> NDArray[np.float32]:
        """`[count, 3]` points, evenly by area."""
        ends = np.stack([self.corners, self.corners + (self.axes[:, None] != np.arange(3))])
        middle, diagonal = (ends.max((0, 1)) + ends.min((0, 1))) / 2, np.linalg.norm(np.ptp(ends, axis=(0, 1)))
        face = rng.integers(len(self.axes), size=count)
        within = rng.random((count, 3)) * (self.axes[face, None] != np.arange(3))
        points: NDArray[np.float64] = (self.corners[face] + within - middle) * (2 / diagonal)
        return points.astype(np.float32)


class ClassClouds:
    """The clouds of a split.

    Args:
        folder: See above; None: simple shapes.
        split: 'train' or 'test'.

    Raises:
        InputError: There are no grids, or a file is damaged.
    """

    def __init__(self, folder: Path | None, split: Literal["train", "test"]) -> None:
        grids = _simple() if folder is None else _read(folder)
        self.terms = "drawn" if folder is None else "voxel grids of two classes (for research), or those of the folder given"
        self.classes = tuple(grids)
        test = split == "test"
        self._surfaces = [
            [BoxySurface.of(grid) for i, grid in enumerate(grids[name]) if (i % HELD_BACK == 0) == test and grid.any()] for name in grids
        ]
        for name, found in zip(self.classes, self._surfaces, strict=True):
            if not found:
                why = f"Of '{name}' none is left for the split '{split}': every {HELD_BACK}th is for 'test', the others for 'train'."
                raise InputError(f"'{folder}' holds too few voxel grids.", why, "Give more that are not empty.")

    def __len__(self) -> int:
        return sum(map(len, self._surfaces))

    def all(self, count: int, seed: int = 0) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """A cloud of every grid, `[len, count, 3]`, always the same, and their classes `[len]`."""
        rng = np.random.default_rng(seed)
        labels = np.repeat(np.arange(len(self.classes)), [len(part) for part in self._surfaces])
        return np.stack([surface.draw(count, rng) for part in self._surfaces for surface in part]), labels

    def draw(self, count: int, rng: np.random.Generator) -> tuple[NDArray[np.float32], int]:
        """`[count, 3]` points of a random shape of a random class, stretched a little along the axes, and its class."""
        label = int(rng.integers(len(self.classes)))
        shapes = self._surfaces[label]
        cloud = shapes[int(rng.integers(len(shapes)))].draw(count, rng)
        return cloud * rng.uniform(1 - STRETCH, 1 + STRETCH, 3).astype(np.float32), label


def _read(folder: Path) -> dict[str, NDArray[np.bool_]]:
    """Class -> grids `[M, X, Y, Z]`."""
    grids = {}
    for path in sorted(folder.glob("voxels_*.npz")):
        try:
            voxels = read_arrays(path)["voxels"] > 0.5
            grids[path.stem.removeprefix("voxels_")] = voxels.reshape(len(voxels), *voxels.shape[-3:])
        except DAMAGE as error:
            raise InputError(f"'{path.name}' holds no voxel grids.", f"{error}.", "Give files with an array 'voxels'.") from error
    if not grids:
        raise InputError(f"'{folder}' holds no voxel grids.", "There is no 'voxels_CLASS.npz'.", "Give a folder with one of each class.")
    return grids


def _simple() -> dict[str, NDArray[np.bool_]]:
    """Balls, boxes and tables of several sizes."""
    x, y, z = np.meshgrid(*[np.arange(16) - 7.5] * 3, indexing="ij")
    sizes = [(a, b) for a in range(2, 8) for b in range(2, 8)]
    balls = [(x / a) ** 2 + (y / a) ** 2 + (z / b) ** 2 <= 1 for a, b in sizes]
    boxes = [(abs(x) < a) & (abs(y) < a) & (abs(z) < b) for a, b in sizes]
    legs = [(abs(abs(x) - a + 1) < 1) & (abs(abs(y) - a + 1) < 1) & (abs(z) < b) for a, b in sizes]
    tables = [leg | (box & (z > b - 2)) for leg, box, (_, b) in zip(legs, boxes, sizes, strict=True)]
    return {"ball": np.stack(balls), "box": np.stack(boxes), "table": np.stack(tables)}
