"""Photographs to learn from: read at bounded size, cropped at random."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from recon.errors import InputError

SUFFIXES = (".jpg", ".jpeg", ".png")
HELD_BACK = 20
"""One photograph in so many, by the hash of its name, is for validation."""
MAX_PIXELS = 1 << 27


def held_back(path: Path) -> bool:
    """Whether a photograph is for validation, by its name alone."""
    return int.from_bytes(hashlib.sha256(path.name.encode()).digest()[:4], "big") % HELD_BACK == 0


def photo_files(folder: Path, split: Literal["train", "validation"] | None = None) -> list[Path]:
    """JPEG and PNG files below a folder in order of their names; those of one split, or all."""
    files = sorted(path for path in Path(folder).rglob("*") if path.suffix.lower() in SUFFIXES)
    return files if split is None else [path for path in files if held_back(path) == (split == "validation")]


class Photographs(Sequence[NDArray[np.uint8]]):
    """Photographs of a folder and its subfolders as `[H, W, 3]` uint8 RGB.

    Args:
        folder: Where they are.
        split: 'train', 'validation' (one in twenty), or None for all.
        max_size: Larger ones are reduced to this longer side.
        keep: Bytes of photographs that stay in memory once they were read.

    Raises:
        InputError: There are none.
    """

    def __init__(self, folder: Path, split: Literal["train", "validation"] | None = None, max_size: int = 1024, keep: int = 0) -> None:
        self.files, self._max_size, self._space = photo_files(folder, split), max_size, keep
        self._kept: dict[int, NDArray[np.uint8]] = {}
        if not self.files:
            raise InputError(f"There are no photographs in '{folder}'.", "", "Give a folder with JPEG or PNG files.")

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> NDArray[np.uint8]:  # type: ignore[override]
        if index in self._kept:
            return self._kept[index]
        picture = read_photograph(self.files[index], self._max_size)
        if picture.nbytes <= self._space:
            picture.flags.writeable = False
            self._kept[index], self._space = picture, self._space - picture.nbytes
        return picture

    def crop(self, rng: np.random.Generator, height: int, width: int, scale: tuple[float, float] = (0.4, 1.0)) -> NDArray[np.uint8]:
        """A part of a random photograph, resampled to `[height, width, 3]`.

        Args:
            rng: Which, where and how much.
            height: Pixels.
            width: Pixels.
            scale: Least and greatest share of the largest part of that shape, by length.
        """
        picture = self[int(rng.integers(len(self)))]
        share = float(rng.uniform(*scale)) * min(picture.shape[0] / height, picture.shape[1] / width)
        tall, wide = (min(max(round(side * share), 1), limit) for side, limit in zip((height, width), picture.shape[:2], strict=True))
        top, left = (int(rng.integers(limit - side + 1)) for side, limit in zip((tall, wide), picture.shape[:2], strict=True))
        part = picture[top : top + tall, left : left + wide]
        smaller = tall > height
        return np.asarray(cv2.resize(part, (width, height), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR), np.uint8)


def read_photograph(path: Path, max_size: int) -> NDArray[np.uint8]:
    """A photograph `[H, W, 3]`, its longer side at most `max_size`.

    Raises:
        InputError: It cannot be read or is unreasonably large.
    """
    try:
        with Image.open(path, formats=["JPEG", "PNG"]) as image:
            if image.width * image.height > MAX_PIXELS:
                raise ValueError(f"it has {image.width} x {image.height} pixels")
            image.draft("RGB", (max_size, max_size))
            picture = np.asarray(image.convert("RGB"))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise InputError(f"The picture '{path}' cannot be read.", f"{error}.", "Take it out of the training data.") from error
    factor = max_size / max(picture.shape[:2])
    if factor >= 1:
        return picture
    size = max(round(picture.shape[1] * factor), 1), max(round(picture.shape[0] * factor), 1)
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
