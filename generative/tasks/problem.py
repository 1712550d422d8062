"""A photograph and what is wrong with it, as a measurement `y = A x + n` of the photograph that is wanted."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from generative.operators import AveragePool, FourierBlur, Grey, Identity, Mask, SVDOperator
from generative.tasks.estimate import ROUNDING, noise_level
from recon.errors import SettingsError

TASKS = ("denoise", "inpaint", "sr", "deblur", "colorize")
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
        border: Pixels around the result that only help, left out at the end.
        assumed: What was not said and is assumed, in words.
    """

    task: str
    operator: SVDOperator
    y: Tensor
    sigma_y: float
    degraded: Tensor
    border: int = 0
    assumed: tuple[str, ...] = ()

    def finished(self, x: Tensor) -> Tensor:
        """The result without its border, in range; where pixels were known they stay."""
        if self.task == "inpaint":
            x = torch.where(self.operator.singular_values.to(x) > 0, self.y, x)
        height, width = x.shape[-2:]
        return x[..., self.border : height - self.border, self.border : width - self.border].clamp(-1, 1)


def make_problem(
    picture: Tensor, task: str, *, known: Tensor | None = None, scale: int = 4, sigma: float | None = None, kernel: Tensor | None = None
) -> Problem:
    """States the problem.

    Args:
        picture: `[1, 3, H, W]` in [-1, 1].
        task: One of TASKS.
        known: For 'inpaint': bool `[H, W]`, False where something is to be made up.
        scale: For 'sr'.
        sigma: Noise in grey levels of 255; None: estimated, or taken as none where little is usual.
        kernel: For 'deblur': `[h, w]`.

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
        if not 2 <= scale <= 16:
            raise SettingsError(f"A scale of {scale} is not possible.", "", "Choose 2 to 16.")
        large = F.interpolate(picture, scale_factor=scale, mode="bicubic").clamp(-1, 1)
        words = (f"each pixel is the mean of {scale} x {scale} finer ones",)
        return Problem(task, AveragePool(scale), picture, sigma_y, large, assumed=words)
    if task == "colorize":
        grey = Grey()
        y = grey.A(picture)
        return Problem(task, grey, y, sigma_y, y.expand_as(picture), assumed=("grey is 0.299 R + 0.587 G + 0.114 B",))
    raise SettingsError(f"There is no task '{task:.40}'.", f"There are: {', '.join(TASKS)}.", "Choose one of them.")


def _inpaint(picture: Tensor, known: Tensor | None, sigma: float | None) -> Problem:
    if known is None:
        raise SettingsError(
            "What is to be filled in was not said.", "There is no mask.", "Give --mask with a folder of masks, dark = fill."
        )
    if known.shape != picture.shape[-2:] or not bool(known.any()):
        raise SettingsError("The mask cannot be used.", "It has another size, or leaves nothing of the photo.", "Give another mask.")
    y = picture * known
    return Problem("inpaint", Mask(known), y, (sigma or 0.0) * GREY_LEVEL, y)


def _deblur(picture: Tensor, kernel: Tensor | None, sigma: float | None) -> Problem:
    """The picture is mirrored beyond its border, so that what a cyclic blur gets wrong stays outside."""
    if kernel is None:
        raise SettingsError("How the photo is blurred was not said.", "", "Give --kernel gaussian:WIDTH or a picture of the kernel.")
    border = max(kernel.shape)
    sigma_y, assumed = _noise(picture, sigma)
    y = picture
    for axis in (-2, -1):
        side = y.shape[axis]
        index = torch.arange(-border, side + border) % (2 * side)
        y = y.index_select(axis, torch.where(index < side, index, 2 * side - 1 - index))
    return Problem("deblur", FourierBlur(kernel, y.shape[-2], y.shape[-1]), y, sigma_y, y, border, assumed)


def _noise(picture: Tensor, sigma: float | None) -> tuple[float, tuple[str, ...]]:
    """σ_y and what to say about it."""
    if sigma is not None:
        if not (math.isfinite(sigma) and sigma >= 0):
            raise SettingsError(f"Noise of {sigma} grey levels is not possible.", "", "Give a number from 0 to 255.")
        return max(sigma * GREY_LEVEL, ROUNDING), ()
    found = max(noise_level(picture), ROUNDING)
    return found, (f"noise of {found / GREY_LEVEL:.1f} of 255 grey levels",)
