"""Blur by a symmetric kernel, at any size, of a picture that is mirrored beyond its border: what photographs come closest to."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from generative.operators.base import SVDOperator, without_small


class MirroredBlur(SVDOperator):
    """`y = k * x` of `x` `[B, C, H, W]`, with a kernel that is symmetric along both axes.

    A mirrored picture is a sum of cosines, and such a blur only scales each: `A = Cᵀ diag(k̂) C` with the orthonormal cosine transform C
    (DCT-II) and real k̂. So V = Cᵀ, s = |k̂|, and U = Cᵀ with the signs of k̂.

    Args:
        kernel: `[h, w]`, h and w odd, equal to its mirror images.
        height: H.
        width: W.
        cutoff: Singular values below this part of the largest are taken as 0.
    """

    def __init__(self, kernel: Tensor, height: int, width: int, cutoff: float = 1e-2) -> None:
        if not symmetric(kernel):
            raise ValueError("the kernel is not symmetric along both axes: take FourierBlur")
        response = _cosines(kernel.shape[0], height) @ kernel.double() @ _cosines(kernel.shape[1], width).T
        self._s = without_small(response.abs(), cutoff)
        self._sign = torch.where(response < 0, -1.0, 1.0)

    @property
    def singular_values(self) -> Tensor:
        """|k̂|, `[H, W]`."""
        return self._s

    def V(self, spectrum: Tensor) -> Tensor:
        """Sums of cosines."""
        return inverse_dct(inverse_dct(spectrum).mT).mT

    def Vt(self, x: Tensor) -> Tensor:
        """Cosine transform."""
        return dct(dct(x).mT).mT

    def U(self, spectrum: Tensor) -> Tensor:
        """Sums of cosines, with signs."""
        return self.V(self._sign.to(spectrum) * spectrum)

    def Ut(self, y: Tensor) -> Tensor:
        """Cosine transform, with signs."""
        return self._sign.to(y) * self.Vt(y)


def symmetric(kernel: Tensor) -> bool:
    """Whether a kernel is of odd size and equal to its mirror images."""
    odd = kernel.ndim == 2 and all(side % 2 for side in kernel.shape)
    return odd and all(torch.allclose(kernel, kernel.flip(axis), atol=1e-9) for axis in (0, 1))


def dct(x: Tensor) -> Tensor:
    """Orthonormal DCT-II of the last axis: the Fourier transform of the signal and its mirror image."""
    n = x.shape[-1]
    spectrum: Tensor = torch.fft.fft(torch.cat([x, x.flip(-1)], -1))[..., :n]
    return (spectrum * _twist(n).conj().to(spectrum)).real * (_scale(n) / 2).to(x)


def inverse_dct(c: Tensor) -> Tensor:
    """The inverse (and adjoint) of `dct`."""
    n = c.shape[-1]
    twist = _twist(n).to(torch.complex128 if c.dtype == torch.float64 else torch.complex64).to(c.device)
    signal: Tensor = torch.fft.ifft(c * _scale(n).to(c) * twist, n=2 * n)
    return signal.real[..., :n] * (2 * n)


def _twist(n: int) -> Tensor:
    """`e^{iπk/2n}`."""
    angle = torch.arange(n, dtype=torch.float64) * (math.pi / (2 * n))
    return torch.complex(angle.cos(), angle.sin())


def _scale(n: int) -> Tensor:
    """Lengths of the cosines, inverted."""
    scale = torch.full((n,), math.sqrt(2 / n), dtype=torch.float64)
    scale[0] = math.sqrt(1 / n)
    return scale


def _cosines(size: int, n: int) -> Tensor:
    """`cos(π u i / n)` for u = 0 ... n-1 and i from the middle of a kernel, `[n, size]`."""
    offsets = torch.arange(size, dtype=torch.float64) - size // 2
    return torch.cos(torch.arange(n, dtype=torch.float64)[:, None] * offsets * (math.pi / n))
