"""Refines clouds with the network: outliers go, points move onto the surface, normals follow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from recon.errors import InputError
from recon.points import orientation
from recon.points.networks import Architecture, RefineNetwork
from recon.points.patches import PatchFrame, merged
from recon.points.weights import weights_file
from recon.scene import PointCloud
from recon.scene.origin import Origin

ROUNDS = 2
"""The network is applied so often to a cloud; it learns from what it made itself."""
OUTLIER = 0.5
"""Points with a larger probability of belonging to no surface go."""
Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Refined:
    """A refined cloud, and what was done to it.

    Args:
        cloud: The points that stayed, in their order, with all their attributes; those that moved are of the origin MOVED.
        removed: Points that were taken for outliers.
        noise: Root mean square of how far points moved.
    """

    cloud: PointCloud
    removed: int
    noise: float


def load_network(path: str = "", device: str = "cpu") -> RefineNetwork:
    """The trained network, ready to be used.

    Raises:
        WeightsError: There are no such weights, or they are damaged or of another network.
    """
    from recon.learning.weights import load_into, load_weights

    tensors, card = load_weights(weights_file(path))
    network = RefineNetwork(Architecture.of(card.architecture))
    load_into(network, tensors)
    return network.to(device).eval()


def refine(
    cloud: PointCloud, network: nn.Module, *, rounds: int = ROUNDS, outlier: float = OUTLIER, progress: Progress = lambda done, total: None
) -> Refined:
    """Refines a cloud of any size, density and scale.

    Args:
        cloud: As `recon.points.checks.usable` leaves it. Its normals say which side is outside; without them
            neighbours are made to agree.
        network: See `load_network`.
        rounds: How often the points move.
        outlier: Points with a larger probability of being outliers go; 1 = none.
        progress: Is told what is done, of how much; may raise.

    Raises:
        InputError: The network sees no surface at all.
    """
    points, kept = cloud.points, np.arange(len(cloud))
    seen = np.zeros((0, 7), np.float32)
    for i in range(rounds):
        seen = look(network, points, partial(_part, progress, i, rounds))
        if i == 0 and outlier < 1:
            stays = seen[:, 3] <= np.log(outlier / (1 - outlier))
            if not stays.any():
                raise InputError("The cloud cannot be refined.", "None of its points seems to lie on a surface.", "Give another cloud.")
            points, kept, seen = points[stays], kept[stays], seen[stays]
        points = points + seen[:, :3]
    picked = cloud.select(kept)
    moves = points - picked.points
    normals = seen[:, 4:] / np.linalg.norm(seen[:, 4:], axis=1, keepdims=True).clip(1e-12)
    normals = orientation.consistent(points, normals) if picked.normals is None else orientation.like(normals, picked.normals)
    noise = float(np.sqrt(np.square(moves).sum(1).mean())) if len(kept) else 0.0
    return Refined(replace(moved(picked, points), normals=normals), len(cloud) - len(kept), noise)


def _part(progress: Progress, part: int, parts: int, done: int, total: int) -> None:
    """Tells `progress` of one part of several."""
    progress(part * total + done, parts * total)


def moved(cloud: PointCloud, points: NDArray[np.float32]) -> PointCloud:
    """The cloud with its points elsewhere; measured points that did not stay in place become MOVED."""
    assert cloud.origin is not None
    elsewhere = (points != cloud.points).any(1) & (cloud.origin == Origin.MEASURED)
    return replace(cloud, points=points, origin=np.where(elsewhere, np.uint8(Origin.MOVED), cloud.origin))


def displaced(network: nn.Module, points: NDArray[np.float32], rounds: int = ROUNDS) -> NDArray[np.float32]:
    """Points `[N, 3]` after the network has moved them; none is left out."""
    for _ in range(rounds):
        points = points + look(network, points)[:, :3]
    return points


def look(network: nn.Module, points: NDArray[np.float32], progress: Progress = lambda done, total: None) -> NDArray[np.float32]:
    """What the network says of a cloud `[N, 3]` in one round.

    Returns:
        `[N, 7]`: displacement in the cloud's unit, logit of being an outlier, normal (of mean length, up to its sign).
    """
    device = str(next(network.parameters()).device)

    def compute(patches: Tensor, frame: PatchFrame) -> Tensor:
        with torch.inference_mode():
            found = network(patches)
        return torch.cat([found.displacement * frame.scale, found.outlier[..., None], found.normal], -1)

    return merged(points, 7, compute, device=device, progress=progress)
