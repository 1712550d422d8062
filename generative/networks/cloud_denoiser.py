"""A network that predicts the noise of clouds of a class."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from generative.networks.pointwise import WAVES, Modulated, pooled, waves
from generative.networks.residual_unet import EMBEDDING, embedding


@dataclass(frozen=True)
class CloudDenoiserArchitecture:
    """Enough to build the network again.

    Args:
        classes: Names of the classes, in the order of their numbers; the number after the last one means "none".
        points: Of the clouds it was trained with; it takes any number.
        width: Channels at every point.
        blocks: How often the points are told of the whole cloud.
    """

    classes: tuple[str, ...]
    points: int = 512
    width: int = 96
    blocks: int = 5


class CloudDenoiser(nn.Module):
    """A PointNet (Qi et al. 2017) in blocks: each pools the whole cloud and tells every point of it, of the time and of the class.

    Equivariant: points in another order get their noise in that order.

    Args:
        architecture: Sizes.
    """

    def __init__(self, architecture: CloudDenoiserArchitecture) -> None:
        super().__init__()
        self.architecture = architecture
        w = architecture.width
        self.time = nn.Sequential(nn.Linear(EMBEDDING, w), nn.SiLU(), nn.Linear(w, w))
        self.classes = nn.Embedding(len(architecture.classes) + 1, w)
        self.first = nn.Linear(WAVES, w)
        self.blocks = nn.ModuleList(Modulated(w, 3 * w) for _ in range(architecture.blocks))
        self.last = nn.Linear(w, 3)

    def forward(self, x: Tensor, time: Tensor, y: Tensor) -> Tensor:
        """Predicts.

        | | shape |
        | --- | --- |
        | x | noisy clouds `[B, N, 3]` |
        | time | `[B]`, 0 to 999 |
        | y | `[B]` numbers of classes |
        | returns | noise `[B, N, 3]` |
        """
        told = self.time(embedding(time)) + self.classes(y)
        h = self.first(waves(x))
        for block in self.blocks:
            h = block(h, torch.cat([told, pooled(h)], 1))
        out: Tensor = self.last(h)
        return out
