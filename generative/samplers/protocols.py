"""What a sampler asks of levels, denoisers and operators. Nothing here is implemented, and samplers import nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol, TypeAlias

from torch import Tensor


class Level(Protocol):
    """A level of noise, `x_t = sqrt(ā) x_0 + sqrt(1-ā) ε`."""

    @property
    def time(self) -> float:
        """What the network is told."""

    @property
    def alpha_bar(self) -> float:
        """ā; 1 = clean."""

    @property
    def signal(self) -> float:
        """sqrt(ā)."""

    @property
    def noise(self) -> float:
        """sqrt(1-ā)."""

    @property
    def sigma(self) -> float:
        """sqrt((1-ā)/ā), the noise where `x_VE = x / sqrt(ā)`."""


Steps: TypeAlias = Sequence[tuple[Level, Level]]
"""Pairs (t, s): each step goes from level t to level s. The last one ends at the clean level."""


class Prediction(NamedTuple):
    """What a denoiser sees in `x_t`; always `x_t = sqrt(ā_t) x0 + sqrt(1-ā_t) eps`, unless x0 was clamped."""

    x0: Tensor
    """The clean signal, `[B, ...]`."""
    eps: Tensor
    """The noise, of unit variance, `[B, ...]`."""


class Denoise(Protocol):
    """A network of any parameterisation, or an exact denoiser."""

    def __call__(self, x: Tensor, t: Level) -> Prediction:
        """The prediction for `x` `[B, ...]` at level `t`."""


class ResidualLevel(Protocol):
    """A level of RDDM, `I_t = I_0 + ᾱ_t I_res + β̄_t ε`."""

    @property
    def alpha_bar(self) -> float:
        """ᾱ: part of the residual; 0 = clean."""

    @property
    def beta_bar(self) -> float:
        """β̄: standard deviation of the noise; 0 = clean."""

    @property
    def times(self) -> tuple[float, float]:
        """What the network is told: for its residual head, for its noise head."""


ResidualSteps: TypeAlias = Sequence[tuple[ResidualLevel, ResidualLevel]]


class ResidualPrediction(NamedTuple):
    """What a residual denoiser sees in `I_t`."""

    residual: Tensor
    """`I_res = I_in - I_0`, `[B, ...]`."""
    eps: Tensor
    """The noise, of unit variance, `[B, ...]`."""


class ResidualDenoise(Protocol):
    """A network that sees the degraded input too."""

    def __call__(self, x: Tensor, degraded: Tensor, t: ResidualLevel) -> ResidualPrediction:
        """The prediction for `x` = I_t and `degraded` = I_in, `[B, ...]` each."""


class Operator(Protocol):
    """A linear measurement `y = A x` with its pseudo-inverse."""

    def A(self, x: Tensor) -> Tensor:
        """The measurement of `x` `[B, ...]`."""

    def A_pinv(self, y: Tensor) -> Tensor:
        """`A⁺ y`: the smallest x among those that explain `y` best."""


class SVD(Operator, Protocol):
    """An operator with a singular value decomposition, `A = U diag(s) Vᵀ`. A spectrum Vᵀx has as many numbers as x; some may have s = 0."""

    @property
    def singular_values(self) -> Tensor:
        """s, float64, of a shape that broadcasts against a spectrum."""

    def V(self, spectrum: Tensor) -> Tensor:
        """Spectrum to signal."""

    def Vt(self, x: Tensor) -> Tensor:
        """Signal to spectrum; the inverse of `V`."""


class OnStep(Protocol):
    """Is told of every step."""

    def __call__(self, done: int, total: int, x0: Tensor) -> None:
        """`x0` `[B, ...]` is the present estimate of the clean signal. An exception ends the sampling."""


def ignore(done: int, total: int, x0: Tensor) -> None:
    """The `OnStep` that does nothing."""
