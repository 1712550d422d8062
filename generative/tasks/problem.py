"""A photograph and what is wrong with it, as a measurement `y = A x + n` of the photograph that is wanted."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from generative.degradations import Blur, Fade, Pixelate
from generative.operators import (
    AveragePool,
    FourierBlur,
    Grey,
    Identity,
    Mask,
    MirroredBlur,
    SVDOperator,
    WalshHadamard,
    gaussian_kernel_2d,
    symmetric,
)
from generative.samplers.cold import Degrade
from generative.tasks.estimate import LARGEST_ENLARGEMENT, ROUNDING, blur_width, enlargement, noise_level
from recon.errors import SettingsError

TASKS = ("denoise", "inpaint", "sr", "deblur", "colorize", "cs")
SHARP = 0.7
"""Widest Gaussian, pixels, of a photograph that counts as sharp."""
GREY_LEVEL = 1 / 127.5
"""One of 255 grey levels, for pictures in [-1, 1]."""


@dataclass(frozen=True)
class Problem:
    """Pictures are `[1, 3, H, W]` in [-1, 1].

    Args:
        task: One of TASKS.
        operator: A.
        y: What was measured.
        sigma_y: Standard deviation of the noise in it.
        degraded: The picture as it is, at the size of the result; 0 where nothing is known.
        size: Height and width that count, where the rest below and on the right only helps; None: all.
        assumed: What was not said and is assumed, in words.
        degrade: The same as a degradation of Cold Diffusion, at severity 1, where there is one.
        strength: Of it, as a part of the strongest one that a restorer learns from.
    """

    task: str
    operator: SVDOperator
    y: Tensor
    sigma_y: float
    degraded: Tensor
    size: tuple[int, int] | None = None
    assumed: tuple[str, ...] = ()
    degrade: Degrade | None = None
    strength: float = 1.0

    def finished(self, x: Tensor) -> Tensor:
        """The result without what only helps, in range; where pixels were known they stay."""
        if self.task == "inpaint":
            x = torch.where(self.operator.singular_values.to(x) > 0, self.y, x)
        height, width = self.size or x.shape[-2:]
        return x[..., :height, :width].clamp(-1, 1)

    def misfit(self, x: Tensor) -> float:
        """Largest value of `|A x - y|` for a result that is not yet `finished`."""
        return float((self.operator.A(x) - self.y).abs().max())


def make_problem(
    picture: Tensor,
    task: str,
    *,
    known: Tensor | None = None,
    scale: int | None = 4,
    sigma: float | None = None,
    kernel: Tensor | None = None,
    ratio: float = 0.25,
) -> Problem:
    """States the problem.

    Args:
        picture: `[1, 3, H, W]` in [-1, 1].
        task: One of TASKS.
        known: For 'inpaint': bool `[H, W]`, False where something is to be made up.
        scale: For 'sr': how many times larger; None: the picture was enlarged already, and the factor is estimated.
        sigma: Noise in grey levels of 255; None: estimated, or taken as none where little is usual.
        kernel: For 'deblur': `[h, w]`; None: a Gaussian of the width that is estimated.
        ratio: For 'cs': part of the picture's Walsh-Hadamard coefficients that is taken as measured.

    Raises:
        SettingsError: Something is missing or impossible.
    """
    if task == "inpaint":
        return _inpaint(picture, known, sigma)
    if task == "deblur":
        return _deblur(picture, kernel, sigma)
    if task == "denoise":
        sigma_y, assumed = _noise(picture, sigma)
        return Problem(task, Identity(), picture, sigma_y, picture, assumed=assumed)
    sigma_y = (sigma or 0.0) * GREY_LEVEL
    if task == "sr":
        return _enlarge(picture, scale, sigma_y)
    if task == "colorize":
        grey = Grey()
        y = grey.A(picture)
        return Problem(task, grey, y, sigma_y, y.expand_as(picture), assumed=("grey is 0.299 R + 0.587 G + 0.114 B",))
    if task == "cs":
        return _sense(picture, ratio, sigma_y)
    raise SettingsError(f"There is no task '{task:.40}'.", f"There are: {', '.join(TASKS)}.", "Choose one of them.")


def _enlarge(picture: Tensor, scale: int | None, sigma_y: float) -> Problem:
    """An enlarged picture is reduced first: its size stays what it is, but for the rows and columns that make no whole block."""
    words: tuple[str, ...] = ()
    if scale is None:
        scale = enlargement(picture[0])
        if scale == 1:
            why = f"Its spectrum has no line of an enlargement by 2 to {LARGEST_ENLARGEMENT}."
            raise SettingsError("The photo does not look enlarged.", why, "Say how many times larger it shall be: --scale 4.")
        height, width = (side // scale * scale for side in picture.shape[-2:])
        picture = AveragePool(scale).A(picture[..., :height, :width])
        words = (f"the photo was enlarged {scale} times, and is reduced to {width // scale} x {height // scale} first",)
    if not 2 <= scale <= 16:
        raise SettingsError(f"A scale of {scale} is not possible.", "", "Choose 2 to 16.")
    large = F.interpolate(picture, scale_factor=scale, mode="bicubic").clamp(-1, 1)
    words = (*words, f"each pixel is the mean of {scale} x {scale} finer ones")
    coarse = Pixelate(scale)
    return Problem("sr", AveragePool(scale), picture, sigma_y, large, None, words, coarse, coarse.strength)


def _sense(picture: Tensor, ratio: float, sigma_y: float) -> Problem:
    """Measures the picture; which coefficients is the same every time."""
    if not 0 < ratio <= 1:
        raise SettingsError(f"A part of {ratio} cannot be measured.", "", "Choose a ratio above 0, up to 1.")
    operator = WalshHadamard(picture.shape[-2], picture.shape[-1], ratio, torch.Generator().manual_seed(0))
    y = operator.A(picture)
    words = (f"{100 * ratio:.3g} % of the Walsh-Hadamard coefficients of the photo given are known, and nothing else of it",)
    return Problem("cs", operator, y, sigma_y, operator.A_pinv(y), assumed=words)


def _inpaint(picture: Tensor, known: Tensor | None, sigma: float | None) -> Problem:
    if known is None:
        raise SettingsError(
            "What is to be filled in was not said.", "There is no mask.", "Give --mask with a folder of masks, dark = fill."
        )
    if known.shape != picture.shape[-2:] or not bool(known.any()):
        raise SettingsError("The mask cannot be used.", "It has another size, or leaves nothing of the photo.", "Give another mask.")
    y = picture * known
    return Problem("inpaint", Mask(known), y, (sigma or 0.0) * GREY_LEVEL, y, degrade=Fade(~known))


def _deblur(picture: Tensor, kernel: Tensor | None, sigma: float | None) -> Problem:
    """With a symmetric kernel the blur mirrors the picture at its border; else it is cyclic, and the picture is closed to a torus."""
    sigma_y, assumed = _noise(picture, sigma)
    if kernel is None:
        width = blur_width(picture[0], sigma_y) if min(picture.shape[-2:]) >= 16 else 0.0
        if width < SHARP:
            why = f"It looks sharp: a blur of {width:.1f} pixels is what lens and sensor do."
            raise SettingsError("How the photo is blurred cannot be seen.", why, "Give --kernel gaussian:WIDTH or a picture of the kernel.")
        kernel, assumed = gaussian_kernel_2d(width, width), (*assumed, f"Gaussian blur of {width:.1f} pixels")
    if symmetric(kernel):
        blur, operator = Blur(_spread(kernel)), MirroredBlur(kernel, *picture.shape[-2:])
        return Problem("deblur", operator, picture, sigma_y, picture, None, assumed, blur, blur.strength)
    y = _closed(_closed(picture, 2 * max(kernel.shape)).mT, 2 * max(kernel.shape)).mT
    return Problem("deblur", FourierBlur(kernel, *y.shape[-2:]), y, sigma_y, y, (picture.shape[-2], picture.shape[-1]), assumed)


def _spread(kernel: Tensor) -> float:
    """Standard deviation of a symmetric kernel along one axis, pixels."""
    offsets = torch.arange(kernel.shape[0], dtype=kernel.dtype) - kernel.shape[0] // 2
    return max(math.sqrt(float((kernel.sum(1) * offsets**2).sum() / kernel.sum())), 0.1)


def _closed(picture: Tensor, length: int) -> Tensor:
    """The picture with `length` more pixels on the right that lead from its right border back to its left one."""
    side = picture.shape[-1]
    out = torch.arange(length)
    ends = []
    for index in (out, length - 1 - out):  # mirrored at the right, mirrored at the left
        folded = index % (2 * side)
        ends.append(torch.where(folded < side, folded, 2 * side - 1 - folded))
    return torch.cat([picture, torch.lerp(picture[..., side - 1 - ends[0]], picture[..., ends[1]], (out + 1) / (length + 1))], -1)


def _noise(picture: Tensor, sigma: float | None) -> tuple[float, tuple[str, ...]]:
    """σ_y and what to say about it."""
    if sigma is not None:
        if not (math.isfinite(sigma) and sigma >= 0):
            raise SettingsError(f"Noise of {sigma} grey levels is not possible.", "", "Give a number from 0 to 255.")
        return max(sigma * GREY_LEVEL, ROUNDING), ()
    found = max(noise_level(picture), ROUNDING)
    return found, (f"noise of {found / GREY_LEVEL:.1f} of 255 grey levels",)
