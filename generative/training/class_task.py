"""What trainings on pictures by class share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from generative.training.class_pictures import SIDE, ClassPictures
from recon.learning.task import collate


class ClassTask:
    """The part of `recon.learning.task.TrainingTask` that is about data.

    Args:
        folder: Pictures in folders by class, or None: drawn ones.
    """

    def __init__(self, folder: Path | None) -> None:
        self._train, self._held_back = ClassPictures(folder, "train"), ClassPictures(folder, "test")

    @property
    def classes(self) -> tuple[str, ...]:
        """Their names."""
        return self._train.classes

    def held_back(self, count: int) -> tuple[Tensor, Tensor]:
        """Pictures `[count, 3, 32, 32]` that are never trained on, always the same, and their classes `[count]`."""
        rng = np.random.default_rng(13)
        pictures, labels = zip(*(self._held_back.draw(rng) for _ in range(count)), strict=True)
        return torch.stack(pictures), torch.tensor(labels)

    def data(self) -> dict[str, Any]:
        """For the card."""
        return {"pictures": len(self._train), "side_px": SIDE, "terms": self._train.terms}

    def collate(self, examples: list[Any]) -> Any:
        """A batch."""
        return collate(examples)
