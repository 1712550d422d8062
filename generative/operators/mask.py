"""Inpainting and plain denoising: s is 1 where something was measured, and V and U do nothing."""

from __future__ import annotations

import torch
from torch import Tensor

from generative.operators.base import SVDOperator


class Mask(SVDOperator):
    """`y = m x`: values outside of the mask become 0.

    Args:
        known: Bool mask that broadcasts against the signals: `[H, W]`, `[B, 1, H, W]`, `[N, 1]`, ...
    """

    def __init__(self, known: Tensor) -> None:
        self._known = known.double()

    @property
    def singular_values(self) -> Tensor:
        """1 where known, 0 elsewhere."""
        return self._known

    def V(self, spectrum: Tensor) -> Tensor:
        """Nothing to do."""
        return spectrum

    def Vt(self, x: Tensor) -> Tensor:
        """Nothing to do."""
        return x

    def U(self, spectrum: Tensor) -> Tensor:
        """Nothing to do."""
        return spectrum

    def Ut(self, y: Tensor) -> Tensor:
        """Nothing to do."""
        return y


class Identity(Mask):
    """`y = x`: with noise on y, denoising."""

    def __init__(self) -> None:
        super().__init__(torch.ones(()))
