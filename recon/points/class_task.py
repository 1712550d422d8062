"""The training of the classifier: `photolith train pointnet2-cls --data DIR`, DIR in the format of ModelNet."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from recon.errors import InputError
from recon.learning import command
from recon.learning.task import collate
from recon.points.modelnet import ModelNet
from recon.points.networks import ClassNetwork

POINTS = 512
DEFAULTS = {"steps": 4000, "batch": 16, "rate": 1e-3, "warmup": 50, "validate_every": 400, "checkpoint_every": 100, "log_every": 25}
_BATCH = 16


class ClassTask:
    """See `recon.learning.task.TrainingTask`; validated on the split 'test'.

    Args:
        folder: In the format of ModelNet; z is up.
        points: Of a cloud.
    """

    name = "pointnet2-cls"

    def __init__(self, folder: Path, points: int = POINTS) -> None:
        self._folder, self._points = folder, points

    @cached_property
    def _train(self) -> ModelNet:
        return ModelNet(self._folder, "train")

    @cached_property
    def _test(self) -> ModelNet:
        test = ModelNet(self._folder, "test")
        if test.classes != self._train.classes:
            why = f"There are {len(self._train.classes)} and {len(test.classes)}."
            raise InputError("The splits 'train' and 'test' do not hold the same classes.", why, "Give both for every class.")
        return test

    def network(self) -> nn.Module:
        """A fresh one."""
        return ClassNetwork(len(self._train.classes))

    def architecture(self) -> dict[str, Any]:
        """For the card."""
        return {"classes": list(self._train.classes)}

    def data(self) -> dict[str, Any]:
        """For the card."""
        return {"meshes": len(self._train), "test meshes": len(self._test), "points": self._points}

    def example(self, rng: np.random.Generator) -> dict[str, Any]:
        """A cloud, turned about the vertical, stretched and jittered a little."""
        index = int(rng.integers(len(self._train)))
        cloud = self._train.cloud(index, self._points, rng) * rng.uniform(0.85, 1.15, 3)
        angle = rng.uniform(0, 2 * np.pi)
        c, s = np.cos(angle), np.sin(angle)
        cloud = cloud @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]]) + rng.normal(0, 0.01, cloud.shape)
        return {"points": torch.from_numpy(cloud.astype(np.float32)), "label": self._train.files[index][1]}

    def collate(self, examples: list[Any]) -> Any:
        """A batch."""
        return collate(examples)

    def loss(self, network: nn.Module, batch: Any, step: int) -> tuple[Tensor, dict[str, float | Tensor]]:
        """Cross entropy."""
        logits = network(batch["points"]).float()
        right = (logits.argmax(1) == batch["label"]).float().mean()
        return nn.functional.cross_entropy(logits, batch["label"], label_smoothing=0.1), {"right": right}

    def validate(self, network: nn.Module, folder: Path, step: int) -> dict[str, float]:
        """Share of the test meshes whose class is found."""
        device = next(network.parameters()).device
        clouds = [torch.from_numpy(self._test.cloud(i, self._points, np.random.default_rng(i))) for i in range(len(self._test))]
        found = torch.cat([network(torch.stack(clouds[i : i + _BATCH]).to(device)).argmax(1).cpu() for i in range(0, len(clouds), _BATCH)])
        labels = torch.tensor([label for _, label in self._test.files])
        return {"accuracy": float((found == labels).float().mean())}


def make_task(options: argparse.Namespace) -> ClassTask:
    """The task that the options ask for."""
    if options.data is None:
        raise InputError("There is nothing to train on.", "--data is missing.", "Give a folder in the format of ModelNet.")
    return ClassTask(options.data, 64 if options.tiny else POINTS)


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; the exit code."""
    return command.main("pointnet2-cls", make_task, argv, defaults=DEFAULTS)


if __name__ == "__main__":
    sys.exit(main())
