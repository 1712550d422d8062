"""How much of the data a generator makes: mode collapse is measured, not assumed away."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class Distances(NamedTuple):
    """Between all samples of two sets; any distance.

    Args:
        real: `[N, N]`, among real samples.
        fake: `[M, M]`, among made ones.
        across: `[N, M]`, from real to made ones.
    """

    real: Tensor
    fake: Tensor
    across: Tensor


def precision_recall(real: Tensor, fake: Tensor, k: int = 3) -> tuple[float, float]:
    """`precision_recall_of` the Euclidean distances of features `[N, D]` and `[M, D]`, more than k each."""
    return precision_recall_of(Distances(torch.cdist(real, real), torch.cdist(fake, fake), torch.cdist(real, fake)), k)


def precision_recall_of(distances: Distances, k: int = 3) -> tuple[float, float]:
    """Share of made samples among the real ones, and of real ones among the made (Kynkäänniemi et al. 2019).

    A sample is among others if it is nearer to one of them than that one's k-th neighbour of its own kind.
    """
    return _among(distances.across.T, distances.real, k), _among(distances.across, distances.fake, k)


def _among(to_others: Tensor, others: Tensor, k: int) -> float:
    reach = others.kthvalue(k + 1, dim=1).values
    return float((to_others <= reach).any(1).float().mean())


def f_score(precision: float, recall: float) -> float:
    """Harmonic mean; 0 when both are 0."""
    return 2 * precision * recall / max(precision + recall, 1e-9)


def coverage(across: Tensor) -> float:
    """Share of real samples that are the nearest one to some made sample (Achlioptas et al. 2018, section 2); `[N, M]` distances."""
    return float(across.argmin(0).unique().numel() / len(across))


def minimum_matching_distance(across: Tensor) -> float:
    """Mean over real samples of the distance to the nearest made one (Achlioptas et al. 2018, section 2); `[N, M]` distances."""
    return float(across.min(1).values.mean())
