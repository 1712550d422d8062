"""What a loaded prior is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn

from generative.networks.cloud_gan import CloudGan
from generative.networks.gan import Gan
from generative.networks.residual_unet import ResidualUNet
from generative.networks.unet2d import as_function
from generative.samplers import Denoiser, ResidualDenoiser
from generative.schedules import NoiseSchedule, ResidualSchedule


@dataclass(frozen=True)
class DiffusionPrior:
    """An unconditional diffusion model of patches `[B, 3, size, size]` in [-1, 1].

    Args:
        network: diffusers' U-Net.
        schedule: It was trained with.
        predicts: What comes out.
        size: Side of a patch, pixels.
    """

    network: nn.Module
    schedule: NoiseSchedule
    predicts: Literal["eps", "x0", "v"]
    size: int

    def denoiser(self) -> Denoiser:
        """For the samplers."""
        return Denoiser(as_function(self.network), self.predicts, clamp=1.0)

    @property
    def device(self) -> torch.device:
        """Where it is."""
        return next(self.network.parameters()).device


@dataclass(frozen=True)
class ResidualPrior:
    """A network for RDDM on photographs in [-1, 1]."""

    network: ResidualUNet

    def denoiser(self) -> ResidualDenoiser:
        """For the sampler."""
        return ResidualDenoiser(self.network, self.network.method)

    @property
    def schedule(self) -> ResidualSchedule:
        """Of the training."""
        return self.network.architecture.schedule

    @property
    def device(self) -> torch.device:
        """Where it is."""
        return next(self.network.parameters()).device


@dataclass(frozen=True)
class ColdPrior:
    """A restorer for Cold Diffusion of photographs in [-1, 1]."""

    network: ResidualUNet

    @property
    def device(self) -> torch.device:
        """Where it is."""
        return next(self.network.parameters()).device


@dataclass(frozen=True)
class GanPrior:
    """A generator of pictures of a class, 32x32, in [-1, 1], with its critic."""

    network: Gan
    size: int = 32

    @property
    def device(self) -> torch.device:
        """Where it is."""
        return next(self.network.parameters()).device


@dataclass(frozen=True)
class CloudGanPrior:
    """A generator of clouds of a class, in the unit sphere, z up, with its critic."""

    network: CloudGan

    @property
    def device(self) -> torch.device:
        """Where it is."""
        return next(self.network.parameters()).device


Prior = DiffusionPrior | ResidualPrior | ColdPrior | GanPrior | CloudGanPrior
