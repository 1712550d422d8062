"""RDDM's network for photographs: one U-Net, two heads."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from generative.networks.balance import believed
from generative.schedules import ResidualSchedule, power


@dataclass(frozen=True)
class ResidualUNetArchitecture:
    """Enough to build the network again.

    Args:
        widths: Channels at 1/2, 1/4, 1/8 ... of the picture's size; multiples of 8.
        blocks: Residual blocks of each size, down and up.
        noise: β̄_T of the schedule it is trained with.
        levels: T of that schedule.
    """

    widths: tuple[int, ...] = (48, 96, 160)
    blocks: int = 2
    noise: float = 0.1
    levels: int = 1000

    @property
    def stride(self) -> int:
        """Sides of pictures have to be multiples of it."""
        return int(2 ** len(self.widths))

    @property
    def schedule(self) -> ResidualSchedule:
        """The schedule of the training. Networks are path-independent, so they may be sampled with others."""
        return power(self.levels, beta_bar_T=self.noise, path_independent=True)


class ResidualUNet(nn.Module):
    """Predicts the residual `I_res = I_in - I_0` and the noise ε of `I_t`, told (ᾱ_t T, β̄_t T): path-independent.

    Pixels are folded two by two into channels, so that a photograph of megapixels stays affordable on a processor.

    Args:
        architecture: Sizes.
    """

    def __init__(self, architecture: ResidualUNetArchitecture = ResidualUNetArchitecture()) -> None:
        super().__init__()
        self.architecture = architecture
        widths, blocks = architecture.widths, architecture.blocks
        features = 4 * widths[0]
        self.time = nn.Sequential(nn.Linear(2 * EMBEDDING, features), nn.SiLU(), nn.Linear(features, features))
        self.stem = nn.Conv2d(4 * 6, widths[0], 3, padding=1)
        self.down = nn.ModuleList(nn.ModuleList(Block(w, w, features) for _ in range(blocks)) for w in widths)
        self.shrink = nn.ModuleList(nn.Conv2d(a, b, 2, stride=2) for a, b in pairwise(widths))
        self.grow = nn.ModuleList(nn.Conv2d(b, 4 * a, 1) for a, b in pairwise(widths))
        self.up = nn.ModuleList(nn.ModuleList(Block(2 * w if i == 0 else w, w, features) for i in range(blocks)) for w in widths[:-1])
        self.head = nn.Sequential(nn.GroupNorm(8, widths[0]), nn.SiLU(), nn.Conv2d(widths[0], 4 * 6, 3, padding=1))
        for parameter in self.head[-1].parameters():  # begins with "nothing is wrong with the picture"
            nn.init.zeros_(parameter)
        self.balance = nn.Parameter(torch.tensor(0.5))

    def forward(self, x: Tensor, degraded: Tensor, times: Tensor) -> tuple[Tensor, Tensor]:
        """The two heads.

        | argument | shape | values |
        |---|---|---|
        | x | [B, 3, H, W] | I_t; H and W multiples of `architecture.stride` |
        | degraded | [B, 3, H, W] | I_in, in [-1, 1]; exactly 0 where nothing is known |
        | times | [B, 2] | ᾱ_t T and β̄_t T |
        | residual | [B, 3, H, W] | I_in - I_0 |
        | eps | [B, 3, H, W] | ε |
        """
        told = self.time(torch.cat([embedding(times[:, 0]), embedding(times[:, 1])], 1))
        h = self.stem(F.pixel_unshuffle(torch.cat([x, degraded], 1), 2))
        kept: list[Tensor] = []
        for level, blocks in enumerate(self.down):
            if level > 0:
                kept.append(h)
                h = self.shrink[level - 1](h)
            for block in blocks:  # type: ignore[attr-defined]
                h = block(h, told)
        for level in reversed(range(len(self.up))):
            h = torch.cat([F.pixel_shuffle(self.grow[level](h), 2), kept.pop()], 1)
            for block in self.up[level]:  # type: ignore[attr-defined]
                h = block(h, told)
        residual, eps = F.pixel_shuffle(self.head(h), 2).chunk(2, 1)
        return residual, eps

    def restored(self, x: Tensor, severity: float | Tensor) -> Tensor:
        """The restorer `R(x, s) ≈ x0` of Cold Diffusion by the head of the residual: `x - residual`.

        Args:
            x: `[B, 3, H, W]`, degraded.
            severity: One, or one for each picture `[B]`, 0 to 1; it takes the place of ᾱ.
        """
        told = torch.as_tensor(severity, dtype=x.dtype, device=x.device).expand(len(x)) * self.architecture.levels
        residual: Tensor = self(x, x, torch.stack([told, torch.zeros_like(told)], 1))[0]
        return x - residual

    @property
    def method(self) -> Literal["res", "noise", "res+noise"]:
        """Which heads were trained to the end, by `L_auto` (`generative.training.objectives`)."""
        return believed(float(self.balance.detach()))


EMBEDDING = 64
"""Sines and cosines a time is written in."""


def embedding(time: Tensor) -> Tensor:
    """`[B] -> [B, 64]`, wavelengths from 2π to 2π·10⁴ (Vaswani et al. 2017, section 3.5)."""
    half = EMBEDDING // 2
    frequencies = torch.exp(torch.arange(half, device=time.device, dtype=time.dtype) * (-math.log(1e4) / half))
    angles = time[:, None] * frequencies
    return torch.cat([angles.sin(), angles.cos()], 1)


class Block(nn.Module):
    """Two 3x3 convolutions around a shift and scale told by time, added to the input (Ho et al. 2020, appendix B)."""

    def __init__(self, channels: int, width: int, features: int) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.GroupNorm(8, channels), nn.SiLU(), nn.Conv2d(channels, width, 3, padding=1))
        self.told = nn.Linear(features, 2 * width)
        self.norm = nn.GroupNorm(8, width)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        self.skip = nn.Conv2d(channels, width, 1) if channels != width else nn.Identity()
        nn.init.zeros_(self.second.weight)
        nn.init.zeros_(self.second.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor, told: Tensor) -> Tensor:
        """`[B, channels, h, w]` and `[B, features]` to `[B, width, h, w]`."""
        scale, shift = self.told(told)[:, :, None, None].chunk(2, 1)
        h = self.norm(self.first(x)) * (1 + scale) + shift
        out: Tensor = self.skip(x) + self.second(F.silu(h))
        return out
