"""Restoration without a prior: what learned methods have to beat."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from generative.operators import FourierBlur
from generative.samplers.protocols import OnStep
from generative.tasks.problem import Problem
from generative.tasks.sparse import sparsest, threshold, wiener
from generative.tasks.tiling import OnPart

STEPS = 30
FIRST, LAST = 0.5, 0.02
"""σ of the thresholds, falling; with noise the last one is four times that."""
FEW = 1 << 21
"""Pixels of a photo that is denoised with all patches, not every other one."""


def classical(problem: Problem, on_step: OnStep, on_part: OnPart) -> Tensor:
    """Thresholds of cosine coefficients, begun with the picture of an older method; `[1, 3, H, W]`.

    Raises:
        KeyError: There is none for the task.
    """
    if problem.task == "denoise":
        return _denoise(problem.y, problem.sigma_y, on_step, on_part)
    start = STARTS[problem.task](problem)
    last = max(LAST, 4 * problem.sigma_y)
    return sparsest(problem.operator, problem.y, problem.sigma_y, start, STEPS, (max(FIRST, last), last), on_step)


def _denoise(y: Tensor, sigma: float, on_step: OnStep, on_part: OnPart) -> Tensor:
    step = 1 if y[0, 0].numel() <= FEW else 2
    pilot = threshold(y, sigma, step, on_part=on_part)
    on_step(1, 2, pilot)
    x = _unclipped(wiener(y, pilot, sigma, step, on_part), sigma)
    on_step(2, 2, x)
    return x


def _unclipped(mean: Tensor, sigma: float) -> Tensor:
    """The picture x whose mean was found: near black and white, where a file clips `x + n`, that is not x (Foi 2009, section 2.3).

    `E[clip(x + n)] = x + ψ(-1 - x) - ψ(x - 1)` with `ψ(z) = E[max(z + n, 0)] = z Φ(z/σ) + σ φ(z/σ)`, turned round by a table.
    """
    if sigma == 0:
        return mean
    normal, x = torch.distributions.Normal(0.0, 1.0), torch.linspace(-1, 1, 2049, dtype=torch.float64)

    def psi(z: Tensor) -> Tensor:
        mean: Tensor = z * normal.cdf(z / sigma) + sigma * normal.log_prob(z / sigma).exp()
        return mean

    expected = x + psi(-1 - x) - psi(x - 1)
    return torch.from_numpy(np.interp(mean.numpy(), expected.numpy(), x.numpy())).to(mean)


def _as_it_is(problem: Problem) -> Tensor:
    return problem.degraded


def navier_stokes(problem: Problem) -> Tensor:
    """Holes filled by OpenCV's Navier-Stokes inpainting; `[1, 3, H, W]`."""
    missing = (problem.operator.singular_values == 0).numpy().astype(np.uint8)
    return _picture(cv2.inpaint(_bytes(problem.y), missing, 5, cv2.INPAINT_NS))


def wiener_filter(problem: Problem) -> Tensor:
    """`d / (d² + σ_y²/P)` in the spectrum, with a power `P ∝ 1/f²`, as photographs have, and the variance of y; `[1, 3, H, W]`."""
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


STARTS: dict[str, Callable[[Problem], Tensor]] = {"inpaint": navier_stokes, "sr": _as_it_is, "deblur": wiener_filter, "cs": _as_it_is}
"""Task -> what the thresholds begin with: Navier-Stokes inpainting, bicubic enlargement, a Wiener filter, A⁺y."""
