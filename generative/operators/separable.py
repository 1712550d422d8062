"""Operators that act on rows and columns apart: `Y = L X Rᵀ`."""

from __future__ import annotations

import torch
from torch import Tensor

from generative.operators.base import SVDOperator, without_small


class SeparableOperator(SVDOperator):
    """`y` `[B, C, m1, m2] = L x Rᵀ` of `x` `[B, C, n1, n2]`, with m1 ≤ n1 and m2 ≤ n2.

    The SVD is that of the two factors: `s = s_L ⊗ s_R`, `V = V_L ⊗ V_R`, `U = U_L ⊗ U_R`. It takes n1³ + n2³ operations once: for sides up
    to about a thousand; beyond, `FourierBlur` is faster.

    Args:
        left: L, `[m1, n1]`.
        right: R, `[m2, n2]`.
        cutoff: Singular values below this part of the largest are taken as 0.
    """

    def __init__(self, left: Tensor, right: Tensor, cutoff: float = 1e-2) -> None:
        self._ul, s_left, self._vlt = _svd(left)
        self._ur, s_right, self._vrt = _svd(right)
        if len(s_left) < len(self._ul) or len(s_right) < len(self._ur):
            raise ValueError("a factor has more rows than columns: it would measure some things twice")
        s_left, s_right = (_padded(s, len(vt)) for s, vt in ((s_left, self._vlt), (s_right, self._vrt)))
        self._s = without_small(torch.outer(s_left, s_right), cutoff)

    @property
    def singular_values(self) -> Tensor:
        """`[n1, n2]`."""
        return self._s

    def V(self, spectrum: Tensor) -> Tensor:
        """`V_L S V_Rᵀ`."""
        return self._vlt.T.to(spectrum) @ spectrum @ self._vrt.to(spectrum)

    def Vt(self, x: Tensor) -> Tensor:
        """`V_Lᵀ X V_R`."""
        return self._vlt.to(x) @ x @ self._vrt.T.to(x)

    def U(self, spectrum: Tensor) -> Tensor:
        """`U_L S U_Rᵀ` of the part that is measured."""
        part = spectrum[..., : len(self._ul), : len(self._ur)]
        return self._ul.to(part) @ part @ self._ur.T.to(part)

    def Ut(self, y: Tensor) -> Tensor:
        """`U_Lᵀ Y U_R`, and 0 for what is not measured."""
        part = self._ul.T.to(y) @ y @ self._ur.to(y)
        down, across = len(self._vlt) - len(self._ul), len(self._vrt) - len(self._ur)
        return torch.nn.functional.pad(part, (0, across, 0, down))


def separable_blur(rows: Tensor, columns: Tensor, height: int, width: int, cutoff: float = 1e-2) -> SeparableOperator:
    """Convolution with `rows[i] columns[j]`; beyond its border the picture is mirrored.

    Args:
        rows: Kernel along y, of odd length, `[k1]`.
        columns: Kernel along x, of odd length, `[k2]`.
        height: H.
        width: W.
        cutoff: Singular values below this part of the largest are taken as 0.
    """
    return SeparableOperator(_mirrored_convolution(rows, height), _mirrored_convolution(columns, width), cutoff)


def mirrored(index: Tensor, length: int) -> Tensor:
    """Positions in 0 ... length-1 of a line that is mirrored at both ends without end: c b a | a b c | c b a."""
    index = index % (2 * length)
    return torch.where(index < length, index, 2 * length - 1 - index)


def _mirrored_convolution(kernel: Tensor, length: int) -> Tensor:
    """`[length, length]`: `y_i = Σ_j k_j x_{i-j}` with j counted from the kernel's middle."""
    if kernel.ndim != 1 or len(kernel) % 2 == 0:
        raise ValueError(f"a kernel along an axis is a vector of odd length, not {tuple(kernel.shape)}")
    rows = torch.arange(length)[:, None].expand(-1, len(kernel))
    columns = mirrored(rows - torch.arange(len(kernel)) + len(kernel) // 2, length)
    matrix = torch.zeros(length, length, dtype=torch.float64)
    return matrix.index_put_((rows, columns), kernel.double().expand(length, -1), accumulate=True)


def _svd(matrix: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """U, s and Vᵀ, the bases square."""
    u, s, vt = torch.linalg.svd(matrix.double(), full_matrices=True)
    return u, s, vt


def _padded(values: Tensor, length: int) -> Tensor:
    return torch.nn.functional.pad(values, (0, length - len(values)))
