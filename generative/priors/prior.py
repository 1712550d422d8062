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
from generative.priors.precision import in_bf16
from generative.samplers import Denoiser, ResidualDenoiser
from generative.samplers.cold import Restore
from generative.schedules import NoiseSchedule, ResidualSchedule


@dataclass(frozen=True)
class DiffusionPrior:
    """An unconditional diffusion model of patches `[B, 3, size, size]` in [-1, 1].

    Args:
        network: diffusers' U-Net.
        schedule: It was trained with.
        predicts: What comes out.
        size: Side of a patch, pixels.
        bf16: Whether the network computes in bfloat16.
    """

    network: nn.Module
    schedule: NoiseSchedule
    predicts: Literal["eps", "x0", "v"]
    size: int
    bf16: bool = False

    def denoiser(self) -> Denoiser:
        """For the samplers."""
        network = as_function(self.network)
        return Denoiser(in_bf16(network) if self.bf16 else network, self.predicts, clamp=1.0)

    @property
    def device(self) -> torch.device:
        """Where it is."""
        return next(self.network.parameters()).device


@dataclass(frozen=True)
class ResidualPrior:
    """A network for RDDM on photographs in [-1, 1]."""

    network: ResidualUNet
    bf16: bool = False

    def denoiser(self) -> ResidualDenoiser:
        """For the sampler."""
        return ResidualDenoiser(in_bf16(self.network) if self.bf16 else self.network, self.network.method)

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
    bf16: bool = False

    def restorer(self) -> Restore:
        """For the sampler."""
        return in_bf16(self.network.restored) if self.bf16 else self.network.restored

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
