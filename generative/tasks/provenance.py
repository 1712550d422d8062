"""Which pixels of a restored photograph were measured, and which were not."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from generative.tasks.problem import Problem
from recon.scene.origin import Origin

CORRECTED = ("denoise", "deblur")
"""Tasks in which everything about every pixel was measured, only badly."""


def origins(problem: Problem, method: str) -> NDArray[np.uint8]:
    """Origin of every pixel of the result, `[H, W]`.

    MEASURED: as in the photo given. MOVED: all of it was measured, and corrected. GENERATED: something about it was not measured, be it
    its value (holes), its colour, or detail finer than what was seen; or the method draws the photo anew (SDEdit).
    """
    height, width = problem.size or problem.degraded.shape[-2:]
    if problem.task == "inpaint":
        known = (problem.operator.singular_values > 0).expand(height, width).numpy()
        return np.where(known, np.uint8(Origin.MEASURED), np.uint8(Origin.GENERATED))
    corrected = problem.task in CORRECTED and method not in ("sdedit", "gan-inversion")
    return np.full((height, width), Origin.MOVED if corrected else Origin.GENERATED, np.uint8)


def in_words(origin: NDArray[np.uint8]) -> str:
    """Shares of the origins, those of 0 left out: '90.2 % of the pixels measured, 9.8 % generated'."""
    shares = [(o.name.lower(), 100 * float((origin == o).mean())) for o in Origin]
    first, *others = [f"{share:.3g} %|{name}" for name, share in shares if share > 0]
    return ", ".join([first.replace("|", " of the pixels "), *(other.replace("|", " ") for other in others)])
