"""From lifted features to an occupied grid."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from recon.direct.cube import SIDE, cell_centers
from recon.direct.encoder import Encoder, pooled
from recon.direct.lifting import hull, lifted
from recon.direct.views import Views


@dataclass(frozen=True)
class VoxelArchitecture:
    """Sizes of `VoxelNetwork`.

    Args:
        picture: Channels of the encoder's first level.
        features: Channels that are lifted.
        widths: Channels of the 3D network at each level, the finest first.
    """

    picture: int = 16
    features: int = 24
    widths: tuple[int, ...] = (16, 32, 64, 96)

    def plain(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {**asdict(self), "widths": list(self.widths)}

    @classmethod
    def of(cls, values: dict[str, Any]) -> VoxelArchitecture:
        """From plain JSON values."""
        return cls(**{**values, "widths": tuple(values["widths"])})


class Block(nn.Module):
    """Two 3D convolutions beside a short cut (He et al. 2016)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first, self.second = (nn.Conv3d(width, width, 3, padding=1, bias=False) for _ in range(2))
        self.norms = nn.ModuleList(nn.GroupNorm(4, width) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        """`[B, C, D, D, D]`, unchanged in shape."""
        inner = torch.relu(self.norms[0](self.first(x)))
        return torch.relu(x + self.norms[1](self.second(inner)))


class VoxelNetwork(nn.Module):
    """CNN features lifted into a grid, and a U-Net (Çiçek et al. 2016) over it.

    Every cell gets mean and variance, over the views, of colours and mask where it projects to; whether it is in the visual hull; and
    where in the cube it is. Features, which are coarser, join in the same way at half the resolution, and what the pictures show as a
    whole at the coarsest level. The network adds to the hull what it knows: hollows that no outline shows, and, with few views, where
    shapes end.
    """

    def __init__(self, architecture: VoxelArchitecture = VoxelArchitecture()) -> None:
        super().__init__()
        widths = architecture.widths
        self.encoder = Encoder(architecture.picture, architecture.features)
        self.enter = nn.Conv3d(2 * 4 + 1 + 3, widths[0], 1)
        self.join = nn.Conv3d(2 * architecture.features, widths[1], 1)
        self.downs = nn.ModuleList(nn.Conv3d(a, b, 2, 2) for a, b in pairwise(widths))
        self.before = nn.ModuleList(Block(width) for width in widths[1:])
        self.code = nn.Linear(2 * self.encoder.code_width, widths[-1])
        self.deep = Block(widths[-1])
        self.ups = nn.ModuleList(nn.ConvTranspose3d(b, a, 2, 2) for a, b in pairwise(widths))
        self.after = nn.ModuleList(Block(width) for width in widths[:-1])
        self.head = nn.Conv3d(widths[0], 1, 1)
        self.trust = nn.Parameter(torch.tensor(2.0))
        """How much the visual hull counts."""

    def forward(self, views: Views) -> Tensor:
        """Logits of being occupied `[B, SIDE, SIDE, SIDE]` (z, y, x) of the objects in `views`, whose cameras are known."""
        features, codes = self.encoder(views)
        fine, coarse = self._cells(views, SIDE), self._cells(views, SIDE // 2)
        inside = hull(views, fine)
        shown = torch.cat([lifted(views.pictures, views, fine), inside[:, None], fine.transpose(1, 2)], 1)
        levels = [torch.relu(self.enter(_grid(shown, SIDE)))]
        for depth, (down, block) in enumerate(zip(self.downs, self.before, strict=True)):
            x = down(levels[-1])
            if depth == 0:
                x = x + self.join(_grid(lifted(features, views, coarse), SIDE // 2))
            levels.append(block(torch.relu(x)))
        x = self.deep(levels[-1] + self.code(pooled(codes, views))[:, :, None, None, None])
        for level, up, block in zip(reversed(levels[:-1]), reversed(self.ups), reversed(self.after), strict=True):
            x = block(torch.relu(level + up(x)))
        return self.head(x)[:, 0] + self.trust * (2 * _grid(inside[:, None], SIDE)[:, 0] - 1)  # type: ignore[no-any-return]

    def _cells(self, views: Views, side: int) -> Tensor:
        """Middles of the cells of each object's grid, `[B, side^3, 3]`."""
        return cell_centers(side).to(views.pictures.device).expand(len(views.there), -1, -1)


def _grid(values: Tensor, side: int) -> Tensor:
    """`[B, C, side^3]` as `[B, C, side, side, side]`."""
    return values.unflatten(2, (side, side, side))  # type: ignore[no-any-return]
