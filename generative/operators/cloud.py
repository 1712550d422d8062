"""What is measured of a point cloud `[B, N, 3]`."""

from __future__ import annotations

import torch
from torch import Tensor

from generative.operators.base import SVDOperator


class PointSubset(SVDOperator):
    """`y` `[B, M, 3]`: the points of some indices.

    Args:
        indices: `[M]`, no two equal.
        count: N.
    """

    def __init__(self, indices: Tensor, count: int) -> None:
        if len(indices.unique()) < len(indices) or int(indices.min()) < 0 or int(indices.max()) >= count:
            raise ValueError(f"indices have to be different and below {count}")
        self._indices = indices
        self._s = torch.zeros(count, 1, dtype=torch.float64)
        self._s[indices] = 1

    @property
    def singular_values(self) -> Tensor:
        """1 for the points that are seen, 0 for the others, `[N, 1]`."""
        return self._s

    def V(self, spectrum: Tensor) -> Tensor:
        """Nothing to do."""
        return spectrum

    def Vt(self, x: Tensor) -> Tensor:
        """Nothing to do."""
        return x

    def U(self, spectrum: Tensor) -> Tensor:
        """The points that are seen."""
        return spectrum[:, self._indices.to(spectrum.device)]

    def Ut(self, y: Tensor) -> Tensor:
        """And 0 for the others."""
        spectrum = y.new_zeros(len(y), len(self._s), y.shape[2])
        spectrum[:, self._indices.to(y.device)] = y
        return spectrum


class ViewProjection(SVDOperator):
    """`y` `[B, N, 2]`: where the points appear in a view without perspective (orthographic); their depth is not measured.

    Args:
        cam_from_world: Rotation `[3, 3]`; x right, y down, z forward.
    """

    def __init__(self, cam_from_world: Tensor) -> None:
        self._rotation = cam_from_world.double()
        identity = torch.eye(3, dtype=torch.float64)
        if cam_from_world.shape != (3, 3) or not torch.allclose(self._rotation @ self._rotation.T, identity, atol=1e-6):
            raise ValueError("this is no rotation")

    @property
    def singular_values(self) -> Tensor:
        """1 across the line of sight, 0 along it."""
        return torch.tensor([1, 1, 0], dtype=torch.float64)

    def V(self, spectrum: Tensor) -> Tensor:
        """Camera to world."""
        return spectrum @ self._rotation.to(spectrum)

    def Vt(self, x: Tensor) -> Tensor:
        """World to camera."""
        return x @ self._rotation.T.to(x)

    def U(self, spectrum: Tensor) -> Tensor:
        """x and y in the view."""
        return spectrum[..., :2]

    def Ut(self, y: Tensor) -> Tensor:
        """With depth 0."""
        return torch.cat([y, torch.zeros_like(y[..., :1])], -1)
