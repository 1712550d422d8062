"""Cubes of voxels of several sizes, none inside another: the leaves of an octree.

Places are counted on one lattice, in edges of the smallest voxel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BLOCK = 8
"""Voxels along the edge of a block."""
LEVELS = 4
"""Sizes of voxels at most. The largest is as wide as the smallest block, so an edge of a voxel borders on one block on each side."""
MOST = 1 << 20
"""Places along a half axis of the lattice."""
_AROUND = np.stack(np.meshgrid(*[[-1, 0, 1]] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
_CHILDREN = np.stack(np.meshgrid(*[[0, 1]] * 3, indexing="ij"), axis=-1).reshape(-1, 3)


@dataclass(frozen=True, eq=False)
class Blocks:
    """Blocks of voxels.

    Args:
        levels: For each size, the packed positions `[B]` of its blocks in units of such a block, sorted. Voxels of level l are
            `2 ** l` times as wide as the smallest.
    """

    levels: tuple[NDArray[np.int64], ...]

    @classmethod
    def without_overlaps(cls, wanted: Sequence[NDArray[np.int64]]) -> Blocks:
        """Where blocks of several sizes are wanted in one place the smallest win: larger ones are cut into eight until none overlap.

        Args:
            wanted: For each size, packed positions, sorted.
        """
        levels = [np.empty(0, np.int64)] * len(wanted)
        here = wanted[-1]
        for level in range(len(wanted) - 1, 0, -1):
            finer = np.unique(np.concatenate([pack(unpack(keys) >> (level - k)) for k, keys in enumerate(wanted[:level])]))
            cut = contains(finer, here)
            levels[level] = here[~cut]
            children = (2 * unpack(here[cut])[:, None] + _CHILDREN).reshape(-1, 3)
            here = np.union1d(wanted[level - 1], pack(children))
        levels[0] = here
        return cls(tuple(levels))

    def __len__(self) -> int:
        return sum(len(keys) for keys in self.levels)

    def corners(self, level: int) -> NDArray[np.int64]:
        """First places `[B, 3]` of the blocks of a level."""
        return unpack(self.levels[level]) * (BLOCK << level)

    def level_at(self, places: NDArray[np.int64]) -> NDArray[np.int8]:
        """Level of the block that holds the smallest voxel at each place `[P, 3]`; -1 = none."""
        found = np.full(len(places), -1, np.int8)
        for level, keys in enumerate(self.levels):
            if len(keys):
                found[contains(keys, pack(places // (BLOCK << level)))] = level
        return found

    def beside_finer(self, level: int) -> NDArray[np.bool_]:
        """Which blocks `[B]` of a level touch smaller ones."""
        touched = [np.empty(0, np.int64)]
        for finer in range(level):
            around = (unpack(self.levels[finer])[:, None] + _AROUND).reshape(-1, 3)
            touched.append(np.unique(pack(around >> (level - finer))))
        return contains(np.unique(np.concatenate(touched)), self.levels[level])

    def sample_levels(self, level: int, chosen: NDArray[np.int64]) -> NDArray[np.int8]:
        """Level of every corner of a voxel in the chosen blocks of a level: that of the smallest voxel it belongs to.

        Returns:
            `[B, (BLOCK + 1) ** 3]`.
        """
        steps = np.arange(-1, BLOCK + 1) << level
        cells = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1)
        places = (self.corners(level)[chosen][:, None] + cells.reshape(-1, 3)).reshape(-1, 3)
        levels = self.level_at(places).reshape(-1, *cells.shape[:3])
        levels[levels < 0] = level
        for axis in (1, 2, 3):
            low, high = (np.take(levels, range(k, k + BLOCK + 1), axis) for k in (0, 1))
            levels = np.minimum(low, high)
        return np.minimum(levels, level).reshape(len(levels), -1)


def pack(places: NDArray[np.int64]) -> NDArray[np.int64]:
    """One number for each place `[P, 3]` of less than a million in every direction."""
    shifted = places + MOST
    packed: NDArray[np.int64] = (shifted[:, 0] << 42) | (shifted[:, 1] << 21) | shifted[:, 2]
    return packed


def unpack(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Places `[P, 3]` of packed ones."""
    mask = 2 * MOST - 1
    return np.stack([keys >> 42, (keys >> 21) & mask, keys & mask], axis=1) - MOST


def contains(keys: NDArray[np.int64], asked: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of `asked` are in the sorted `keys`."""
    if not len(keys):
        return np.zeros(len(asked), bool)
    at = np.minimum(np.searchsorted(keys, asked), len(keys) - 1)
    return np.asarray(keys[at] == asked)
