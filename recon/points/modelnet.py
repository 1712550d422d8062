"""Folders of classified meshes in the format of ModelNet (Wu et al. 2015): CLASS/train/*.off and CLASS/test/*.off."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from recon.errors import InputError
from recon.metrics.sampling import sample_mesh
from recon.points.off import read_off
from recon.points.shapes import unit_sphere

DENSE = 4096
"""Points that are drawn of a mesh once; clouds are chosen among them."""
_CACHED = 12_000


class ModelNet:
    """The meshes of one split as clouds in the unit sphere.

    Args:
        folder: With a folder for each class.
        split: 'train' or 'test'.

    Raises:
        InputError: There are fewer than two classes with meshes.
    """

    def __init__(self, folder: Path, split: Literal["train", "test"]) -> None:
        found = {path.name: sorted((path / split).glob("*.off")) for path in sorted(folder.iterdir()) if (path / split).is_dir()}
        self.classes = tuple(name for name, files in found.items() if files)
        if len(self.classes) < 2:
            what = f"'{folder.name}' holds no classes to learn."
            raise InputError(what, f"It needs two folders CLASS/{split}/*.off at least.", "Give a folder in the format of ModelNet.")
        self.files = [(file, label) for label, name in enumerate(self.classes) for file in found[name]]
        self.dense = lru_cache(maxsize=_CACHED)(self._dense)

    def __len__(self) -> int:
        return len(self.files)

    def _dense(self, index: int) -> NDArray[np.float32]:
        """`[DENSE, 3]` points of a mesh, evenly by area, scaled into the unit sphere; always the same.

        Raises:
            InputError: The mesh cannot be read or has no area.
        """
        mesh = read_off(self.files[index][0])
        try:
            points, _ = sample_mesh(mesh, DENSE, np.random.default_rng(index))
        except ValueError as error:
            raise InputError(f"'{self.files[index][0].name}' has no surface.", f"{error}.", "Leave it out.") from error
        middle, radius = unit_sphere(points)
        return ((points - middle) / radius).astype(np.float32)

    def cloud(self, index: int, count: int, rng: np.random.Generator) -> NDArray[np.float32]:
        """`[count, 3]` of the points of a mesh."""
        dense = self.dense(index)
        return dense[rng.choice(len(dense), count, replace=count > len(dense))]
