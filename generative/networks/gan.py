"""Generator and critic of pictures of a class, 32x32."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm


@dataclass(frozen=True)
class GanArchitecture:
    """Enough to build the networks again.

    Args:
        classes: Names of the classes, in the order of their numbers.
        latent: Values a picture is made from.
        width: Channels of the finest level; coarser ones have two and four times as many.
    """

    classes: tuple[str, ...]
    latent: int = 96
    width: int = 48


class Generator(nn.Module):
    """Noise and class to a picture: 4x4 to 32x32 in three doublings, classes as shift and scale (conditional batch norm).

    Args:
        architecture: Sizes.
    """

    def __init__(self, architecture: GanArchitecture) -> None:
        super().__init__()
        self.architecture = architecture
        w, classes = architecture.width, len(architecture.classes)
        self.first = nn.Linear(architecture.latent, 4 * w * 4 * 4)
        widths = (4 * w, 4 * w, 2 * w, w)
        self.stages = nn.ModuleList(_Up(a, b, classes) for a, b in pairwise(widths))
        self.last = nn.Sequential(nn.BatchNorm2d(w), nn.ReLU(), nn.Conv2d(w, 3, 3, padding=1), nn.Tanh())

    def forward(self, z: Tensor, y: Tensor) -> Tensor:
        """`[B, latent]` standard normal and class numbers `[B]` to `[B, 3, 32, 32]` in [-1, 1]."""
        h = self.first(z).view(len(z), -1, 4, 4)
        for stage in self.stages:
            h = stage(h, y)
        out: Tensor = self.last(h)
        return out

    def draw(self, count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Pictures of classes in turn, and their numbers."""
        place = self.first.weight.device
        z = torch.randn(count, self.architecture.latent, generator=generator).to(place)
        y = (torch.arange(count) % len(self.architecture.classes)).to(place)
        return self(z, y), y


class Critic(nn.Module):
    """How real a picture of a class looks, as a logit: `l(h) + <e(y), h>` (Miyato and Koyama 2018), spectrally normalised.

    Args:
        architecture: Sizes.
    """

    def __init__(self, architecture: GanArchitecture) -> None:
        super().__init__()
        w = architecture.width
        widths = (3, w, w, 2 * w, 2 * w, 4 * w, 4 * w)
        convolutions = [
            spectral_norm(nn.Conv2d(a, b, 4 if i % 2 else 3, 2 if i % 2 else 1, 1)) for i, (a, b) in enumerate(pairwise(widths))
        ]
        self.body = nn.Sequential(*(layer for conv in convolutions for layer in (conv, nn.LeakyReLU(0.1))))
        self.linear = spectral_norm(nn.Linear(widths[-1], 1))
        self.classes = spectral_norm(nn.Embedding(len(architecture.classes), widths[-1]))

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """`[B, 3, 32, 32]` and `[B]` to logits `[B]`."""
        h = self.body(x).sum((2, 3)) / 16
        out: Tensor = self.linear(h)[:, 0] + (self.classes(y) * h).sum(1)
        return out


class Gan(nn.Module):
    """Both players.

    Args:
        architecture: Sizes.
    """

    def __init__(self, architecture: GanArchitecture) -> None:
        super().__init__()
        self.generator, self.critic = Generator(architecture), Critic(architecture)


class _Up(nn.Module):
    """Twice the size: two 3x3 convolutions behind conditional batch norms, added to the enlarged input."""

    def __init__(self, channels: int, width: int, classes: int) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.BatchNorm2d(c, affine=False) for c in (channels, width))
        self.told = nn.ModuleList(nn.Embedding(classes, 2 * c) for c in (channels, width))
        self.convolutions = nn.ModuleList([nn.Conv2d(channels, width, 3, padding=1), nn.Conv2d(width, width, 3, padding=1)])
        self.skip = nn.Conv2d(channels, width, 1)
        for embedding in self.told:
            nn.init.zeros_(embedding.weight)  # type: ignore[arg-type]

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """`[B, channels, h, w]` and `[B]` to `[B, width, 2h, 2w]`."""
        h = x
        for i, (norm, told, convolution) in enumerate(zip(self.norms, self.told, self.convolutions, strict=True)):
            scale, shift = told(y)[:, :, None, None].chunk(2, 1)
            h = torch.relu(norm(h) * (1 + scale) + shift)
            h = convolution(_doubled(h) if i == 0 else h)
        out: Tensor = h + self.skip(_doubled(x))
        return out


def _doubled(x: Tensor) -> Tensor:
    return nn.functional.interpolate(x, scale_factor=2, mode="nearest")
