"""Applies the network to clouds of any size."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from recon.points.patches import PatchFrame, merged


def displaced(network: nn.Module, points: NDArray[np.float32], rounds: int) -> NDArray[np.float32]:
    """Points `[N, 3]` after the network has moved them `rounds` times; none is left out."""
    for _ in range(rounds):
        points = points + look(network, points)[:, :3]
    return points


def look(
    network: nn.Module,
    points: NDArray[np.float32],
    *,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> NDArray[np.float32]:
    """What the network says of a cloud `[N, 3]` in one round.

    Returns:
        `[N, 7]`: displacement in the cloud's unit, logit of being an outlier, normal (of mean length, up to its sign).
    """
    device = next(network.parameters()).device

    def compute(patches: Tensor, frame: PatchFrame) -> Tensor:
        with torch.inference_mode():
            found = network(patches)
        return torch.cat([found.displacement * frame.scale, found.outlier[..., None], found.normal], -1)

    return merged(points, 7, compute, device=str(device), progress=progress)
