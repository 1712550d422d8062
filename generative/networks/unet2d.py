"""diffusers' U-Net: the one place where diffusers is imported, and only when a network is built."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor, nn
from torch.nn import functional as F

CHANNELS = 3
ATTENTION_AT = 8
"""Side of the level that has attention, in what the network takes for pixels."""
FOLD = 2


def unet_settings(size: int, width: int = 16, classes: int = 0) -> dict[str, Any]:
    """Settings of a U-Net of four levels with width, 2, 4 and 8 times width channels and one block a level, for small pictures.

    Width 16 (2.7 M weights) trains at 0.3 s a step on one processor core, with 32 pictures of 32 pixels; on a GPU take 64 or more.

    Args:
        size: Side of a picture, pixels; a multiple of 8.
        width: Channels at full size; a multiple of 8.
        classes: Labels that the network is told, 0 = unconditional.
    """
    labels = {"num_class_embeds": classes} if classes else {}
    return labels | _settings(size, CHANNELS, [width << level for level in range(4)])


def folded_settings(size: int, width: int = 64) -> dict[str, Any]:
    """Settings of a U-Net of three levels with width, 2 and 3 times width channels that sees pixels folded two by two, for patches.

    A processor multiplies wide, small layers several times as fast as narrow, large ones. Width 64 (7.2 M weights) trains at 0.3 s a step
    on one processor core, with eight patches of 64 pixels; on a GPU take 128 or more.

    Args:
        size: Side of a patch, pixels; a multiple of 8.
        width: Channels at half of the size; a multiple of 8.
    """
    return _settings(size // FOLD, CHANNELS * FOLD**2, [width, 2 * width, 3 * width])


def _settings(size: int, channels: int, widths: list[int]) -> dict[str, Any]:
    attends = [size >> level == ATTENTION_AT for level in range(len(widths))]
    return {
        "sample_size": size,
        "in_channels": channels,
        "out_channels": channels,
        "layers_per_block": 1,
        "block_out_channels": widths,
        "down_block_types": ["AttnDownBlock2D" if attend else "DownBlock2D" for attend in attends],
        "up_block_types": ["AttnUpBlock2D" if attend else "UpBlock2D" for attend in reversed(attends)],
        "norm_num_groups": 8,
        "attention_head_dim": min(32, widths[0]),
    }


def unet2d(settings: Mapping[str, Any]) -> nn.Module:
    """A fresh `UNet2DModel` with these settings (its own names)."""
    from diffusers import UNet2DModel

    network: nn.Module = UNet2DModel.from_config(dict(settings))
    return network


def fold(settings: Mapping[str, Any]) -> int:
    """How many pixels in each direction such a network takes for one, by its channels: 3 are plain pictures, 12 those folded two by two.

    Raises:
        ValueError: The channels are not those of colour pictures.
    """
    channels, out = int(settings["in_channels"]), int(settings["out_channels"])
    side = math.isqrt(channels // CHANNELS)
    if not channels == out == CHANNELS * side**2 > 0:
        raise ValueError(f"{channels} channels in and {out} out are not those of colour pictures")
    return side


def patch_side(settings: Mapping[str, Any]) -> int:
    """Side in pixels of the pictures such a network is made for; 64 where its settings do not say."""
    return int(settings.get("sample_size") or 64 // fold(settings)) * fold(settings)


def as_function(network: nn.Module, labels: Tensor | None = None) -> Callable[[Tensor, Tensor], Tensor]:
    """The U-Net as `network(x [B, 3, H, W], time [B]) -> [B, 3, H, W]`.

    Args:
        network: Of `unet2d`.
        labels: Class numbers `[B]`, for a conditional one.
    """
    config: Any = network.config
    side, told = fold(config), {} if labels is None else {"class_labels": labels}

    def predict(x: Tensor, time: Tensor) -> Tensor:
        return F.pixel_shuffle(network(F.pixel_unshuffle(x, side), time, **told).sample, side)

    return predict
