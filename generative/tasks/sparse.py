"""Photographs are sparse: in 8x8 patches most cosine coefficients are nearly 0. What can be restored from that, without any training."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from generative.operators import SVDOperator
from generative.operators.mirrored_blur import dct
from generative.samplers.protocols import OnStep
from generative.tasks.tiling import OnPart, nothing

SIDE = 8
"""Of a patch, pixels."""
THRESHOLD = 2.7
"""Coefficients below so many standard deviations of the noise count as noise (Yu and Sapiro 2011 take 3, BM3D 2.7)."""
BAND = 1 << 15
"""Patches at once."""

Shrink = Callable[..., tuple[Tensor, Tensor]]
"""Coefficients `[3, 64, n]` of each picture to those wanted and the weights `[3, 1, n]` of the patches."""


def threshold(picture: Tensor, sigma: float, step: int = 2, shift: tuple[int, int] = (0, 0), on_part: OnPart = nothing) -> Tensor:
    """Noise taken off by the hard threshold in all (or every step-th) overlapping patches (Yu and Sapiro 2011, DCT image denoising).

    Args:
        picture: `[1, 3, H, W]`.
        sigma: Standard deviation of the noise.
        step: Distance of patches, pixels.
        shift: Where the first one lies, 0 to `step` - 1 down and right.
        on_part: Told of every band of patches.
    """

    def shrink(c: Tensor) -> tuple[Tensor, Tensor]:
        kept = c.abs() > THRESHOLD * sigma
        kept[:, 0] = True
        return c * kept, 1 / kept.sum(1, keepdim=True)

    return _by_patches(shrink, step, shift, on_part, picture)


def wiener(picture: Tensor, pilot: Tensor, sigma: float, step: int = 2, on_part: OnPart = nothing) -> Tensor:
    """The same by the factors `p²/(p²+σ²)`, with the coefficients p of a first estimate (the second step of BM3D, Dabov et al. 2007)."""

    def shrink(c: Tensor, p: Tensor) -> tuple[Tensor, Tensor]:
        factor = p.square() / (p.square() + sigma**2)
        factor[:, 0] = 1
        return c * factor, 1 / factor.square().sum(1, keepdim=True)

    return _by_patches(shrink, step, (0, 0), on_part, picture, pilot)


def sparsest(
    operator: SVDOperator, y: Tensor, sigma_y: float, start: Tensor, steps: int, sigmas: tuple[float, float], on_step: OnStep
) -> Tensor:
    """A sparse picture that explains `y = A x + n`: thresholds and measurement in turn.

    Half-quadratic splitting (Zhang et al. 2021, DPIR, equations 6 and 7) with `threshold` as the denoiser; the measurement's part,
    `argmin ‖A x - y‖²/σ_y² + ‖x - d‖²/σ²`, is exact in the basis of the SVD. Without noise it is the projection onto `A x = y`, as in
    Guleryuz (2006) for holes.

    Args:
        operator: A.
        y: `[1, C', H', W']`.
        sigma_y: Standard deviation of n.
        start: First x, `[1, 3, H, W]`.
        steps: Of both.
        sigmas: First and last σ, falling in constant ratio.
        on_step: Told of every step.
    """
    s = operator.singular_values.to(y)
    measured, smallest = s * operator.Ut(y), 1e-8 * float(s.max()) ** 2
    shifts, x = torch.Generator().manual_seed(0), start
    for i in range(steps):
        sigma = sigmas[0] * (sigmas[1] / sigmas[0]) ** (i / max(steps - 1, 1))
        down, right = torch.randint(SIDE // 2, (2,), generator=shifts).tolist()
        smooth = threshold(x, sigma, SIDE // 2, (down, right))
        ratio = max((sigma_y / sigma) ** 2, smallest)
        x = operator.V((measured + ratio * operator.Vt(smooth)) / (s**2 + ratio))
        on_step(i + 1, steps, x)
    return x


def _by_patches(shrink: Shrink, step: int, shift: tuple[int, int], on_part: OnPart, *pictures: Tensor) -> Tensor:
    """Patches of pictures `[1, 3, H, W]`, shrunk and put together again, band by band."""
    (height, width), (down, right) = pictures[0].shape[-2:], shift
    top, left = SIDE - 1 - down, SIDE - 1 - right
    colors = dct(torch.eye(3, dtype=torch.float64)).T.to(pictures[0])
    padded = [
        F.pad(torch.einsum("kc,bchw->bkhw", colors, p), (left, SIDE - 1 + step, top, SIDE - 1 + step), mode="replicate") for p in pictures
    ]
    cosines = dct(torch.eye(SIDE, dtype=torch.float64)).T
    basis = torch.kron(cosines, cosines).to(padded[0])
    total, weight = torch.zeros_like(padded[0]), torch.zeros_like(padded[0])
    rows = (padded[0].shape[-2] - SIDE) // step + 1
    band = max(BAND * step // padded[0].shape[-1], 1)
    for first in range(0, rows, band):
        inside = slice(first * step, (min(first + band, rows) - 1) * step + SIDE)
        coefficients = [basis @ F.unfold(p[0, :, None, inside], SIDE, stride=step) for p in padded]
        shrunk, weights = shrink(*coefficients)
        size = (inside.stop - inside.start, padded[0].shape[-1])
        weights = weights.to(shrunk).expand(-1, SIDE**2, -1)
        total[0, :, inside] += F.fold((basis.T @ shrunk) * weights, size, SIDE, stride=step)[:, 0]
        weight[0, :, inside] += F.fold(weights, size, SIDE, stride=step)[:, 0]
        on_part(min(first + band, rows), rows)
    x = (total / weight.clamp(min=1e-9))[..., top : top + height, left : left + width]
    return torch.einsum("kc,bkhw->bchw", colors, x)
