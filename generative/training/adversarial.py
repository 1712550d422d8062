"""Losses of a generator G and a critic D, whose logit says how real a sample looks (Goodfellow et al. 2014)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import relu, softplus

Game = Literal["non-saturating", "minimax", "hinge"]
GAMES: tuple[Game, ...] = ("non-saturating", "minimax", "hinge")


def critic_loss(real: Tensor, fake: Tensor, game: Game = "non-saturating") -> Tensor:
    """What D minimises, of logits of real and made samples: `-E log D(x) - E log(1 - D(G(z)))`, or the hinge (Lim and Ye 2017)."""
    if game == "hinge":
        return relu(1 - real).mean() + relu(1 + fake).mean()
    return softplus(-real).mean() + softplus(fake).mean()


def generator_loss(fake: Tensor, game: Game = "non-saturating") -> Tensor:
    """What G minimises: `-E log D(G(z))`; minimax `E log(1 - D(G(z)))`, which is flat while D is sure; hinge `-E D(G(z))`."""
    if game == "hinge":
        return -fake.mean()
    return -softplus(fake).mean() if game == "minimax" else softplus(-fake).mean()


def value(real: Tensor, fake: Tensor) -> Tensor:
    """`V = E log D(x) + E log(1 - D(G(z)))`: -log 4 where the critic cannot tell, 0 where it always can."""
    return -critic_loss(real, fake)


def gradient_penalty(critic: Callable[[Tensor], Tensor], real: Tensor) -> Tensor:
    """R1: `E ‖∇D(x)‖² / 2` at real samples `[B, ...]` (Mescheder et al. 2018, equation 9)."""
    x = real.detach().requires_grad_(True)
    (gradient,) = torch.autograd.grad(critic(x).sum(), x, create_graph=True)
    return gradient.square().flatten(1).sum(1).mean() / 2
