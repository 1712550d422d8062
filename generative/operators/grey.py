"""Colourisation: only a weighted sum of the channels was measured."""

from __future__ import annotations

import torch
from torch import Tensor

from generative.operators.base import SVDOperator, orthonormal_basis

LUMA = (0.299, 0.587, 0.114)
"""Weights of R, G, B in the brightness of a picture (ITU-R BT.601)."""


class Grey(SVDOperator):
    """`y` `[B, 1, H, W] = Σ w_c x_c` of `x` `[B, C, H, W]`; the weights are the first axis of a basis of the colours.

    Args:
        weights: One a channel.
    """

    def __init__(self, weights: tuple[float, ...] = LUMA) -> None:
        w = torch.tensor(weights, dtype=torch.float64)
        self._basis = orthonormal_basis(w)
        self._s = torch.zeros(len(weights), 1, 1, dtype=torch.float64)
        self._s[0] = torch.linalg.vector_norm(w)

    @property
    def singular_values(self) -> Tensor:
        """|w| for the measured axis of colour, 0 for the others."""
        return self._s

    def V(self, spectrum: Tensor) -> Tensor:
        """Colours from their coordinates in the basis."""
        return torch.einsum("kc,bkhw->bchw", self._basis.to(spectrum), spectrum)

    def Vt(self, x: Tensor) -> Tensor:
        """Coordinates of the colours in the basis."""
        return torch.einsum("kc,bchw->bkhw", self._basis.to(x), x)

    def U(self, spectrum: Tensor) -> Tensor:
        """The first coordinate."""
        return spectrum[:, :1]

    def Ut(self, y: Tensor) -> Tensor:
        """Colours of which only the first coordinate is known."""
        return torch.cat([y, y.new_zeros(len(y), len(self._s) - 1, *y.shape[2:])], 1)
