"""Generator and critic of clouds of a class. Neither knows an order of the points."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize
from torch.nn.utils.parametrizations import spectral_norm

from generative.networks.pointwise import WAVES, Modulated, pooled, waves


@dataclass(frozen=True)
class CloudGanArchitecture:
    """Enough to build the networks again.

    Args:
        classes: Names of the classes, in the order of their numbers.
        points: Of the clouds they were trained with; the generator makes any number.
        latent: Values a cloud is made from.
        width: Channels at every point of the generator; the critic ends with twice as many.
        blocks: Of the generator.
        spectral: Whether the critic is spectrally normalised.
    """

    classes: tuple[str, ...]
    points: int = 512
    latent: int = 64
    width: int = 128
    blocks: int = 4
    spectral: bool = False


class CloudGenerator(nn.Module):
    """Noise and class to a surface: a map that takes every point of the unit sphere somewhere, each by itself.

    Folding (Yang et al. 2018, "FoldingNet") of the sphere (Li et al. 2021, "SP-GAN"); noise and class scale and shift the channels of
    every block (Perez et al. 2018, "FiLM").

    Args:
        architecture: Sizes.
    """

    def __init__(self, architecture: CloudGanArchitecture) -> None:
        super().__init__()
        self.architecture = architecture
        w = architecture.width
        self.classes = nn.Embedding(len(architecture.classes), architecture.latent)
        self.style = nn.Sequential(nn.Linear(2 * architecture.latent, w), nn.LeakyReLU(0.2), nn.Linear(w, w), nn.LeakyReLU(0.2))
        self.first, self.told = nn.Linear(WAVES, w), nn.Linear(w, w)
        self.blocks = nn.ModuleList(Modulated(w, w) for _ in range(architecture.blocks))
        self.last = nn.Linear(w, 3)

    def forward(self, z: Tensor, y: Tensor, seeds: Tensor) -> Tensor:
        """Makes clouds.

        | | shape |
        | --- | --- |
        | z | `[B, latent]` standard normal |
        | y | `[B]` numbers of classes |
        | seeds | `[B, N, 3]` on the unit sphere |
        | returns | `[B, N, 3]`, where each of the seeds goes |
        """
        style = self.style(torch.cat([z, self.classes(y)], 1))
        h = self.first(waves(seeds)) + self.told(style)[:, None]
        for block in self.blocks:
            h = block(h, style)
        out: Tensor = seeds / 2 + self.last(h)
        return out

    def draw(self, count: int, generator: torch.Generator, points: int | None = None) -> tuple[Tensor, Tensor]:
        """Clouds of classes in turn, and their numbers."""
        place = self.last.weight.device
        z = torch.randn(count, self.architecture.latent, generator=generator).to(place)
        seeds = on_sphere(torch.randn(count, points or self.architecture.points, 3, generator=generator)).to(place)
        y = (torch.arange(count) % len(self.architecture.classes)).to(place)
        return self(z, y, seeds), y


class CloudCritic(nn.Module):
    """How real a cloud of a class looks, as a logit: `l(h) + <e(y), h>` (Miyato and Koyama 2018).

    A PointNet (Qi et al. 2017) whose points are told of the whole cloud half-way: every point goes through the same layers, maximum and
    mean over the points say what the cloud is, and points that know it are looked at once more. The last layer also sees how much the
    clouds of a class differ within the batch (Karras et al. 2018, section 3, there without classes): a generator that makes one cloud
    again and again is found out.

    Args:
        architecture: Sizes.
    """

    def __init__(self, architecture: CloudGanArchitecture) -> None:
        super().__init__()
        w = architecture.width
        norm = spectral_norm if architecture.spectral else _as_it_is
        self.near = nn.Sequential(*_layers((WAVES, w // 2, w), norm))
        self.told = norm(nn.Linear(2 * w, w))
        self.far = nn.Sequential(*_layers((w, w, 2 * w), norm))
        self.whole = nn.Sequential(*_layers((4 * w, 2 * w), norm))
        self.linear = norm(nn.Linear(4 * w, 1))
        self.classes = norm(nn.Embedding(len(architecture.classes), 2 * w))

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """`[B, N, 3]` and `[B]` to logits `[B]`."""
        points = self.near(waves(x))
        points = self.far(points + self.told(pooled(points))[:, None])
        h = self.whole(pooled(points))
        out: Tensor = self.linear(torch.cat([h, _spread(h, y)], 1))[:, 0] + (self.classes(y) * h).sum(1)
        return out


class CloudGan(nn.Module):
    """Both players.

    Args:
        architecture: Sizes.
    """

    def __init__(self, architecture: CloudGanArchitecture) -> None:
        super().__init__()
        self.generator, self.critic = CloudGenerator(architecture), CloudCritic(architecture)


def on_sphere(points: Tensor) -> Tensor:
    """Standard normal points `[..., 3]` as points evenly over the unit sphere."""
    return normalize(points, dim=-1)


def _layers(widths: Sequence[int], norm: Callable[[nn.Module], nn.Module]) -> list[nn.Module]:
    return [layer for a, b in pairwise(widths) for layer in (norm(nn.Linear(a, b)), nn.LeakyReLU(0.2))]


def _spread(h: Tensor, y: Tensor) -> Tensor:
    """Standard deviation of the features `[B, C]` over those of the same class `[B]`, `[B, C]`."""
    same = (y[:, None] == y).to(h)
    same = same / same.sum(1, keepdim=True)
    off = h - same @ h
    return (same @ off.square() + 1e-8).sqrt()


def _as_it_is(module: nn.Module) -> nn.Module:
    return module
