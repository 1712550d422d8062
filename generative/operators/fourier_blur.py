"""Blur by any kernel, at any size, by FFT; the picture continues on its opposite side."""

from __future__ import annotations

import torch
from torch import Tensor

from generative.operators.base import SVDOperator, without_small


class FourierBlur(SVDOperator):
    """`y = k * x`, cyclic convolution of `x` `[B, C, H, W]`.

    In Fourier space A multiplies by `k̂ = |k̂| e^{iφ}`. The Hartley transform `H = Re F - Im F` is real, orthogonal and its own inverse, and,
    since |k̂| is even, `H diag(|k̂|) H` is multiplication by |k̂|. So V = H, s = |k̂|, and U = P H with the all-pass P of e^{iφ}.

    Args:
        kernel: `[h, w]`; its centre is element (h // 2, w // 2). It may be larger than the picture.
        height: H.
        width: W.
        cutoff: Singular values below this part of the largest are taken as 0.
    """

    def __init__(self, kernel: Tensor, height: int, width: int, cutoff: float = 1e-2) -> None:
        if kernel.ndim != 2:
            raise ValueError(f"a kernel is [h, w], not {tuple(kernel.shape)}")
        response = torch.fft.fft2(_wrapped(kernel.double(), height, width))
        self._s = without_small(response.abs(), cutoff)
        self._all_pass = torch.where(self._s > 0, response / torch.where(self._s > 0, response.abs(), 1), 1)

    @property
    def singular_values(self) -> Tensor:
        """|k̂|, `[H, W]`."""
        return self._s

    def V(self, spectrum: Tensor) -> Tensor:
        """Hartley transform."""
        return _hartley(spectrum)

    def Vt(self, x: Tensor) -> Tensor:
        """Hartley transform."""
        return _hartley(x)

    def U(self, spectrum: Tensor) -> Tensor:
        """`P H`."""
        return _filtered(_hartley(spectrum), self._all_pass)

    def Ut(self, y: Tensor) -> Tensor:
        """`H Pᵀ`."""
        return _hartley(_filtered(y, self._all_pass.conj()))


def _hartley(x: Tensor) -> Tensor:
    """Orthonormal Hartley transform over the last two axes."""
    f: Tensor = torch.fft.fft2(x, norm="ortho")
    return f.real - f.imag


def _filtered(x: Tensor, response: Tensor) -> Tensor:
    """`x` with its Fourier coefficients multiplied by `response` `[H, W]`."""
    f: Tensor = torch.fft.fft2(x)
    filtered: Tensor = torch.fft.ifft2(f * response.to(f))
    return filtered.real


def _wrapped(kernel: Tensor, height: int, width: int) -> Tensor:
    """The kernel on the torus `[height, width]`, its centre at (0, 0)."""
    rows = (torch.arange(kernel.shape[0]) - kernel.shape[0] // 2) % height
    columns = (torch.arange(kernel.shape[1]) - kernel.shape[1] // 2) % width
    torus = torch.zeros(height, width, dtype=torch.float64)
    return torus.index_put_((rows[:, None], columns[None]), kernel, accumulate=True)
