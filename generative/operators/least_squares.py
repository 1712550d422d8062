"""`A⁺ y` from products with A and Aᵀ alone."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


def smallest_least_squares(
    A: Callable[[Tensor], Tensor], A_adjoint: Callable[[Tensor], Tensor], y: Tensor, tolerance: float, max_iterations: int
) -> Tensor:
    """Conjugate gradients on `AᵀA x = Aᵀy` (CGLS; Björck 1996, section 7.4), for each signal of the batch on its own.

    Begun at 0 the iterates stay in the range of Aᵀ, so among all solutions they find the smallest.

    Args:
        A: Signals to measurements.
        A_adjoint: Measurements to signals.
        y: `[B, ...]`, float64.
        tolerance: Of `‖Aᵀ(y - A x)‖ / ‖Aᵀy‖`.
        max_iterations: Products with A at most.

    Raises:
        ArithmeticError: The tolerance is not reached.
    """
    residual = y
    gradient = A_adjoint(residual)
    direction, x = gradient, torch.zeros_like(gradient)
    norm2 = _dot(gradient, gradient)
    goal = tolerance**2 * norm2
    for _ in range(max_iterations):
        if bool((norm2 <= goal).all()):
            return x
        image = A(direction)
        step = _ratio(norm2, _dot(image, image))
        x = x + _scaled(step, direction)
        residual = residual - _scaled(step, image)
        gradient = A_adjoint(residual)
        before, norm2 = norm2, _dot(gradient, gradient)
        direction = gradient + _scaled(_ratio(norm2, before), direction)
    left = float(_ratio(norm2, goal).max().sqrt()) * tolerance
    raise ArithmeticError(f"no pseudo-inverse after {max_iterations} steps: gradient at {left:.1e} of its start, not {tolerance:.1e}")


def _dot(a: Tensor, b: Tensor) -> Tensor:
    """`[B]`."""
    return (a * b).flatten(1).sum(1)


def _ratio(a: Tensor, b: Tensor) -> Tensor:
    """`a / b`, 0 where b is 0."""
    return torch.where(b > 0, a / torch.where(b > 0, b, 1), 0)


def _scaled(factor: Tensor, x: Tensor) -> Tensor:
    """Each signal `x` `[B, ...]` by its factor `[B]`."""
    return factor.view(-1, *[1] * (x.ndim - 1)) * x
