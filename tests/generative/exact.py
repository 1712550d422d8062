"""Data whose ideal denoiser is known in closed form: Gaussians and mixtures of them. All in float64."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from generative.samplers.protocols import Level, Prediction, ResidualLevel, ResidualPrediction


@dataclass(frozen=True)
class Law:
    """A Gaussian: mean `[n]`, covariance `[n, n]`."""

    mean: Tensor
    cov: Tensor

    def after(self, M: Tensor, b: Tensor, Q: Tensor) -> Law:
        """The law of `M x + b + q` with q of covariance Q."""
        return Law(M @ self.mean + b, M @ self.cov @ M.T + Q)

    def draw(self, count: int, generator: torch.Generator) -> Tensor:
        """`[count, n]`."""
        values, vectors = torch.linalg.eigh(self.cov)
        z = torch.randn(count, len(self.mean), generator=generator, dtype=torch.float64)
        return self.mean + z @ (vectors * values.clamp(min=0).sqrt()).T

    def distance(self, other: Law) -> float:
        """2-Wasserstein distance."""
        root = square_root(self.cov)
        cross = square_root(root @ other.cov @ root)
        squared = (self.mean - other.mean).square().sum() + torch.trace(self.cov + other.cov - 2 * cross)
        return math.sqrt(max(float(squared), 0.0))


def square_root(matrix: Tensor) -> Tensor:
    """The symmetric root of a symmetric matrix without negative eigenvalues."""
    values, vectors = torch.linalg.eigh((matrix + matrix.T) / 2)
    return (vectors * values.clamp(min=0).sqrt()) @ vectors.T


def standard(n: int) -> Law:
    """N(0, I)."""
    return Law(torch.zeros(n, dtype=torch.float64), torch.eye(n, dtype=torch.float64))


@dataclass(frozen=True)
class GaussianData:
    """Signals of a shape `[...]` with n numbers, of law N(mean, cov); also an ideal denoiser and an ideal residual denoiser."""

    law: Law
    shape: tuple[int, ...]

    def posterior_gain(self, signal: float, noise: float) -> tuple[Tensor, Tensor]:
        """K and k of `E[x_0 | x] = K x + k` for `x = signal x_0 + noise ε`."""
        mean, cov = self.law.mean, self.law.cov
        K = signal * torch.linalg.solve(signal**2 * cov + noise**2 * torch.eye(len(mean), dtype=torch.float64), cov).T
        return K, mean - signal * K @ mean

    def noise_gain(self, signal: float, noise: float) -> tuple[Tensor, Tensor]:
        """The same for `E[ε | x]`."""
        mean, cov = self.law.mean, self.law.cov
        eye = torch.eye(len(mean), dtype=torch.float64)
        K = noise * torch.linalg.inv(signal**2 * cov + noise**2 * eye)
        return K, -signal * K @ mean

    def estimate(self, gain: tuple[Tensor, Tensor], x: Tensor) -> Tensor:
        """`K x + k` for a batch `[B, *shape]`."""
        K, k = gain
        return (x.double().flatten(1) @ K.T + k).reshape(x.shape).to(x.dtype)

    def __call__(self, x: Tensor, t: Level) -> Prediction:
        return Prediction(self.estimate(self.posterior_gain(t.signal, t.noise), x), self.estimate(self.noise_gain(t.signal, t.noise), x))

    def residual(self, x: Tensor, degraded: Tensor, t: ResidualLevel) -> ResidualPrediction:
        """The law stands for what is known of I_0 when I_in is given: `I_t - ᾱ I_in = (1-ᾱ) I_0 + β̄ ε`."""
        rest = x - t.alpha_bar * degraded
        x0 = self.estimate(self.posterior_gain(1 - t.alpha_bar, t.beta_bar), rest)
        return ResidualPrediction(degraded - x0, self.estimate(self.noise_gain(1 - t.alpha_bar, t.beta_bar), rest))

    def posterior(self, A: Tensor, y: Tensor, sigma_y: float) -> Law:
        """The law of x_0 given `y = A x_0 + n`; A `[m, n]`, y `[m]`."""
        mean, cov = self.law.mean, self.law.cov
        inner = A @ cov @ A.T + sigma_y**2 * torch.eye(len(A), dtype=torch.float64)
        gain = cov @ A.T @ torch.linalg.pinv(inner, rtol=1e-12, hermitian=True)
        return Law(mean + gain @ (y - A @ mean), cov - gain @ A @ cov)


def gaussian_data(shape: tuple[int, ...], seed: int = 0, spread: float = 0.8) -> GaussianData:
    """Random mean and covariance, eigenvalues between 0.01 and about `spread²`."""
    n = math.prod(shape)
    generator = torch.Generator().manual_seed(seed)
    factor = torch.randn(n, n, generator=generator, dtype=torch.float64) * spread / math.sqrt(2 * n)
    mean = 0.5 * torch.randn(n, generator=generator, dtype=torch.float64)
    return GaussianData(Law(mean, factor @ factor.T + 0.01 * torch.eye(n, dtype=torch.float64)), shape)


def smooth_data(shape: tuple[int, ...], rank: int = 3, seed: int = 0) -> GaussianData:
    """Signals that, like pictures, mostly vary in few directions."""
    n = math.prod(shape)
    generator = torch.Generator().manual_seed(seed)
    factor = torch.randn(n, rank, generator=generator, dtype=torch.float64) / math.sqrt(rank)
    return GaussianData(Law(torch.zeros(n, dtype=torch.float64), factor @ factor.T + 1e-3 * torch.eye(n, dtype=torch.float64)), shape)


@dataclass(frozen=True)
class MixtureData:
    """A mixture of Gaussians with equal isotropic spread; weights `[K]`, means `[K, n]`."""

    weights: Tensor
    means: Tensor
    spread: float

    def draw(self, count: int, generator: torch.Generator) -> Tensor:
        """`[count, n]`."""
        which = torch.multinomial(self.weights, count, replacement=True, generator=generator)
        z = torch.randn(count, self.means.shape[1], generator=generator, dtype=torch.float64)
        return self.means[which] + self.spread * z

    def __call__(self, x: Tensor, t: Level) -> Prediction:
        variance = t.alpha_bar * self.spread**2 + t.noise**2
        off = x[:, None] - t.signal * self.means  # [B, K, n]
        share = torch.softmax(self.weights.log() - off.square().sum(-1) / (2 * variance), 1)[..., None]
        x0 = self.means + t.signal * self.spread**2 / variance * off
        return Prediction((share * x0).sum(1), (share * (t.noise / variance * off)).sum(1))
