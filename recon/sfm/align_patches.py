"""Where patches of one picture lie in another, to a few hundredths of a pixel: least squares matching.

Gruen, Adaptive least squares correlation, South African Journal of Photogrammetry 1985; inverse compositional steps after Baker and
Matthews, Lucas-Kanade 20 years on, IJCV 2004. Patches have zero mean and unit norm, so light may differ in gain and offset.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

_DAMPING = 1e-3
_LARGEST_STEP = 1.0
"""Of a patch in a round, pixels."""
_LARGEST_STRETCH = 0.3
"""What the edge of a patch moves by it in a round, pixels."""
_TINY = 1e-6


@dataclass(frozen=True)
class Alignment:
    """How patches are aligned.

    Args:
        radius: Of a patch, pixels; its edge counts less (Gaussian).
        rounds: Gauss-Newton steps.
        farthest: Largest move, pixels.
        least_correlation: In [-1, 1]; patches that correlate less in the end stay where they were.
    """

    radius: int = 10
    rounds: int = 5
    farthest: float = 2.0
    least_correlation: float = 0.7


def align_patches(
    first: Tensor, second: Tensor, points: Tensor, guesses: Tensor, affine: Tensor, how: Alignment = Alignment()
) -> tuple[Tensor, Tensor]:
    """Moves guesses to where the second picture looks like the first one around the points; shift and affine stretch are free.

    Args:
        first: Grey picture `[1, 1, H, W]`.
        second: Grey picture `[1, 1, H', W']`.
        points: `[N, 2]` x, y in the first picture.
        guesses: `[N, 2]` where they are in the second, about.
        affine: `[N, 2, 2]` offsets in the first picture to offsets in the second, about.
        how: Settings.

    Returns:
        `[N, 2]` the best positions that were met, and their correlation `[N]`.
    """
    offsets, weight = _window(how.radius, points)
    template, steps = _template(first, points, offsets, weight)

    def seen(place: Tensor, stretch: Tensor) -> tuple[Tensor, Tensor]:
        patch, _ = _normalised(_read(second, place[:, None] + offsets @ stretch.transpose(1, 2)), weight)
        return patch, (patch * template) @ weight

    place, stretch = guesses, affine
    patch, correlation = seen(place, stretch)
    best, top = place, correlation
    for _ in range(how.rounds):
        change = (steps @ (patch - template)[..., None])[..., 0]
        bend = change[:, 2:].clamp(-_LARGEST_STRETCH, _LARGEST_STRETCH).reshape(-1, 2, 2) / how.radius
        stretch = stretch @ torch.linalg.inv(torch.eye(2).to(bend) + bend)
        place = place - (stretch @ change[:, :2, None].clamp(-_LARGEST_STEP, _LARGEST_STEP))[..., 0]
        patch, correlation = seen(place, stretch)
        better = (correlation > top) & ((place - guesses).norm(dim=1) <= how.farthest)
        best, top = torch.where(better[:, None], place, best), torch.where(better, correlation, top)
    return torch.where((top >= how.least_correlation)[:, None], best, guesses), top


def _window(radius: int, like: Tensor) -> tuple[Tensor, Tensor]:
    """Offsets `[P, 2]` of the pixels of a patch and their weights `[P]`, which sum to 1."""
    line = torch.arange(-radius, radius + 1)
    offsets = torch.stack(torch.meshgrid(line, line, indexing="xy"), -1).reshape(-1, 2).to(like)
    weight = torch.exp(-offsets.square().sum(1) / (2 * (radius / 1.5) ** 2))
    return offsets, weight / weight.sum()


def _template(picture: Tensor, points: Tensor, offsets: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Normalised patches `[N, P]` around points, and the matrices `[N, 6, P]` that turn a difference of patches into a step.

    A step is a shift x, y in pixels and the four numbers of the stretch, in units of one over the radius.
    """
    around = points[:, None] + offsets
    half = torch.eye(2).to(points) / 2
    slope_x, slope_y = (_read(picture, around + h) - _read(picture, around - h) for h in half)
    template, norm = _normalised(_read(picture, around), weight)
    x, y = (offsets / offsets.max()).unbind(1)
    jacobian = torch.stack([slope_x, slope_y, slope_x * x, slope_x * y, slope_y * x, slope_y * y], 1) / norm[:, None]
    jacobian = jacobian - (jacobian @ weight)[..., None]
    jacobian = jacobian - template[:, None] * ((jacobian * template[:, None]) @ weight)[..., None]
    weighed = jacobian * weight
    normal = weighed @ jacobian.transpose(1, 2)
    damping = _DAMPING * normal.diagonal(dim1=1, dim2=2).mean(1) + _TINY
    return template, torch.linalg.solve(normal + damping[:, None, None] * torch.eye(6).to(normal), weighed)


def _normalised(patches: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Patches `[N, P]` with zero mean and unit norm, and their norms before `[N, 1]`."""
    centred = patches - (patches @ weight)[:, None]
    norm = (centred.square() @ weight).sqrt()[:, None] + _TINY
    return centred / norm, norm


def _read(picture: Tensor, points: Tensor) -> Tensor:
    """Bilinear samples `[N, P]` at pixels `[N, P, 2]`."""
    last = torch.tensor([picture.shape[3] - 1, picture.shape[2] - 1]).to(points)
    return F.grid_sample(picture, (points * (2 / last) - 1)[None], padding_mode="border", align_corners=True)[0, 0]
