"""Super-resolution from means of s x s pixels."""

from __future__ import annotations

import torch
from torch import Tensor

from generative.operators.base import SVDOperator, orthonormal_basis


class AveragePool(SVDOperator):
    """`y` `[B, C, H/s, W/s]`: means over s x s blocks of `x` `[B, C, H, W]`; H and W are multiples of s.

    A block, as a vector of s² pixels, is written in a basis whose first vector is constant: `mean = 1/s ⟨1/s ... 1/s, block⟩`. A spectrum
    is `[B, C, s², H/s, W/s]`.
    """

    def __init__(self, scale: int) -> None:
        if scale < 1:
            raise ValueError(f"a scale of {scale} is none")
        self.scale = scale
        self._basis = orthonormal_basis(torch.ones(scale**2))
        self._s = torch.zeros(scale**2, 1, 1, dtype=torch.float64)
        self._s[0] = 1 / scale

    @property
    def singular_values(self) -> Tensor:
        """1/s for the constant part of a block, 0 for all other."""
        return self._s

    def V(self, spectrum: Tensor) -> Tensor:
        """Blocks from their coefficients."""
        b, c, _, h, w = spectrum.shape
        blocks = torch.einsum("ki,bckhw->bcihw", self._basis.to(spectrum), spectrum)
        blocks = blocks.reshape(b, c, self.scale, self.scale, h, w).permute(0, 1, 4, 2, 5, 3)
        return blocks.reshape(b, c, h * self.scale, w * self.scale)

    def Vt(self, x: Tensor) -> Tensor:
        """Coefficients of the blocks."""
        b, c, height, width = x.shape
        if height % self.scale or width % self.scale:
            raise ValueError(f"a picture of {height} x {width} has no whole blocks of {self.scale} x {self.scale}")
        h, w = height // self.scale, width // self.scale
        blocks = x.reshape(b, c, h, self.scale, w, self.scale).permute(0, 1, 3, 5, 2, 4).reshape(b, c, self.scale**2, h, w)
        return torch.einsum("ki,bcihw->bckhw", self._basis.to(x), blocks)

    def U(self, spectrum: Tensor) -> Tensor:
        """The first coefficient of each block."""
        return spectrum[:, :, 0]

    def Ut(self, y: Tensor) -> Tensor:
        """Blocks of which only the first coefficient is known."""
        spectrum = y.new_zeros(*y.shape[:2], self.scale**2, *y.shape[2:])
        spectrum[:, :, 0] = y
        return spectrum
