"""Restoration without a prior: what learned methods have to beat."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from generative.operators import FourierBlur
from generative.tasks.problem import GREY_LEVEL, Problem


def classical(problem: Problem) -> Tensor:
    """Non-local means, Navier-Stokes inpainting, bicubic enlargement or a Wiener filter; `[1, 3, H, W]`.

    Raises:
        KeyError: There is none for the task.
    """
    return WAYS[problem.task](problem)


def _denoise(problem: Problem) -> Tensor:
    strength = problem.sigma_y / GREY_LEVEL
    return _picture(cv2.fastNlMeansDenoisingColored(_bytes(problem.y), None, strength, strength))


def _enlarge(problem: Problem) -> Tensor:
    return problem.degraded


def _inpaint(problem: Problem) -> Tensor:
    missing = (problem.operator.singular_values == 0).numpy().astype(np.uint8)
    return _picture(cv2.inpaint(_bytes(problem.y), missing, 5, cv2.INPAINT_NS))


def _wiener(problem: Problem) -> Tensor:
    """`d / (d² + σ_y²/P)` in the spectrum, with a power `P ∝ 1/f²`, as photographs have, and the variance of y."""
    d, y = problem.operator.singular_values.to(problem.y), problem.y
    height, width = y.shape[-2:]
    if isinstance(problem.operator, FourierBlur):
        rows, columns = torch.fft.fftfreq(height), torch.fft.fftfreq(width)
    else:  # a cosine transform counts half waves
        rows, columns = torch.arange(height) / (2 * height), torch.arange(width) / (2 * width)
    frequency2 = (rows[:, None] * height) ** 2 + (columns * width) ** 2
    power, mean = 1 / frequency2.clamp(min=1), y.mean((-1, -2), keepdim=True)
    power = power * ((y - mean).square().mean() / power.mean())
    return problem.operator.V(d / (d**2 + problem.sigma_y**2 / power) * problem.operator.Ut(y - mean)) + mean


def _bytes(picture: Tensor) -> NDArray[np.uint8]:
    """`[1, 3, H, W]` in [-1, 1] as `[H, W, 3]` BGR."""
    values = ((picture[0].clamp(-1, 1) + 1) * 127.5).round().byte().permute(1, 2, 0).numpy()
    return np.ascontiguousarray(values[..., ::-1])


def _picture(values: NDArray[np.uint8]) -> Tensor:
    """The way back."""
    return torch.from_numpy(np.ascontiguousarray(values[..., ::-1])).permute(2, 0, 1)[None].float() / 127.5 - 1


WAYS: dict[str, Callable[[Problem], Tensor]] = {"denoise": _denoise, "inpaint": _inpaint, "sr": _enlarge, "deblur": _wiener}
"""Task -> how it is done."""
