"""The CNN that every direct network looks with."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from recon.direct.views import Views


def convolution(before: int, after: int, stride: int = 1, kernel: int = 3) -> nn.Sequential:
    """Convolution, group norm, ReLU."""
    layer = nn.Conv2d(before, after, kernel, stride, kernel // 2, bias=False)
    return nn.Sequential(layer, nn.GroupNorm(4, after), nn.ReLU(inplace=True))


class Encoder(nn.Module):
    """A feature pyramid (Lin et al. 2017) over crops.

    Args:
        width: Channels of the first level; they double twice.
        features: Channels of the feature picture.
    """

    def __init__(self, width: int = 16, features: int = 24) -> None:
        super().__init__()
        w = width
        self.code_width = 6 * w
        """Channels of what is known of a whole picture."""
        self.stem = nn.Sequential(convolution(4, w, 2, 5), convolution(w, w))
        widths = (w, 2 * w, 4 * w, 6 * w)
        self.levels = nn.ModuleList(nn.Sequential(convolution(a, b, 2), convolution(b, b)) for a, b in pairwise(widths))
        self.sides = nn.ModuleList(nn.Conv2d(channels, features, 1) for channels in widths[1:])
        self.features = features

    def forward(self, views: Views) -> tuple[Tensor, Tensor]:
        """Looks at all photographs of all objects.

        | | shape |
        | --- | --- |
        | views | B objects, V views of S x S pixels |
        | returns | feature pictures `[B, V, features, S / 4, S / 4]`, codes `[B, V, code_width]`; 0 where there is no photograph |
        """
        b, v = views.there.shape
        there = views.there.flatten() > 0
        picture = views.pictures.flatten(0, 1)[there]
        level = self.stem(torch.cat([picture[:, :3] - 0.5 * picture[:, 3:], picture[:, 3:]], 1))
        features: Tensor | None = None
        for side, deeper in zip(self.sides, self.levels, strict=True):
            level = deeper(level)
            seen = side(level)
            features = seen if features is None else features + interpolate(seen, features.shape[-2:], mode="bilinear")
        assert features is not None
        code = level.mean((2, 3))
        pictures = torch.zeros(b * v, *features.shape[1:], dtype=features.dtype, device=features.device)
        codes = torch.zeros(b * v, self.code_width, dtype=code.dtype, device=code.device)
        pictures[there], codes[there] = features, code
        return pictures.view(b, v, *features.shape[1:]), codes.view(b, v, -1)


def pooled(codes: Tensor, views: Views) -> Tensor:
    """What all photographs of an object together show: mean and maximum of the codes `[B, V, C]`, `[B, 2 C]`."""
    there = views.there[..., None]
    mean = (codes * there).sum(1) / there.sum(1).clamp(min=1)
    return torch.cat([mean, torch.where(there > 0, codes, -torch.inf).max(1).values], dim=1)
