"""What an operator is. Matrices are kept in float64 and follow the type and device of the signal they meet."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor


class LinearOperator(ABC):
    """A linear measurement `y = A x` of a batch of signals."""

    @abstractmethod
    def A(self, x: Tensor) -> Tensor:
        """The measurement of `x` `[B, ...]`."""

    @abstractmethod
    def A_adjoint(self, y: Tensor) -> Tensor:
        """`Aᵀ y`: `⟨A x, y⟩ = ⟨x, Aᵀ y⟩`."""

    @abstractmethod
    def A_pinv(self, y: Tensor) -> Tensor:
        """`A⁺ y`: of all x that explain `y` best (least squares) the smallest."""


class SVDOperator(LinearOperator):
    """`A = U diag(s) Vᵀ`: to write V, U and s down is to write the operator down.

    A spectrum `Vᵀ x` `[B, ...]` has as many numbers as the signal, so V is square and orthogonal. Where s = 0 nothing is measured, and
    U and Uᵀ may do there what they like.
    """

    @property
    @abstractmethod
    def singular_values(self) -> Tensor:
        """s ≥ 0, float64, of a shape that broadcasts against a spectrum."""

    @abstractmethod
    def V(self, spectrum: Tensor) -> Tensor:
        """Spectrum to signal."""

    @abstractmethod
    def Vt(self, x: Tensor) -> Tensor:
        """Signal to spectrum, the inverse of `V`."""

    @abstractmethod
    def U(self, spectrum: Tensor) -> Tensor:
        """Spectrum to measurement."""

    @abstractmethod
    def Ut(self, y: Tensor) -> Tensor:
        """Measurement to spectrum: `Uᵀ U = I` where s > 0."""

    def A(self, x: Tensor) -> Tensor:
        """`U diag(s) Vᵀ x`."""
        return self.U(self.singular_values.to(x) * self.Vt(x))

    def A_adjoint(self, y: Tensor) -> Tensor:
        """`V diag(s) Uᵀ y`."""
        return self.V(self.singular_values.to(y) * self.Ut(y))

    def A_pinv(self, y: Tensor) -> Tensor:
        """`V diag(s⁺) Uᵀ y`, with s⁺ = 1/s, or 0 where s = 0."""
        s = self.singular_values
        inverse = torch.where(s > 0, 1 / torch.where(s > 0, s, 1), 0)
        return self.V(inverse.to(y) * self.Ut(y))


def without_small(singular_values: Tensor, cutoff: float) -> Tensor:
    """Singular values below `cutoff` times the largest become 0, in A itself: such components count as not measured."""
    return torch.where(singular_values >= cutoff * singular_values.max(), singular_values, 0)


def orthonormal_basis(first: Tensor) -> Tensor:
    """An orthogonal `[n, n]` float64 whose first row is `first` `[n]`, normalised: a Householder reflection."""
    first = first.double() / torch.linalg.vector_norm(first.double())
    axis = torch.zeros_like(first)
    axis[0] = 1
    normal = axis - first
    if float(normal @ normal) < 1e-30:
        return torch.eye(len(first), dtype=torch.float64)
    return torch.eye(len(first), dtype=torch.float64) - 2 * torch.outer(normal, normal) / (normal @ normal)
