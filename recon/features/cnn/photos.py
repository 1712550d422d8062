"""The photographs that features are trained with."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from PIL import Image

from recon.errors import InputError

SUFFIXES = (".jpg", ".jpeg", ".png")
HELD_BACK = 20
"""One photo in so many, by the hash of its name, is for validation."""


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
        self.files = [p for p in files if held_back(p) == (split == "validation")]
        if not self.files:
            raise InputError(f"There are no photos to learn from in '{folder}'.", "", "Give a folder with JPEG or PNG files.")
        areas = np.array([_area(p) for p in self.files], np.float64)
        self._edges = np.cumsum(areas) / areas.sum()

    def draw(self, rng: np.random.Generator) -> Path:
        """One of them."""
        return self.files[min(int(np.searchsorted(self._edges, rng.random(), side="right")), len(self.files) - 1)]


def held_back(path: Path) -> bool:
    """Whether a photo is for validation, by its name alone."""
    return int.from_bytes(hashlib.sha256(path.name.encode()).digest()[:4], "big") % HELD_BACK == 0


def _area(path: Path) -> int:
    with Image.open(path) as image:
        return image.width * image.height
