"""What trainings on crops of photographs share."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any

import cv2
import torch
from torch import Tensor, nn

from generative.networks.residual_unet import ResidualUNet, ResidualUNetArchitecture
from generative.training.pictures import TERMS, Crops
from recon.learning import command
from recon.learning.task import TrainingTask, collate


class CropTask:
    """The part of `recon.learning.task.TrainingTask` that is about data.

    Args:
        photos: Folder of photographs, or None: drawn pictures.
        size: Side of a crop.
        validation_pictures: So many, of each kind where there are kinds.
    """

    def __init__(self, photos: Path | None, size: int, validation_pictures: int) -> None:
        self._photos, self._size, self._count = photos, size, validation_pictures

    @cached_property
    def crops(self) -> Crops:
        """To learn from."""
        return Crops(self._photos, "train", self._size)

    def held_back(self) -> Crops:
        """Never trained on."""
        return Crops(self._photos, "validation", self._size)

    def data(self) -> dict[str, Any]:
        """For the card."""
        pictures = {"drawn pictures": 1} if self._photos is None else {"photographs": len(self.crops), "terms": TERMS}
        return {**pictures, "crop_px": self._size, "range": "[-1, 1]"}

    def collate(self, examples: list[Any]) -> Any:
        """A batch."""
        return collate(examples)


class ResidualCropTask(CropTask):
    """The same for `ResidualUNet`.

    Args:
        photos: Folder of photographs, or None: drawn pictures.
        size: Side of a crop; a multiple of the network's stride.
        architecture: Of the network.
        validation_pictures: So many of each kind of degradation.
    """

    def __init__(
        self,
        photos: Path | None,
        *,
        size: int = 96,
        architecture: ResidualUNetArchitecture = ResidualUNetArchitecture(),
        validation_pictures: int = 8,
    ) -> None:
        if size % architecture.stride:
            raise ValueError(f"crops of {size} pixels are no multiple of {architecture.stride}")
        super().__init__(photos, size, validation_pictures)
        self._architecture = architecture

    def network(self) -> nn.Module:
        """A fresh one."""
        return ResidualUNet(self._architecture)

    def architecture(self) -> dict[str, Any]:
        """For the card."""
        return {**asdict(self._architecture), "widths": list(self._architecture.widths)}


def train_residual(name: str, task: Callable[..., TrainingTask], argv: Sequence[str] | None, *, steps: int, rate: float) -> int:
    """The command line of a training of `ResidualUNet`; the exit code."""

    def make(options: argparse.Namespace) -> TrainingTask:
        cv2.setNumThreads(0)
        if options.tiny and options.data is None:
            return task(None, size=32, architecture=ResidualUNetArchitecture((16, 24), 1), validation_pictures=1)
        return task(options.data, size=options.size)

    def add_options(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--size", type=int, help="side of a training picture, a multiple of 8", default=96)

    defaults = {"steps": steps, "rate": rate, "batch": 16, "checkpoint_every": 500}
    return command.main(name, make, argv, defaults=defaults, tiny={"steps": 4, "batch": 1}, add_options=add_options)


def psnr(a: Tensor, b: Tensor) -> float:
    """Mean over a batch, in dB, of pictures in [-1, 1]; 0 where an estimate is not finite."""
    errors = (a.clamp(-1, 1) - b).square().flatten(1).mean(1).clamp(min=1e-12)
    return float((10 * torch.log10(4 / errors)).mean()) if bool(errors.isfinite().all()) else 0.0
