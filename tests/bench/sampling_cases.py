"""Pictures whose posterior is known: a Gaussian prior with the correlations of photographs, and the usual measurements of them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from generative import operators as ops
from tests.generative.exact import GaussianData, Law
from tests.generative.laws import Measured

SIDE = 8
RANGE = 4.0
"""Pixels over which neighbours are alike."""


def pictures(channels: int) -> GaussianData:
    """Pictures `[channels, 8, 8]` in about [-1, 1]: standard deviation 0.5, correlation `exp(-distance / 4)`, 0.9 between colours."""
    axis = torch.arange(SIDE, dtype=torch.float64)
    y, x = (grid.flatten() for grid in torch.meshgrid(axis, axis, indexing="ij"))
    space = torch.exp(-torch.hypot(x[:, None] - x, y[:, None] - y) / RANGE)
    colour = torch.full((channels, channels), 0.9, dtype=torch.float64).fill_diagonal_(1.0)
    cov = 0.25 * torch.kron(colour, space)
    return GaussianData(Law(torch.zeros(len(cov), dtype=torch.float64), cov), (channels, SIDE, SIDE))


def operators() -> dict[str, tuple[ops.SVDOperator, int]]:
    """Name -> (operator, channels of the pictures)."""
    g = torch.Generator().manual_seed(0)
    return {
        "denoising": (ops.Identity(), 1),
        "inpainting, half of the pixels": (ops.Mask(torch.rand(SIDE, SIDE, generator=g) > 0.5), 1),
        "4x super-resolution, mean": (ops.AveragePool(4), 1),
        "2x super-resolution, bicubic": (ops.bicubic_downsampling(SIDE, SIDE, 2), 1),
        "uniform blur of 3": (ops.separable_blur(ops.uniform_kernel(3), ops.uniform_kernel(3), SIDE, SIDE), 1),
        "Gaussian blur of 1": (ops.FourierBlur(ops.gaussian_kernel_2d(1.0, 1.0), SIDE, SIDE), 1),
        "anisotropic blur": (ops.FourierBlur(ops.gaussian_kernel_2d(2.0, 0.5, 0.6), SIDE, SIDE), 1),
        "colourisation": (ops.Grey(), 3),
        "compressed sensing, a quarter": (ops.WalshHadamard(SIDE, SIDE, 0.25, g), 1),
    }


@dataclass(frozen=True)
class Problem:
    """A picture, what was measured of it, and what is known then."""

    data: GaussianData
    truth: Tensor
    measured: Measured
    sigma_y: float
    posterior: Law

    @classmethod
    def draw(cls, operator: ops.SVDOperator, channels: int, sigma_y: float, seed: int) -> Problem:
        """A random one."""
        data, generator = pictures(channels), torch.Generator().manual_seed(seed)
        truth = data.law.draw(1, generator)[0]
        clean = operator.A(truth.reshape(1, *data.shape))
        y = clean + sigma_y * torch.randn(clean.shape, generator=generator, dtype=torch.float64)
        measured = Measured(operator, data.shape, y.flatten())
        return cls(data, truth, measured, sigma_y, data.posterior(measured.A, y.flatten(), sigma_y))

    def pseudo_inverse(self) -> Law:
        """A⁺y, without any doubt."""
        estimate = self.measured.A_pinv @ self.measured.y
        return Law(estimate, torch.zeros(len(estimate), len(estimate), dtype=torch.float64))

    def rmse(self, law: Law) -> float:
        """Expected error of one sample, a pixel."""
        squared = (law.mean - self.truth).square().sum() + torch.trace(law.cov).clamp(min=0)
        return math.sqrt(float(squared) / len(self.truth))

    def rmse_of_mean(self, law: Law) -> float:
        """Error of the mean of many samples, a pixel."""
        return math.sqrt(float((law.mean - self.truth).square().mean()))

    def gap(self, law: Law) -> float:
        """2-Wasserstein distance to the exact posterior, a pixel."""
        return law.distance(self.posterior) / math.sqrt(len(self.truth))
