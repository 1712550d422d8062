"""diffusers' unconditional U-Net: the one place where diffusers is imported, and only when a network is built."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor, nn

SMALL: Mapping[str, Any] = {
    "sample_size": 64,
    "in_channels": 3,
    "out_channels": 3,
    "layers_per_block": 2,
    "block_out_channels": [64, 128, 192],
    "down_block_types": ["DownBlock2D", "DownBlock2D", "AttnDownBlock2D"],
    "up_block_types": ["AttnUpBlock2D", "UpBlock2D", "UpBlock2D"],
    "norm_num_groups": 16,
}
"""The U-Net of `photo-prior`."""


def unet2d(settings: Mapping[str, Any]) -> nn.Module:
    """A fresh `UNet2DModel` with these settings (its own names)."""
    from diffusers import UNet2DModel

    network: nn.Module = UNet2DModel.from_config(dict(settings))
    return network


def as_function(network: nn.Module) -> Callable[[Tensor, Tensor], Tensor]:
    """The U-Net as `network(x [B, C, H, W], time [B]) -> [B, C, H, W]`."""

    def predict(x: Tensor, time: Tensor) -> Tensor:
        out: Tensor = network(x, time).sample
        return out

    return predict
