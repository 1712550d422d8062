"""The training of `pictures-gan`: a class-conditional GAN of 32x32 pictures.

`photolith train pictures-gan`, or bare: `python -m generative.training.gan_task`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from generative.networks.gan import Gan, GanArchitecture
from generative.training.adversarial import Game
from generative.training.adversarial_task import DEFAULTS, AdversarialTask, add_options
from generative.training.class_task import ClassTask
from generative.training.coverage import f_score, precision_recall
from generative.training.grid import write_grid
from recon.learning import command

COUNT = 256
"""Pictures that a validation compares."""


class PicturesGanTask(ClassTask, AdversarialTask):
    """See `recon.learning.task.TrainingTask`.

    Args:
        folder: Pictures in folders by class, or None: drawn ones.
        game: What is minimised.
        critic_steps: Steps of the critic before one of the generator.
        penalty: Weight of R1, 0 = none.
        width: Of the networks.
    """

    name = "pictures-gan"

    def __init__(self, folder: Path | None, *, game: Game = "hinge", critic_steps: int = 2, penalty: float = 0.0, width: int = 48) -> None:
        ClassTask.__init__(self, folder)
        AdversarialTask.__init__(self, game, critic_steps, penalty)
        self._architecture = GanArchitecture(self.classes, width=width)

    def network(self) -> nn.Module:
        """A fresh pair."""
        return Gan(self._architecture)

    def architecture(self) -> dict[str, Any]:
        """For the card."""
        return {**asdict(self._architecture), "classes": list(self._architecture.classes)}

    def data(self) -> dict[str, Any]:
        """For the card."""
        return {**super().data(), **self.rules()}

    def example(self, rng: np.random.Generator) -> dict[str, Any]:
        """A picture and its class; noise and a class for a made one."""
        picture, label = self._train.draw(rng)
        made = {"z": rng.standard_normal(self._architecture.latent, np.float32), "made": int(rng.integers(len(self.classes)))}
        return {"real": picture, "class": label, **made}

    def make(self, network: Any, batch: Any) -> Tensor:
        """Pictures of the noise and classes of a batch."""
        made: Tensor = network.generator(batch["z"], batch["made"])
        return made

    @torch.no_grad()
    def validate(self, network: nn.Module, folder: Path, step: int) -> dict[str, float]:
        """Precision and recall against held-back pictures, averaged to 8x8; a grid of samples."""
        assert isinstance(network, Gan)
        made, _ = network.generator.draw(COUNT, torch.Generator().manual_seed(0))
        precision, recall = precision_recall(_small(self.held_back(COUNT)[0]), _small(made.cpu()))
        columns = len(self.classes)
        write_grid([made[i : i + columns].cpu() for i in range(0, 6 * columns, columns)], folder / f"samples_{step:07d}.png")
        return {"f_score": f_score(precision, recall), "precision": precision, "recall": recall}


def _small(pictures: Tensor) -> Tensor:
    return nn.functional.avg_pool2d(pictures, 4).flatten(1)


def _task(options: argparse.Namespace) -> PicturesGanTask:
    width = 8 if options.tiny and options.data is None else options.width
    return PicturesGanTask(options.data, game=options.game, critic_steps=options.critic_steps, penalty=options.r1, width=width)


def _add_options(parser: argparse.ArgumentParser) -> None:
    add_options(parser, game="hinge", critic_steps=2, penalty=0.0)
    parser.add_argument("--width", type=int, default=48, help="channels of the finest level")


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; the exit code."""
    tiny = {"steps": 6, "batch": 4}
    return command.main(PicturesGanTask.name, _task, argv, defaults=DEFAULTS, tiny=tiny, add_options=_add_options)


if __name__ == "__main__":
    sys.exit(main())
