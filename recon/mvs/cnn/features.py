"""Features of a picture at four scales.

The first part of every feature is a fixed idea that training only refines: the low frequencies of a window of locally
normalised grey values (a discrete cosine basis without its constant). Brought to unit length, the product of two such
features is the zero-mean normalised cross-correlation of the windows, so the network matches before it has learned. A
light pyramid with top-down connections adds to it what it finds useful.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate, pad, relu

from recon.mvs.box import box_sum

CHANNELS = (8, 16, 32, 32)
"""Channels of the features at full, half, quarter and eighth size."""
CONTEXT = (8, 16, 32, 32)
"""Channels of the context at the same sizes, seen by the regularisers of the reference."""
_TRUNK = (8, 16, 32, 48)
_WINDOW = (5, 5, 7, 7)
# Standard deviation of grey values that counts as texture: about that of rounding and noise in 8 bits.
_NOISE = 0.004


class FeaturePyramid(nn.Module):
    """Features to be matched and context to be looked at, at four scales."""

    def __init__(self) -> None:
        super().__init__()
        previous = (4, *_TRUNK[:-1])
        self.down = nn.ModuleList(
            nn.Conv2d(a, b, 3, stride=1 if i == 0 else 2, padding=1) for i, (a, b) in enumerate(zip(previous, _TRUNK, strict=True))
        )
        self.body = nn.ModuleList(nn.Conv2d(b, b, 3, padding=1) for b in _TRUNK)
        self.top_down = nn.ModuleList(nn.Conv2d(_TRUNK[i + 1], _TRUNK[i], 1) for i in range(3))
        self.windows = nn.ModuleList(_window_bank(c, w) for c, w in zip(CHANNELS, _WINDOW, strict=True))
        self.learned = nn.ModuleList(quiet(nn.Conv2d(t, c, 3, padding=1)) for t, c in zip(_TRUNK, CHANNELS, strict=True))
        self.context = nn.ModuleList(nn.Conv2d(t + 1, c, 1) for t, c in zip(_TRUNK, CONTEXT, strict=True))

    def forward(self, image: Tensor, finest: int = 0) -> tuple[list[Tensor], list[Tensor]]:
        """Features and context.

        Args:
            image: `[B, 3, H, W]` in [0, 1]; H and W are multiples of 8.
            finest: First level that is wanted; the finer ones are left out of the result (None).

        Returns:
            Features `[B, CHANNELS[l], H / 2^l, W / 2^l]` of unit length at most, and context `[B, CONTEXT[l], ...]`.
        """
        grey = (image * image.new_tensor([0.299, 0.587, 0.114])[:, None, None]).sum(1, keepdim=True)
        flat, spread = contrast(grey, 3)
        x = torch.cat([flat, image - 0.5], 1)
        trunk = []
        for down, body in zip(self.down, self.body, strict=True):
            x = relu(down(x))
            x = relu(x + body(x))
            trunk.append(x)
        for level in range(2, finest - 1, -1):
            above = self.top_down[level](trunk[level + 1])
            trunk[level] = trunk[level] + interpolate(above, trunk[level].shape[-2:], mode="bilinear", align_corners=False)
        features: list[Tensor] = []
        context: list[Tensor] = []
        for level in range(4):
            if level > 0:
                grey = avg_pool2d(grey, 2)
                flat, spread = contrast(grey, 3) if level >= finest else (flat, spread)
            if level < finest:
                features.append(image.new_empty(0))
                context.append(image.new_empty(0))
                continue
            matched = self.windows[level](flat) + self.learned[level](trunk[level])
            features.append(matched * (matched.square().sum(1, keepdim=True) + 1e-2).rsqrt())
            context.append(self.context[level](torch.cat([trunk[level], spread], 1)))
        return features, context


def quiet(layer: nn.Conv2d) -> nn.Conv2d:
    """A layer that says almost nothing before training."""
    nn.init.normal_(layer.weight, std=1e-3)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


def contrast(grey: Tensor, radius: int) -> tuple[Tensor, Tensor]:
    """Grey values freed of brightness and contrast of their neighbourhood, and how much contrast there was.

    Args:
        grey: `[B, 1, H, W]` in [0, 1].
        radius: Half side of the neighbourhood.

    Returns:
        Normalised values, about in [-3, 3], and the logarithm of the contrast, about in [-1, 1].
    """
    around = pad(grey - 0.5, (radius,) * 4, mode="replicate")
    area = float((2 * radius + 1) ** 2)
    mean = box_sum(around, radius) / area
    variance = (box_sum(around * around, radius) / area - mean * mean).clamp_min(0)
    deviation = (variance + _NOISE**2).sqrt()
    return (grey - 0.5 - mean) / deviation, deviation.log() * 0.4 + 1.4


def _window_bank(channels: int, window: int) -> nn.Conv2d:
    """The `channels` lowest frequencies of a window (all but the constant), as the start of a convolution."""
    layer = nn.Conv2d(1, channels, window, padding=window // 2, padding_mode="replicate", bias=False)
    waves = sorted((a * a + b * b, a, b) for a in range(window) for b in range(window) if a + b > 0)[:channels]
    place = (torch.arange(window) + 0.5) * math.pi / window
    basis = torch.stack([torch.outer((a * place).cos(), (b * place).cos()) for _, a, b in waves])
    with torch.no_grad():
        layer.weight.copy_((basis / basis.flatten(1).norm(dim=1)[:, None, None])[:, None])
    return layer
