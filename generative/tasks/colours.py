"""Colours of a large photograph, found on a small one.

Colours vary slowly, and the eye takes sharpness from the brightness, which is known. A network for patches also sees more of what there is
to see where the photograph is small, and a dozen megapixels would take it hours.
"""

from __future__ import annotations

from dataclasses import replace

from torch import Tensor
from torch.nn import functional as F

from generative.tasks.problem import Problem

SIDE = 256
"""Longer side of a photograph that is small, pixels: a patch of 64 then shows a quarter of it."""


def reduced(problem: Problem) -> Problem | None:
    """The same problem for the photograph at that size; None where it is small already, or is more than a matter of colours (noise)."""
    height, width = problem.y.shape[-2:]
    share = SIDE / max(height, width)
    if problem.task != "colorize" or problem.sigma_y > 0 or share >= 1:
        return None
    size = (max(round(height * share), 1), max(round(width * share), 1))
    y = F.interpolate(problem.y, size=size, mode="area")
    return replace(problem, y=y, degraded=y.expand(-1, problem.degraded.shape[1], -1, -1))


def enlarged(problem: Problem, small: Tensor) -> Tensor:
    """The photograph with the colours of a small one.

    Args:
        problem: `A x = y` of the whole photograph.
        small: `[1, 3, h, w]`, a solution of `reduced(problem)`.

    Returns:
        `[1, 3, H, W]`, of which A still measures y.
    """
    unmeasured = small - problem.operator.A_pinv(problem.operator.A(small))
    large = F.interpolate(unmeasured, size=problem.y.shape[-2:], mode="bicubic")
    result: Tensor = problem.operator.A_pinv(problem.y.to(small)) + large
    return result
