"""What is done to the pictures of `bench_restore`, as a file would hold it: 8-bit pictures `[1, 3, H, W]` in [-1, 1]."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from generative.operators import gaussian_kernel_2d
from generative.tasks.problem import Problem, make_problem

HOLE = 24
"""Side of a hole, pixels."""


@dataclass(frozen=True)
class Case:
    """One way to spoil a picture.

    Args:
        name: Of the rows.
        task: Of the program.
        make: Clean picture and generator to the problem that the program would state.
    """

    name: str
    task: str
    make: Callable[[Tensor, np.random.Generator], Problem]


def _denoise(level: float) -> Case:
    def make(clean: Tensor, rng: np.random.Generator) -> Problem:
        return make_problem(stored(clean + _noise(clean, rng, level)), "denoise")

    return Case(f"denoise, {level:.0f} of 255, estimated", "denoise", make)


def _enlarge(clean: Tensor, rng: np.random.Generator) -> Problem:
    return make_problem(stored(F.avg_pool2d(clean, 4)), "sr", scale=4)


def _random_pixels(clean: Tensor, rng: np.random.Generator) -> Problem:
    return make_problem(clean, "inpaint", known=torch.from_numpy(rng.random(clean.shape[-2:]) < 0.5))


def _holes(clean: Tensor, rng: np.random.Generator) -> Problem:
    known = torch.ones(clean.shape[-2:], dtype=torch.bool)
    for _ in range(3):
        top, left = (int(rng.integers(side - HOLE + 1)) for side in clean.shape[-2:])
        known[top : top + HOLE, left : left + HOLE] = False
    return make_problem(clean, "inpaint", known=known)


def _deblur(clean: Tensor, rng: np.random.Generator) -> Problem:
    kernel = gaussian_kernel_2d(3.0, 3.0)
    exact = make_problem(clean, "deblur", kernel=kernel, sigma=0.0)
    return make_problem(stored(exact.operator.A(clean) + _noise(clean, rng, 5.0)), "deblur", kernel=kernel)


def _colorize(clean: Tensor, rng: np.random.Generator) -> Problem:
    return make_problem(clean, "colorize")


def _sense(clean: Tensor, rng: np.random.Generator) -> Problem:
    return make_problem(clean, "cs", ratio=0.25)


CASES = (
    *(_denoise(level) for level in (15.0, 25.0, 50.0)),
    Case("4x super-resolution", "sr", _enlarge),
    Case("50 % of the pixels missing", "inpaint", _random_pixels),
    Case(f"three holes of {HOLE} px", "inpaint", _holes),
    Case("Gaussian blur 3 px, noise 5", "deblur", _deblur),
    Case("colours missing", "colorize", _colorize),
    Case("25 % of the Walsh-Hadamard coefficients", "cs", _sense),
)


def stored(picture: Tensor) -> Tensor:
    """Rounded and clipped to 8 bits."""
    return ((picture.clamp(-1, 1) + 1) * 127.5).round() / 127.5 - 1


def _noise(clean: Tensor, rng: np.random.Generator, level: float) -> Tensor:
    return torch.from_numpy(rng.standard_normal(clean.shape, np.float32)) * (level / 127.5)
