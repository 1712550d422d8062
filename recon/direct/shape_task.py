"""What the trainings of both direct networks share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import torch
from torch import Tensor

from recon.direct.examples import example
from recon.direct.shots import ShapeSet, Shots
from recon.direct.simple import simple_shapes
from recon.direct.views import batch
from recon.learning import command
from recon.learning.task import TrainingTask

TERMS = "procedural shapes (zlib), voxel grids of chairs and monitors (for research), textured scans and models (MIT, CC BY, CC0)"
_MOST = 48
"""Shapes of a validation at most."""


class Architecture(Protocol):
    """Sizes of a network."""

    def plain(self) -> dict[str, Any]:
        """Plain JSON values."""


class ShapeTask:
    """The part of `recon.learning.task.TrainingTask` that is about data.

    Args:
        folder: With shards of `photolith train direct-data`, or None: drawn shapes.
        architecture: Of the network.
        truth: What of an example the loss compares with, see `recon.direct.examples.example`.
    """

    def __init__(self, folder: Path | None, architecture: Architecture, truth: Literal["occupied", "surface"]) -> None:
        self._folder, self._sizes, self._truth = folder, architecture, truth

    def _shapes(self, split: Literal["train", "validation"]) -> Any:
        return simple_shapes() if self._folder is None else ShapeSet(self._folder, split)

    @cached_property
    def _train(self) -> Any:
        return self._shapes("train")

    def held_back(self) -> list[Shots]:
        """Shapes that are never trained on."""
        shapes = self._shapes("validation")
        return [shapes[i] for i in range(min(_MOST, len(shapes)))]

    def architecture(self) -> dict[str, Any]:
        """For the card."""
        return self._sizes.plain()

    def data(self) -> dict[str, Any]:
        """For the card."""
        return {"shapes": len(self._train)} | ({} if self._folder is None else {"terms": TERMS})

    def example(self, rng: np.random.Generator) -> dict[str, Any]:
        """See `recon.direct.examples.example`."""
        return example(self._train[int(rng.integers(len(self._train)))], rng)

    def collate(self, examples: list[Any]) -> dict[str, Tensor | tuple[Tensor, ...]]:
        """A batch."""
        return {"views": tuple(batch([e["views"] for e in examples])), self._truth: torch.stack([e[self._truth] for e in examples])}


def train(name: str, make_task: Callable[[Path | None], TrainingTask], argv: Sequence[str] | None, *, batch: int, rate: float) -> int:
    """The command line of such a training; the exit code."""
    defaults = {"steps": 4000, "batch": batch, "rate": rate, "warmup": 50, "validate_every": 200, "checkpoint_every": 50}
    tiny = {"steps": 2, "batch": 1}
    return command.main(name, lambda options: make_task(options.data), argv, defaults={**defaults, "log_every": 25, "ema": 0.99}, tiny=tiny)
