"""What a camera's sensor does to the light: exposure, white balance and noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch


@dataclass(frozen=True)
class Sensor:
    """Small differences between photographs, all in linear light (white = 1).

    Args:
        exposure: Standard deviation of the exposure between photos, in stops.
        white_balance: Standard deviation of the gain of the red and blue channels.
        shot_noise: Variance per unit of light: `sigma^2 = shot_noise * light + read_noise^2`.
        read_noise: Standard deviation of the noise in the dark.
    """

    exposure: float = 0.08
    white_balance: float = 0.01
    shot_noise: float = 6e-5
    read_noise: float = 0.0015

    def expose(self, linear: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
        """One photograph `[H, W, 3]` of the light `[H, W, 3]`; not clipped."""
        gain = np.full(3, 2.0 ** rng.normal(0.0, self.exposure), np.float32)
        gain[[0, 2]] *= 1 + rng.normal(0.0, self.white_balance, 2).astype(np.float32)
        light = linear * torch.from_numpy(gain)
        noise = torch.from_numpy(rng.standard_normal(tuple(light.shape), dtype=np.float32))
        return light + noise * (self.shot_noise * light.clamp_min(0) + self.read_noise**2).sqrt()
