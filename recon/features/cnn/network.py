"""The network of the learned features: one pyramid, a score for every pixel, a descriptor for any point.

Convolutions turn with the picture (`groups`), so a quarter turn only moves the parts of a descriptor on, without training for it.
Light stem at full resolution, trunk at 1/2 to 1/32; descriptors are made at the keypoints alone, from all levels.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from recon.features.cnn.groups import Block, FieldConv, Lift, PlainBlock, plain_conv
from recon.features.cnn.normalise import even_light
from recon.features.cnn.sampling import sample, sample_patches

DIVISOR = 32
"""Width and height of the network's input are multiples of this."""
_RARE = -4.0
"""Score to begin with: few pixels are keypoints."""


@dataclass(frozen=True)
class Architecture:
    """Sizes of the network, in fields of four channels.

    Args:
        stem: At full resolution.
        levels: At 1/2, 1/4, 1/8, 1/16 and 1/32.
        depth: Residual convolutions at each of these levels.
        hidden: Of the descriptor's hidden layer.
        descriptor: Of the descriptor.
    """

    stem: int = 4
    levels: tuple[int, ...] = (4, 8, 16, 32, 32)
    depth: tuple[int, ...] = (1, 1, 2, 2, 1)
    hidden: int = 48
    descriptor: int = 16

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Architecture:
        """From a model card."""
        numbers = {k: tuple(int(x) for x in v) if isinstance(v, (list, tuple)) else int(v) for k, v in values.items()}
        return cls(**numbers)  # type: ignore[arg-type]


@dataclass(frozen=True, eq=False)
class Maps:
    """What the network makes of pictures.

    Args:
        score: `[B, 1, H, W]` logit of a keypoint at a pixel that is found again and matched.
        levels: `[B, 4 * fields, H / s, W / s]` for s = 4, 8, 16, 32.
    """

    score: Tensor
    levels: tuple[Tensor, ...]


class FeatureNetwork(nn.Module):
    """See the module.

    | | shape |
    |---|---|
    | input of `forward` | grey picture `[B, 1, H, W]` in [0, 1], H and W multiples of 32 |
    | score | `[B, 1, H, W]` |
    | levels | `[B, 32, H/4, W/4]`, `[B, 64, H/8, W/8]`, `[B, 128, H/16, W/16]`, `[B, 128, H/32, W/32]` |
    | `describe` | points `[B, N, 2]` -> unit descriptors `[B, N, 64]` |
    """

    def __init__(self, architecture: Architecture = Architecture()) -> None:
        super().__init__()
        a = self.architecture = architecture
        self.lift: nn.Module = Lift(1, a.stem, 5)
        _start_with_derivatives(self.lift)
        inputs = (a.stem, *a.levels[:-1])
        self.trunk = nn.ModuleList(
            nn.Sequential(Block(i, o), *(Block(o, o, residual=True) for _ in range(n)))
            for i, o, n in zip(inputs, a.levels, a.depth, strict=True)
        )
        self.context: nn.ModuleList = nn.ModuleList(FieldConv(n, a.stem, 1) for n in a.levels[1:4])
        self.fine: nn.Module = FieldConv(a.stem, a.stem)
        score = FieldConv(a.stem, 1)
        nn.init.constant_(score.bias, _RARE)  # type: ignore[arg-type]
        self.score: nn.Module = score
        self.gather: nn.ModuleList = nn.ModuleList(FieldConv(n, a.hidden, 3 if i == 0 else 1) for i, n in enumerate(a.levels[1:]))
        self.describe_out: nn.Module = FieldConv(a.hidden, a.descriptor, 1)

    def forward(self, grey: Tensor) -> Maps:
        """Score map and pyramid of grey pictures, see the class."""
        x = even_light(grey).contiguous(memory_format=torch.channels_last)
        stem = F.relu(self.lift(x), inplace=not self.training)
        levels, x = [], stem
        for stage in self.trunk:
            x = stage(F.avg_pool2d(x, 2))
            levels.append(x)
        return Maps(self._score(stem, levels), tuple(levels[1:]))

    def _score(self, stem: Tensor, levels: list[Tensor]) -> Tensor:
        """Sharp detail of the stem, weighed by what the trunk makes of the surroundings."""
        context = self.context[2](levels[3])
        for conv, level in ((self.context[1], levels[2]), (self.context[0], levels[1])):
            context = _up(context, 2) + conv(level)
        detail = F.relu(self.fine(stem) + _up(F.relu(context), 4), inplace=not self.training)
        score: Tensor = self.score(detail)
        return score.mean(1, keepdim=True) if score.shape[1] > 1 else score

    def describe(self, maps: Maps, points: Tensor) -> Tensor:
        """Unit descriptors `[B, N, 4 * fields]` at pixels `[B, N, 2]` (x, y; centre of the top-left pixel = 0)."""
        hidden = _at_points(self.gather[0], sample_patches(maps.levels[0], points, 4))
        for conv, level, step in zip(list(self.gather)[1:], maps.levels[1:], (8, 16, 32), strict=True):
            hidden = hidden + _at_points(conv, sample(level, points, step))
        return F.normalize(_at_points(self.describe_out, F.relu(hidden)), dim=-1)

    def folded(self) -> FeatureNetwork:
        """The same for use after training: ordinary convolutions with the normalisation inside."""
        result = copy.deepcopy(self).eval()
        with torch.no_grad():
            for stage in result.trunk:
                blocks: Any = stage
                for i, block in enumerate(blocks):
                    blocks[i] = PlainBlock(block)
            result.lift = _plain(result.lift)
            result.fine = _plain(result.fine)
            last: Any = result.score
            weight, bias = last.expanded()
            result.score = plain_conv(weight.mean(0, keepdim=True), bias.mean(0, keepdim=True))
            result.context = nn.ModuleList(_plain(conv) for conv in result.context)
            result.gather = nn.ModuleList(_plain(conv) for conv in result.gather)
            result.describe_out = _plain(result.describe_out)
        return result.requires_grad_(False)


def _plain(conv: Any) -> nn.Conv2d:
    return plain_conv(*conv.expanded())


def _up(x: Tensor, factor: int) -> Tensor:
    return F.interpolate(x, scale_factor=factor, mode="bilinear", align_corners=False)


def _at_points(conv: Any, values: Tensor) -> Tensor:
    """A convolution at points: `[B, N, C * k * k]` -> `[B, N, C']`; patches are ordered as its kernel."""
    weight, bias = (conv.weight, conv.bias) if isinstance(conv, nn.Conv2d) else conv.expanded()
    return F.linear(values, weight.flatten(1), bias)


def _start_with_derivatives(lift: Any) -> None:
    """First filters: derivatives of a Gaussian (first, second, mixed) and a small bump, as every detector of corners has them."""
    size, sigma = lift.weight.shape[-1], 1.0
    x = torch.arange(size) - (size - 1) / 2
    g = torch.exp(-(x**2) / (2 * sigma**2))
    g /= g.sum()
    first, second = -x * g, (x**2 / sigma**2 - 1) * g
    filters = [torch.outer(g, first), torch.outer(g, second), torch.outer(first, first), torch.outer(g, g)]
    with torch.no_grad():
        for i, kernel in enumerate(filters[: len(lift.weight)]):
            lift.weight[i, 0] = kernel / kernel.norm()
