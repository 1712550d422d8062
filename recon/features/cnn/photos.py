"""The pictures that features are trained with: photographs, or drawn ones where there are none."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from recon.errors import InputError

SUFFIXES = (".jpg", ".jpeg", ".png")
HELD_BACK = 20
"""One photo in so many, by the hash of its name, is for validation."""


class Pictures(Protocol):
    """Where grey pictures `[H, W]` in [0, 1] come from."""

    def __len__(self) -> int:
        """How many there are."""

    def __getitem__(self, index: int) -> NDArray[np.float32]:
        """One of them as it is."""

    def draw(self, rng: np.random.Generator) -> NDArray[np.float32]:
        """Any one."""


class PhotoFiles:
    """The photos of one split, drawn in proportion to their area so that large ones, which have more to show, come more often.

    Args:
        folder: Searched with its subfolders.
        split: 'train' or 'validation'.

    Raises:
        InputError: There are none.
    """

    def __init__(self, folder: Path, split: str) -> None:
        files = sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES)
        self._files = [p for p in files if held_back(p) == (split == "validation")]
        if not self._files:
            raise InputError(f"There are no photos to learn from in '{folder}'.", "", "Give a folder with JPEG or PNG files.")
        areas = np.array([_area(p) for p in self._files], np.float64)
        self._edges = np.cumsum(areas) / areas.sum()

    def __len__(self) -> int:
        return len(self._files)

    def __getitem__(self, index: int) -> NDArray[np.float32]:
        return read_grey(self._files[index], (0.299, 0.587, 0.114))

    def draw(self, rng: np.random.Generator) -> NDArray[np.float32]:
        """One of them; half of the time the colours have other weights than usual in the grey."""
        index = int(np.searchsorted(self._edges, rng.random(), side="right"))
        weights = rng.dirichlet((1.5, 2.0, 1.0)) if rng.random() < 0.5 else (0.299, 0.587, 0.114)
        return read_grey(self._files[min(index, len(self._files) - 1)], weights)


class DrawnPictures:
    """Overlapping polygons, discs and stripes with noise: enough to try a training without photographs.

    Args:
        count: How many.
        size: Their width and height.
        seed: Another one gives other pictures.
    """

    def __init__(self, count: int = 64, size: int = 320, seed: int = 0) -> None:
        self._count, self._size, self._seed = count, size, seed

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> NDArray[np.float32]:
        rng = np.random.default_rng([self._seed, index])
        size = self._size
        picture = np.full((size, size), rng.uniform(0.2, 0.8), np.float32)
        for _ in range(60):
            middle, reach, grey = rng.uniform(0, size, 2), rng.uniform(4, size / 5), float(rng.uniform(0, 1))
            if rng.random() < 0.3:
                cv2.circle(picture, tuple(middle.astype(int).tolist()), int(reach), grey, -1, cv2.LINE_AA)
            else:
                corners = middle + rng.normal(0, reach, (int(rng.integers(3, 6)), 2))
                cv2.fillPoly(picture, [corners.astype(np.int32)], grey, cv2.LINE_AA)
        grain = cv2.GaussianBlur(rng.standard_normal((size, size), dtype=np.float32), (0, 0), 1.5)
        return np.asarray((picture + 0.1 * grain).clip(0, 1), np.float32)

    def draw(self, rng: np.random.Generator) -> NDArray[np.float32]:
        """Any one."""
        return self[int(rng.integers(self._count))]


def read_grey(path: Path, weights: tuple[float, float, float] | NDArray[np.float64]) -> NDArray[np.float32]:
    """A photo as grey `[H, W]` in [0, 1], by these weights of red, green and blue.

    Raises:
        InputError: It cannot be read.
    """
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if picture is None:
        raise InputError(f"The picture '{path.name}' cannot be read.", "It is damaged or no picture.", "Take it out of the training data.")
    return np.asarray(picture.astype(np.float32) @ (np.asarray(weights)[::-1] / 255).astype(np.float32), np.float32)


def held_back(path: Path) -> bool:
    """Whether a photo is for validation, by its name alone."""
    return int.from_bytes(hashlib.sha256(path.name.encode()).digest()[:4], "big") % HELD_BACK == 0


def _area(path: Path) -> int:
    with Image.open(path) as image:
        return image.width * image.height
