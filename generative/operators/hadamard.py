"""Compressed sensing by Walsh-Hadamard coefficients, at any size."""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor

from generative.operators.base import SVDOperator


class WalshHadamard(SVDOperator):
    """`y` `[B, C, m]`: a part of the Walsh-Hadamard coefficients of the shuffled pixels of `x` `[B, C, H, W]`.

    The transform needs powers of two. The n shuffled pixels are cut into runs whose lengths are the binary digits of n, and each has a
    transform of its own: together an orthogonal matrix for any n. A spectrum is `[B, C, n]`.

    Args:
        height: H.
        width: W.
        ratio: Part of the coefficients that is measured, the mean of the longest run always among them.
        generator: Draws the order of the pixels and the choice of coefficients.
    """

    def __init__(self, height: int, width: int, ratio: float, generator: Generator) -> None:
        n = height * width
        if not 0 < ratio <= 1:
            raise ValueError(f"a part of {ratio} cannot be measured")
        self._size = (height, width)
        self._runs = [1 << k for k in reversed(range(n.bit_length())) if n >> k & 1]
        self._order = torch.randperm(n, generator=generator)
        self._back = torch.argsort(self._order)
        others = 1 + torch.randperm(n - 1, generator=generator)
        self._kept = torch.cat([torch.zeros(1, dtype=torch.long), others])[: max(round(ratio * n), 1)].sort().values
        self._s = torch.zeros(n, dtype=torch.float64)
        self._s[self._kept] = 1

    @property
    def singular_values(self) -> Tensor:
        """1 for the coefficients that are measured, 0 for the others, `[n]`."""
        return self._s

    def V(self, spectrum: Tensor) -> Tensor:
        """Pixels from coefficients; a Walsh-Hadamard transform is its own inverse."""
        pixels: Tensor = self._transform(spectrum)[..., self._back.to(spectrum.device)]
        return pixels.reshape(*pixels.shape[:-1], *self._size)

    def Vt(self, x: Tensor) -> Tensor:
        """Coefficients of the shuffled pixels."""
        return self._transform(x.flatten(-2)[..., self._order.to(x.device)])

    def U(self, spectrum: Tensor) -> Tensor:
        """Those that are measured."""
        return spectrum[..., self._kept.to(spectrum.device)]

    def Ut(self, y: Tensor) -> Tensor:
        """And 0 for the others."""
        spectrum = y.new_zeros(*y.shape[:-1], len(self._s))
        spectrum[..., self._kept.to(y.device)] = y
        return spectrum

    def _transform(self, x: Tensor) -> Tensor:
        return torch.cat([walsh_hadamard(run) for run in x.split(self._runs, -1)], -1)


def walsh_hadamard(x: Tensor) -> Tensor:
    """The orthonormal transform of the last axis, whose length n is a power of two, in n log n operations (Sylvester's order)."""
    n = x.shape[-1]
    half = 1
    while half < n:
        pairs = x.unflatten(-1, (n // (2 * half), 2, half))
        a, b = pairs[..., 0, :], pairs[..., 1, :]
        x = torch.stack([a + b, a - b], -2).flatten(-3)
        half *= 2
    return x / math.sqrt(n)
