"""Convolutions that turn with the picture: the group of rotations by 90 degrees.

A feature field has four channels, one an orientation; turning the picture by 90 degrees turns the maps and moves every channel
on to the next orientation. Channels are ordered orientation first: `[4 * fields]`, index `orientation * fields + field`.
Source: Cohen and Welling, Group equivariant convolutional networks, ICML 2016.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

TURNS = 4


class Lift(nn.Module):
    """Convolution of plain channels into fields, `[B, C, H, W]` -> `[B, 4 * fields, H, W]`.

    Args:
        inputs: Channels.
        fields: Of the result.
        size: Odd width of the kernel.
    """

    def __init__(self, inputs: int, fields: int, size: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(fields, inputs, size, size) / math.sqrt(inputs * size * size))
        self.bias = nn.Parameter(torch.zeros(fields))

    def expanded(self) -> tuple[Tensor, Tensor]:
        """Weight `[4 * fields, C, k, k]` and bias of the ordinary convolution that this is."""
        return torch.cat([torch.rot90(self.weight, r, (2, 3)) for r in range(TURNS)]), self.bias.repeat(TURNS)

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        weight, bias = self.expanded()
        return F.conv2d(x, weight, bias, padding=weight.shape[-1] // 2)


class FieldConv(nn.Module):
    """Convolution of fields into fields, `[B, 4 * inputs, H, W]` -> `[B, 4 * fields, H, W]`.

    Args:
        inputs: Fields.
        fields: Of the result.
        size: Odd width of the kernel.
        bias: Whether there is one.
    """

    def __init__(self, inputs: int, fields: int, size: int = 3, *, bias: bool = True) -> None:
        super().__init__()
        fan_in = TURNS * inputs * size * size
        self.weight = nn.Parameter(torch.randn(fields, inputs, TURNS, size, size) * math.sqrt(2 / fan_in))
        self.bias = nn.Parameter(torch.zeros(fields)) if bias else None

    def expanded(self) -> tuple[Tensor, Tensor]:
        """Weight `[4 * fields, 4 * inputs, k, k]` and bias of the ordinary convolution that this is."""
        fields, inputs, _, height, width = self.weight.shape
        turned = [torch.rot90(self.weight.roll(r, 2), r, (3, 4)) for r in range(TURNS)]
        weight = torch.stack(turned).transpose(2, 3).reshape(TURNS * fields, TURNS * inputs, height, width)
        bias = weight.new_zeros(fields) if self.bias is None else self.bias
        return weight, bias.repeat(TURNS)

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        weight, bias = self.expanded()
        return F.conv2d(x, weight, bias, padding=weight.shape[-1] // 2)


class FieldNorm(nn.Module):
    """Batch normalisation with the same figures for the four orientations of a field."""

    def __init__(self, fields: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(fields, momentum=0.05)

    def forward(self, x: Tensor) -> Tensor:
        """`[B, 4 * fields, H, W]`, fastest when its memory is in channels-last order."""
        batch, channels, height, width = x.shape
        rows = x.permute(0, 2, 3, 1).reshape(batch, height, width * TURNS, channels // TURNS)
        normed: Tensor = self.norm(rows.permute(0, 3, 1, 2))
        return normed.permute(0, 2, 3, 1).reshape(batch, height, width, channels).permute(0, 3, 1, 2)

    def scale_and_shift(self) -> tuple[Tensor, Tensor]:
        """What it does outside training, `[4 * fields]` each."""
        mean, variance = self.norm.running_mean, self.norm.running_var
        if mean is None or variance is None:
            raise TypeError("the normalisation keeps no figures")
        scale = self.norm.weight * torch.rsqrt(variance + self.norm.eps)
        return scale.repeat(TURNS), (self.norm.bias - mean * scale).repeat(TURNS)


class Block(nn.Module):
    """Convolution of fields, normalisation, ReLU; with `residual` the input is added before the ReLU."""

    def __init__(self, inputs: int, fields: int, *, residual: bool = False) -> None:
        super().__init__()
        self.conv = FieldConv(inputs, fields, 3, bias=False)
        self.norm = FieldNorm(fields)
        self.residual = residual

    def forward(self, x: Tensor) -> Tensor:
        """`[B, 4 * inputs, H, W]` -> `[B, 4 * fields, H, W]`."""
        y: Tensor = self.norm(self.conv(x))
        return F.relu(y + x if self.residual else y)


class PlainBlock(nn.Module):
    """A `Block` after training, as one ordinary convolution."""

    def __init__(self, block: Block) -> None:
        super().__init__()
        weight, _ = block.conv.expanded()
        scale, shift = block.norm.scale_and_shift()
        self.conv = plain_conv(weight * scale[:, None, None, None], shift)
        self.residual = block.residual

    def forward(self, x: Tensor) -> Tensor:
        """As `Block.forward`."""
        y: Tensor = self.conv(x)
        return F.relu_(y.add_(x) if self.residual else y)


def plain_conv(weight: Tensor, bias: Tensor) -> nn.Conv2d:
    """An ordinary convolution with these numbers, in channels-last order."""
    conv = nn.Conv2d(weight.shape[1], weight.shape[0], weight.shape[2], padding=weight.shape[2] // 2)
    with torch.no_grad():
        conv.weight.copy_(weight)
        conv.bias.copy_(bias)  # type: ignore[union-attr]
    return conv.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]
