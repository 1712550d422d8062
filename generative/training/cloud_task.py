"""What trainings on clouds by class share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from generative.training.chamfer import all_chamfer
from generative.training.class_clouds import ClassClouds
from generative.training.coverage import Distances, coverage, f_score, minimum_matching_distance, precision_recall_of
from recon.learning.task import collate

COUNT, POINTS = 64, 192
"""Clouds that a validation compares, and their points."""


class CloudTask:
    """The part of `recon.learning.task.TrainingTask` that is about data.

    Args:
        folder: Voxel grids by class, or None: simple shapes.
    """

    def __init__(self, folder: Path | None) -> None:
        self._train, self._held_back = ClassClouds(folder, "train"), ClassClouds(folder, "test")

    @property
    def classes(self) -> tuple[str, ...]:
        """Their names."""
        return self._train.classes

    def held_back(self, count: int, points: int) -> tuple[Tensor, Tensor]:
        """At most `count` clouds `[count, points, 3]` that are never trained on, always the same, and their classes `[count]`."""
        clouds, labels = self._held_back.all(points)
        chosen = np.random.default_rng(13).permutation(len(clouds))[:count]
        return torch.from_numpy(clouds[chosen]), torch.from_numpy(labels[chosen])

    def data(self) -> dict[str, Any]:
        """For the card."""
        return {"clouds": len(self._train), "terms": self._train.terms}

    def collate(self, examples: list[Any]) -> Any:
        """A batch."""
        return collate(examples)

    def figures(self, made: Tensor) -> dict[str, float]:
        """Of clouds `[M, POINTS, 3]` against held-back ones, see `cloud_figures`."""
        return cloud_figures(self.held_back(COUNT, POINTS)[0], made.cpu())


def cloud_figures(real: Tensor, made: Tensor) -> dict[str, float]:
    """Precision, recall and their mean, coverage and minimum matching distance of clouds `[M, P, 3]` against real ones `[N, P, 3]`.

    All by Chamfer distance, which depends on the number of points: only figures of equally many points compare.
    """
    distances = Distances(all_chamfer(real, real), all_chamfer(made, made), all_chamfer(real, made))
    precision, recall = precision_recall_of(distances)
    across = {"coverage": coverage(distances.across), "mmd": minimum_matching_distance(distances.across)}
    return {"f_score": f_score(precision, recall), "precision": precision, "recall": recall, **across}
