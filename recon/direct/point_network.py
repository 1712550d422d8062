"""From photographs to points: a code of all of them makes a rough cloud, PointNet++ and what the pictures show there refine it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn

from recon.direct.encoder import Encoder, pooled
from recon.direct.lifting import hull, lifted
from recon.direct.views import Views
from recon.points.layers import FeaturePropagation, Scale, SetAbstraction, mlp


@dataclass(frozen=True)
class PointArchitecture:
    """Sizes of `PointNetwork`.

    Args:
        picture: Channels of the encoder's first level.
        features: Channels that are lifted.
        rough: Points of the rough cloud.
        split: Points that each of them becomes.
        width: Channels of the refinement's first level.
    """

    picture: int = 16
    features: int = 24
    rough: int = 512
    split: int = 4
    width: int = 48

    def plain(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)

    @property
    def points(self) -> int:
        """Points of the finished cloud."""
        return self.rough * self.split


class Refiner(nn.Module):
    """PointNet++ over a cloud whose points know what the pictures show where they are; every point is moved, and may become several.

    Args:
        known: Channels at the points.
        code: Channels that are the same for all points of a cloud.
        width: Channels of the first level.
        split: Points that each becomes.
    """

    def __init__(self, known: int, code: int, width: int, split: int) -> None:
        super().__init__()
        w = width
        self.split = split
        self.enter = mlp(known + 3, w)
        self.code = nn.Linear(code, w)
        self.near = SetAbstraction(w, 1 / 4, [Scale(16, (w, 2 * w), unit=0.3)])
        self.far = SetAbstraction(2 * w, 1 / 4, [Scale(16, (2 * w, 3 * w), unit=0.6)])
        self.to_near = FeaturePropagation(3 * w, 2 * w, (2 * w, 2 * w), unit=0.6)
        self.to_all = FeaturePropagation(2 * w, w, (2 * w, 2 * w), unit=0.3)
        self.head = nn.Linear(2 * w, 3 * split)
        nn.init.normal_(self.head.weight, std=0.01)
        nn.init.normal_(self.head.bias, std=0.02)

    def forward(self, points: Tensor, known: Tensor, code: Tensor) -> Tensor:
        """Refines.

        | | shape |
        | --- | --- |
        | points | `[B, N, 3]` |
        | known | `[B, N, known]` |
        | code | `[B, code]` |
        | returns | `[B, split N, 3]` |
        """
        x = torch.relu(self.enter(torch.cat([known, points], -1)) + self.code(code)[:, None])
        near, some = self.near(x, points)
        far, few = self.far(near, some)
        moves = self.head(self.to_all(self.to_near(far, few, near, some), some, x, points))
        return (points[:, :, None] + moves.unflatten(-1, (self.split, 3))).flatten(1, 2)  # type: ignore[no-any-return]


class PointNetwork(nn.Module):
    """`P = PointNet(F(I))`: CNN features of 1 to 8 photographs, then a PointNet++ point network."""

    def __init__(self, architecture: PointArchitecture = PointArchitecture()) -> None:
        super().__init__()
        self.encoder = Encoder(architecture.picture, architecture.features)
        code, known = 2 * self.encoder.code_width, 2 * architecture.features + 2 * 4 + 1
        last = nn.Linear(512, 3 * architecture.rough)
        with torch.no_grad():  # begins as a ball
            last.weight.mul_(0.1)
            last.bias.copy_((0.5 * nn.functional.normalize(torch.randn(architecture.rough, 3), dim=1)).flatten())
        self.rough = nn.Sequential(mlp(code, 256, 512), last)
        self.first = Refiner(known, code, architecture.width, 1)
        self.second = Refiner(known, code, architecture.width, architecture.split)

    def forward(self, views: Views) -> tuple[Tensor, Tensor, Tensor]:
        """Rough `[B, rough, 3]`, refined `[B, rough, 3]` and finished `[B, points, 3]` clouds of the objects, in the cube's coordinates."""
        features, codes = self.encoder(views)
        code = pooled(codes, views)
        rough = self.rough(code).unflatten(1, (-1, 3))
        refined = self.first(rough, self._known(features, views, rough), code)
        return rough, refined, self.second(refined, self._known(features, views, refined), code)

    def _known(self, features: Tensor, views: Views, points: Tensor) -> Tensor:
        """What the views whose cameras are known show at points, `[B, N, C]`."""
        shown = [lifted(features, views, points), lifted(views.pictures, views, points), hull(views, points)[:, None]]
        return torch.cat(shown, 1).transpose(1, 2)
