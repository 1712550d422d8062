"""Small pictures in folders by class: FOLDER/train/CLASS/*.png and FOLDER/test/CLASS/*.png."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from recon.errors import InputError
from recon.learning.photographs import read_photograph

SIDE = 32
"""Pixels; others are resized."""
DRAWN = ("disc", "square", "bar")
MOST = 200_000


class ClassPictures:
    """All pictures of a split, in memory.

    Args:
        folder: See above; None: drawn shapes.
        split: 'train' or 'test'.

    Raises:
        InputError: There are no pictures, too many, or one cannot be read.
    """

    def __init__(self, folder: Path | None, split: str) -> None:
        if folder is None:
            self.terms = "drawn"
            self.classes: tuple[str, ...] = DRAWN
            self._pictures, self._labels = _drawn(48, seed=0 if split == "train" else 1)
            return
        self.terms = "pictures of CIFAR-10 (research use), or those of the folder given"
        self.classes = tuple(sorted(path.name for path in (folder / "train").glob("*") if path.is_dir()))
        files = [(path, i) for i, name in enumerate(self.classes) for path in sorted((folder / split / name).glob("*.*"))]
        if not files or len(files) > MOST:
            why = f"'{split}' has {len(files)}; 1 to {MOST:,} are possible."
            raise InputError(f"'{folder}' holds no pictures by class.", why, "Give a folder with train/CLASS/ and test/CLASS/.")
        self._pictures = np.stack([_read(path) for path, _ in files])
        self._labels = np.array([label for _, label in files])

    def __len__(self) -> int:
        return len(self._labels)

    def __getitem__(self, i: int) -> tuple[Tensor, int]:
        """A picture `[3, 32, 32]` in [-1, 1] and its class."""
        return torch.from_numpy(self._pictures[i]).permute(2, 0, 1).float() / 127.5 - 1, int(self._labels[i])

    def draw(self, rng: np.random.Generator) -> tuple[Tensor, int]:
        """A random one, mirrored half of the time."""
        picture, label = self[int(rng.integers(len(self)))]
        return (picture.flip(-1) if rng.random() < 0.5 else picture), label


def _read(path: Path) -> NDArray[np.uint8]:
    picture = read_photograph(path, 1024)
    if picture.shape[:2] == (SIDE, SIDE):
        return picture
    return np.asarray(cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)


def _drawn(count: int, seed: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Shapes of random place, size and colour."""
    rng, labels = np.random.default_rng(seed), np.arange(count) % len(DRAWN)
    pictures = np.zeros((count, SIDE, SIDE, 3), np.uint8)
    for picture, label in zip(pictures, labels, strict=True):
        x, y, r = (int(v) for v in rng.integers((10, 10, 4), (22, 22, 9)))
        color = rng.integers(80, 256, 3).tolist()
        if DRAWN[label] == "disc":
            cv2.circle(picture, (x, y), r, color, -1)
        else:
            half = r if DRAWN[label] == "square" else 2
            cv2.rectangle(picture, (x - r, y - half), (x + r, y + half), color, -1)
    return pictures, labels
