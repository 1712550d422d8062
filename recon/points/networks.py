"""PointNet++ networks: one backbone, and heads for displacement, outliers, normals and classes."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from recon.points.fits import Fits, fit
from recon.points.layers import FeaturePropagation, Scale, SetAbstraction, mlp


@dataclass(frozen=True)
class Architecture:
    """Sizes of `RefineNetwork`.

    Args:
        sizes: Neighbours that planes are put through, ascending.
        quadrics: At how many of the largest sizes quadrics are, too.
        support: Figures that a reconstruction gives of every point, see `recon.points.support`.
        widths: Channels at all points, at a quarter and at a sixteenth of them.
        neighbors: Of a point at the two coarser levels.
        units: About the radius of these neighbourhoods, in patch coordinates.
    """

    sizes: tuple[int, ...] = (8, 18, 40, 90)
    quadrics: int = 2
    support: int = 2
    widths: tuple[int, int, int] = (48, 64, 96)
    neighbors: tuple[int, int] = (16, 16)
    units: tuple[float, float] = (0.15, 0.4)

    def plain(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    @classmethod
    def of(cls, values: dict[str, Any]) -> Architecture:
        """From plain JSON values."""
        plain: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
        return cls(**plain)


class Refinement(NamedTuple):
    """What the network says of every point, in patch coordinates.

    Args:
        displacement: `[B, N, 3]`, to be added to the points.
        outlier: `[B, N]`, logit of being well off the surface even after the displacement.
        normal: `[B, N, 3]` unit vectors; which of the two sides they point to means nothing.
    """

    displacement: Tensor
    outlier: Tensor
    normal: Tensor


class RefineNetwork(nn.Module):
    """Moves points of a patch onto the surface, finds those that belong to none, and tells the normals.

    Planes and quadrics through small neighbourhoods follow the surface and its noise, those through large ones neither. PointNet++ judges
    from the surroundings how much of each to take, and adds what none of them says. Whether a point is an outlier also follows from what
    the reconstruction says of it.
    """

    def __init__(self, architecture: Architecture = Architecture()) -> None:
        super().__init__()
        self.sizes, self.quadrics = architecture.sizes, architecture.quadrics
        s, q = len(self.sizes), self.quadrics
        (a, b, c), (j, k), (v, w) = architecture.widths, architecture.neighbors, architecture.units
        self.support = architecture.support
        self.near = mlp(6 * s + q, a, a)
        self.middle = SetAbstraction(a, 1 / 4, [Scale(j, (b, b), unit=v)])
        self.far = SetAbstraction(b, 1 / 4, [Scale(k, (c, c), unit=w)])
        self.context = mlp(c, 2 * c, c)
        self.to_middle = FeaturePropagation(c, b, (c, c), unit=w)
        self.to_all = FeaturePropagation(c, a, (b, b, b), unit=v)
        self.head = nn.Linear(b, 3 * s + q + 6)
        self.outlier = nn.Sequential(mlp(6 * s + q + self.support + b, 48, 32), nn.Linear(32, 1))
        nn.init.normal_(self.head.weight, std=0.01)
        with torch.no_grad():  # begins as the mean of all quadrics
            self.head.bias.copy_(torch.tensor([1 / q] * q + [0.0] * 2 * s + [1.0] * s + [0.0] * 6))

    def forward(self, points: Tensor, support: Tensor | None = None) -> Refinement:
        """Looks at patches.

        | | shape |
        | --- | --- |
        | points | `[B, N, 3]`, see `recon.points.patches.PatchFrame` |
        | support | `[B, N, support]` in [0, 1], 0 = not known, as everywhere when left out |
        | returns | see `Refinement` |
        """
        fits = fit(points, self.sizes, self.quadrics)
        up = _upward(fits)
        figures = _invariants(fits, up)
        near = self.near(figures)
        middle, some = self.middle(near, points)
        far, few = self.far(middle, some)
        middle = self.to_middle(far + self.context(far), few, middle, some)
        everywhere = self.to_all(middle, some, near, points)
        s = len(self.sizes)
        curved, flat, across, facing, free = self.head(everywhere).split([self.quadrics, s, s, s, 6], -1)
        displacement = _mix(curved, fits.to_quadric) + _mix(flat, fits.to_plane) + _mix(across, fits.offsets - fits.to_plane)
        displacement = displacement + 0.1 * free[..., :3]
        aligned = fits.normals * torch.where((fits.normals * up[:, :, None]).sum(-1, keepdim=True) < 0, -1.0, 1.0)
        known = points.new_zeros(*points.shape[:2], self.support) if support is None else support
        outlier = self.outlier(torch.cat([figures, known, everywhere], -1))[..., 0]
        return Refinement(displacement, outlier, nn.functional.normalize(_mix(facing, aligned) + free[..., 3:], dim=-1))


def _mix(shares: Tensor, vectors: Tensor) -> Tensor:
    """Weighted sum over the sizes: `[B, N, S]` and `[B, N, S, 3]` -> `[B, N, 3]`."""
    return (shares[..., None] * vectors).sum(2)


def _upward(fits: Fits) -> Tensor:
    """Normal `[B, N, 3]` of the widest plane, on the side of the point where that plane is."""
    normal = fits.normals[:, :, -1]
    away = (fits.offsets[:, :, -1] * normal).sum(-1, keepdim=True)
    return torch.where(away < 0, -normal, normal)


def _invariants(fits: Fits, up: Tensor) -> Tensor:
    """Figures `[B, N, 6 S + Q]` of the fits, of about 1, that do not change when the patch is turned."""
    up = up[:, :, None]
    total = fits.variances.sum(-1).clamp(min=1e-12)
    figures = [
        20 * (fits.to_plane * up).sum(-1),
        20 * (fits.to_quadric * up).sum(-1),
        20 * (fits.offsets - fits.to_plane).norm(dim=-1),
        (fits.normals * up).sum(-1).abs(),
        4 * (fits.variances[..., 0] / total).sqrt(),
        2 * (fits.variances[..., 1] / total).sqrt(),
        5 * fits.radii,
    ]
    return torch.cat(figures, -1)


class ClassNetwork(nn.Module):
    """Which class a whole cloud belongs to (PointNet++ with multi-scale grouping, Qi et al. 2017, section 3.3).

    Args:
        classes: Number of classes.
        width: Channels of the first level.
    """

    def __init__(self, classes: int, width: int = 32) -> None:
        super().__init__()
        w = width
        near = [Scale(16, (w, w), 0.2, 0.2), Scale(32, (w, w, 2 * w), 0.4, 0.4)]
        self.near = SetAbstraction(0, 1 / 4, near)
        self.far = SetAbstraction(self.near.width, 1 / 4, [Scale(32, (2 * w, 4 * w), 0.8, 0.8)])
        self.all = mlp(4 * w + 3, 8 * w)
        self.head = nn.Sequential(mlp(8 * w, 4 * w), nn.Dropout(0.3), nn.Linear(4 * w, classes))

    def forward(self, points: Tensor) -> Tensor:
        """Logits `[B, classes]` of clouds `[B, N, 3]` in the unit sphere."""
        features, centers = self.far(*self.near(None, points))
        return self.head(self.all(torch.cat([features, centers], -1)).max(1).values)  # type: ignore[no-any-return]
