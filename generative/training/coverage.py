"""How much of the data a generator makes: mode collapse is measured, not assumed away."""

from __future__ import annotations

import torch
from torch import Tensor


def precision_recall(real: Tensor, fake: Tensor, k: int = 3) -> tuple[float, float]:
    """Share of made samples among the real ones, and of real ones among the made (Kynkäänniemi et al. 2019).

    A sample is among others if it is nearer to one of them than that one's k-th neighbour of its own kind.

    Args:
        real: `[N, D]`, more than k.
        fake: `[M, D]`, more than k.
        k: Neighbours.
    """
    return _among(fake, real, k), _among(real, fake, k)


def _among(samples: Tensor, others: Tensor, k: int) -> float:
    reach = torch.cdist(others, others).kthvalue(k + 1, dim=1).values
    return float((torch.cdist(samples, others) <= reach).any(1).float().mean())
