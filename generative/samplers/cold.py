"""Cold Diffusion: restoration by any degradation, without noise (Bansal et al. 2022)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from generative.samplers.protocols import OnStep, ignore

Degrade = Callable[[Tensor, float], Tensor]
"""`D(x0, s)` with `D(x0, 0) = x0`."""
Restore = Callable[[Tensor, float], Tensor]
"""`R(x, s) ≈ x0` for `x = D(x0, s)`."""


@torch.no_grad()
def sample_cold_naive(
    restore: Restore, x_S: Tensor, severities: Sequence[tuple[float, float]], *, degrade: Degrade, on_step: OnStep = ignore
) -> Tensor:
    """`x_r = D(R(x_s, s), r)` (algorithm 1 there): every step forgets x_s, so errors of the restorer pile up.

    Args:
        restore: R.
        x_S: The degraded signal `[B, ...]`.
        severities: Pairs (s, r), falling, the last r 0.
        degrade: D.
        on_step: Told of every step.

    Returns:
        x_0 `[B, ...]`.
    """
    x = x_S
    for i, (s, r) in enumerate(severities, 1):
        x0 = restore(x, s)
        x = degrade(x0, r)
        on_step(i, len(severities), x0)
    return x


@torch.no_grad()
def sample_cold_tacos(
    restore: Restore, x_S: Tensor, severities: Sequence[tuple[float, float]], *, degrade: Degrade, on_step: OnStep = ignore
) -> Tensor:
    """`x_r = x_s - D(x̂0, s) + D(x̂0, r)` (TACoS, algorithm 2 there): what the restorer gets wrong cancels to first order.

    For `D(x, s) = x + s e` with a fixed e the iterates are `D(x0, s)` for any restorer. Arguments as in `sample_cold_naive`.
    """
    x = x_S
    for i, (s, r) in enumerate(severities, 1):
        x0 = restore(x, s)
        x = x - degrade(x0, s) + degrade(x0, r)
        on_step(i, len(severities), x0)
    return x
