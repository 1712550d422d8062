"""Clean crops to learn from: of photographs, or drawn ones where there are none."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from recon.learning.photographs import Photographs

TERMS = "photographs of ImageNet and BSDS500 (research use) and of Unsplash (Unsplash licence)"


KEPT = 1 << 30
"""Bytes of photographs that stay in memory: reading one takes several times as long as a crop of it."""


class Crops:
    """Square crops as `[3, size, size]` float32 in [-1, 1].

    Args:
        folder: Photographs; None: drawn pictures of ellipses.
        split: 'train' or 'validation'.
        size: Pixels.
    """

    def __init__(self, folder: Path | None, split: str, size: int) -> None:
        part: Literal["train", "validation"] = "train" if split == "train" else "validation"
        self._photographs = None if folder is None else Photographs(folder, part, keep=KEPT)
        self._size = size

    def __len__(self) -> int:
        return 0 if self._photographs is None else len(self._photographs)

    def draw(self, rng: np.random.Generator) -> Tensor:
        """A random crop, mirrored half of the time."""
        if self._photographs is None:
            picture = _ellipses(rng, self._size)
        else:
            picture = self._photographs.crop(rng, self._size, self._size, scale=(0.15, 0.9))
        if rng.random() < 0.5:
            picture = np.ascontiguousarray(picture[:, ::-1])
        return torch.from_numpy(picture).permute(2, 0, 1).float() / 127.5 - 1


def _ellipses(rng: np.random.Generator, size: int) -> NDArray[np.uint8]:
    picture = np.full((size, size, 3), rng.integers(0, 256, 3), np.uint8)
    for _ in range(6):
        centre, axes = rng.integers(0, size, 2).tolist(), rng.integers(size // 8, size // 2, 2).tolist()
        cv2.ellipse(picture, centre, axes, float(rng.uniform(0, 180)), 0, 360, rng.integers(0, 256, 3).tolist(), -1, cv2.LINE_AA)
    return picture
