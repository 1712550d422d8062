"""Any matrix, for small signals."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from generative.operators.base import SVDOperator, without_small


class DenseOperator(SVDOperator):
    """`y` `[B, m] = M vec(x)`.

    Args:
        matrix: M, `[m, n]`.
        shape: Of a signal without the batch; its product is n.
        cutoff: Singular values below this part of the largest are taken as 0.
    """

    def __init__(self, matrix: Tensor, shape: tuple[int, ...], cutoff: float = 1e-6) -> None:
        if matrix.ndim != 2 or matrix.shape[1] != math.prod(shape):
            raise ValueError(f"a matrix {tuple(matrix.shape)} does not act on signals {shape}")
        self._shape = shape
        u, s, vt = torch.linalg.svd(matrix.double(), full_matrices=True)
        self._u: Tensor = u[:, : len(s)]
        self._vt: Tensor = vt
        self._s = torch.nn.functional.pad(without_small(s, cutoff), (0, len(self._vt) - len(s)))

    @property
    def singular_values(self) -> Tensor:
        """`[n]`, falling."""
        return self._s

    def V(self, spectrum: Tensor) -> Tensor:
        """`[B, n] -> [B, ...]`."""
        return (spectrum @ self._vt.to(spectrum)).reshape(-1, *self._shape)

    def Vt(self, x: Tensor) -> Tensor:
        """`[B, ...] -> [B, n]`."""
        return x.flatten(1) @ self._vt.T.to(x)

    def U(self, spectrum: Tensor) -> Tensor:
        """`[B, n] -> [B, m]`."""
        return spectrum[:, : self._u.shape[1]] @ self._u.T.to(spectrum)

    def Ut(self, y: Tensor) -> Tensor:
        """`[B, m] -> [B, n]`, 0 for what is not measured."""
        return torch.nn.functional.pad(y @ self._u.to(y), (0, len(self._vt) - self._u.shape[1]))
