"""One measurement after the other."""

from __future__ import annotations

from functools import reduce

from torch import Tensor

from generative.operators.base import LinearOperator
from generative.operators.least_squares import smallest_least_squares


class Composition(LinearOperator):
    """`A = A_k ... A_2 A_1`.

    `(A_2 A_1)⁺` is not `A_1⁺ A_2⁺`, and the SVDs of the parts say little of the whole's. The pseudo-inverse is found by conjugate
    gradients, in float64, exact to `tolerance`.

    Args:
        operators: A_1, A_2, ...: the first acts first.
        tolerance: Largest `‖Aᵀ(y - A x)‖ / ‖Aᵀy‖` that is taken as solved.
        max_iterations: Steps after which that has to be so.
    """

    def __init__(self, *operators: LinearOperator, tolerance: float = 1e-10, max_iterations: int = 2000) -> None:
        if not operators:
            raise ValueError("a composition has at least one operator")
        self._operators = operators
        self._tolerance, self._max_iterations = tolerance, max_iterations

    def A(self, x: Tensor) -> Tensor:
        """`A_k ... A_1 x`."""
        return reduce(lambda value, operator: operator.A(value), self._operators, x)

    def A_adjoint(self, y: Tensor) -> Tensor:
        """`A_1ᵀ ... A_kᵀ y`."""
        return reduce(lambda value, operator: operator.A_adjoint(value), reversed(self._operators), y)

    def A_pinv(self, y: Tensor) -> Tensor:
        """`A⁺ y` by conjugate gradients.

        Raises:
            ArithmeticError: The tolerance is not reached in `max_iterations`.
        """
        x = smallest_least_squares(self.A, self.A_adjoint, y.double(), self._tolerance, self._max_iterations)
        return x.to(y.dtype)
