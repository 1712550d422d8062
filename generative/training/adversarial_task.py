"""What trainings of two networks against each other share: whose turn it is, the losses, options and settings."""

from __future__ import annotations

import argparse
from abc import ABC, abstractmethod
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from generative.training.adversarial import GAMES, Game, critic_loss, generator_loss, gradient_penalty, value

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


class Players(Protocol):
    """The pair that plays."""

    generator: nn.Module
    critic: nn.Module
    """A sample `[B, ...]` and its class `[B]` to logits `[B]`."""


class AdversarialTask(ABC):
    """The part of `recon.learning.task.TrainingTask` that is about the game. Of `critic_steps` + 1 steps the last one is the generator's.

    A batch holds real samples ('real') with their classes ('class'), and the classes of the samples to make ('made').

    Args:
        game: What is minimised.
        critic_steps: Steps of the critic before one of the generator.
        penalty: Weight of R1, 0 = none.
    """

    def __init__(self, game: Game, critic_steps: int, penalty: float) -> None:
        self._game, self._critic_steps, self._penalty = game, critic_steps, penalty

    @abstractmethod
    def make(self, network: Any, batch: Any) -> Tensor:
        """What the generator makes for a batch, `[B, ...]`."""

    def rules(self) -> dict[str, Any]:
        """For the card."""
        return {"game": self._game, "critic_steps": self._critic_steps, "r1": self._penalty}

    def loss(self, network: nn.Module, batch: Any, step: int) -> tuple[Tensor, dict[str, float | Tensor]]:
        """The critic's or the generator's; the other's weights get no gradient."""
        players: Players = network  # type: ignore[assignment]
        if step % (self._critic_steps + 1) == self._critic_steps:
            players.critic.requires_grad_(False)
            loss = generator_loss(players.critic(self.make(players, batch), batch["made"]), self._game)
            players.critic.requires_grad_(True)
            return loss, {"generator": loss.detach()}
        with torch.no_grad():
            made = self.make(players, batch)
        real, fake = players.critic(batch["real"], batch["class"]), players.critic(made, batch["made"])
        loss = critic_loss(real, fake, self._game)
        if self._penalty > 0:
            loss = loss + self._penalty * gradient_penalty(lambda x: players.critic(x, batch["class"]), batch["real"])
        return loss, {"critic": loss.detach(), "value": value(real, fake).detach()}


def add_options(parser: argparse.ArgumentParser, *, game: Game, critic_steps: int, penalty: float) -> None:
    """The options of the game, with a training's own defaults."""
    parser.add_argument("--game", choices=GAMES, default=game, help="what both players minimise")
    parser.add_argument("--critic-steps", type=int, default=critic_steps, help="steps of the critic before one of the generator")
    parser.add_argument("--r1", type=float, default=penalty, help="weight of the critic's gradient penalty at real samples")
