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
from generative.training.adversarial import GAMES, Game, critic_loss, generator_loss, gradient_penalty, value
from generative.training.class_task import ClassTask
from generative.training.coverage import precision_recall
from generative.training.grid import write_grid
from recon.learning import command

DEFAULTS = {
    "steps": 60000,
    "batch": 64,
    "rate": 2e-4,
    "momentum": 0.0,
    "warmup": 0,
    "clip": 0.0,
    "weight_decay": 0.0,
    "validate_every": 2000,
}
"""Of a training: a game of two wants neither momentum nor decay."""
COUNT = 256
"""Pictures that a validation compares."""


class PicturesGanTask(ClassTask):
    """See `recon.learning.task.TrainingTask`. Of `critic_steps` + 1 steps the last one is the generator's.

    Args:
        folder: Pictures in folders by class, or None: drawn ones.
        game: What is minimised.
        critic_steps: Steps of the critic before one of the generator.
        penalty: Weight of R1, 0 = none.
        width: Of the networks.
    """

    name = "pictures-gan"

    def __init__(self, folder: Path | None, *, game: Game = "hinge", critic_steps: int = 2, penalty: float = 0.0, width: int = 48) -> None:
        super().__init__(folder)
        self._game, self._critic_steps, self._penalty = game, critic_steps, penalty
        self._architecture = GanArchitecture(self.classes, width=width)

    def network(self) -> nn.Module:
        """A fresh pair."""
        return Gan(self._architecture)

    def architecture(self) -> dict[str, Any]:
        """For the card."""
        return {**asdict(self._architecture), "classes": list(self._architecture.classes)}

    def data(self) -> dict[str, Any]:
        """For the card."""
        return {**super().data(), "game": self._game, "critic_steps": self._critic_steps, "r1": self._penalty}

    def example(self, rng: np.random.Generator) -> dict[str, Any]:
        """A picture and its class; noise and a class for a made one."""
        picture, label = self._train.draw(rng)
        made = {"z": rng.standard_normal(self._architecture.latent, np.float32), "made": int(rng.integers(len(self.classes)))}
        return {"picture": picture, "class": label, **made}

    def loss(self, network: nn.Module, batch: Any, step: int) -> tuple[Tensor, dict[str, float | Tensor]]:
        """The critic's or the generator's; the other's weights get no gradient."""
        assert isinstance(network, Gan)
        if step % (self._critic_steps + 1) == self._critic_steps:
            network.critic.requires_grad_(False)
            fake = network.critic(network.generator(batch["z"], batch["made"]), batch["made"])
            loss = generator_loss(fake, self._game)
            network.critic.requires_grad_(True)
            return loss, {"generator": loss.detach()}
        with torch.no_grad():
            made = network.generator(batch["z"], batch["made"])
        real, fake = network.critic(batch["picture"], batch["class"]), network.critic(made, batch["made"])
        loss = critic_loss(real, fake, self._game)
        if self._penalty > 0:
            loss = loss + self._penalty * gradient_penalty(lambda x: network.critic(x, batch["class"]), batch["picture"])
        return loss, {"critic": loss.detach(), "value": value(real, fake).detach()}

    @torch.no_grad()
    def validate(self, network: nn.Module, folder: Path, step: int) -> dict[str, float]:
        """Precision and recall against held-back pictures, averaged to 8x8; a grid of samples."""
        assert isinstance(network, Gan)
        made, _ = network.generator.draw(COUNT, torch.Generator().manual_seed(0))
        precision, recall = precision_recall(_small(self.held_back(COUNT)[0]), _small(made.cpu()))
        columns = len(self.classes)
        write_grid([made[i : i + columns].cpu() for i in range(0, 6 * columns, columns)], folder / f"samples_{step:07d}.png")
        return {"f_score": 2 * precision * recall / max(precision + recall, 1e-9), "precision": precision, "recall": recall}


def _small(pictures: Tensor) -> Tensor:
    return nn.functional.avg_pool2d(pictures, 4).flatten(1)


def _task(options: argparse.Namespace) -> PicturesGanTask:
    width = 8 if options.tiny and options.data is None else options.width
    return PicturesGanTask(options.data, game=options.game, critic_steps=options.critic_steps, penalty=options.r1, width=width)


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--game", choices=GAMES, default="hinge", help="what both players minimise")
    parser.add_argument("--critic-steps", type=int, default=2, help="steps of the critic before one of the generator")
    parser.add_argument("--r1", type=float, default=0.0, help="weight of the critic's gradient penalty at real pictures")
    parser.add_argument("--width", type=int, default=48, help="channels of the finest level")


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; the exit code."""
    tiny = {"steps": 6, "batch": 4}
    return command.main(PicturesGanTask.name, _task, argv, defaults=DEFAULTS, tiny=tiny, add_options=_add_options)


if __name__ == "__main__":
    sys.exit(main())
