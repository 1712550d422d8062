"""Refines clouds with the network: outliers go, points move onto the surface, normals follow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from recon.errors import InputError
from recon.points import orientation
from recon.points.filters import local_inliers, reach
from recon.points.networks import Architecture, RefineNetwork
from recon.points.patches import PatchFrame, merged
from recon.points.spread import spread
from recon.points.support import support, unknown
from recon.points.weights import weights_file
from recon.scene import PointCloud
from recon.scene.origin import Origin

ROUNDS = 2
"""The network is applied so often at most; it learns from what it made itself."""
STRONG = 0.32
"""Noise above this part of the distance to the eighth neighbour is worth a second round."""
OUTLIER = 0.15
"""Points with a larger probability of being off the surface even when moved go."""
Progress = Callable[[int, int], None]


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
    cloud: PointCloud,
    network: nn.Module,
    *,
    outlier: float = OUTLIER,
    keep_normals: bool = False,
    progress: Progress = lambda done, total: None,
) -> PointCloud:
    """Refines a cloud of any size, density and scale: lonely points and outliers go, the others move onto the surface.

    Args:
        cloud: As `recon.points.checks.usable` leaves it. Its normals say which side is outside; without them neighbours are made to agree.
        network: See `load_network`.
        outlier: Points with a larger probability of being outliers go; 1 = none.
        keep_normals: The cloud's normals, if it has any, are better than what points alone say.
        progress: Is told what is done, of how much; may raise.

    Returns:
        The points that stayed, in their order, with all their attributes; those that moved are of the origin MOVED.

    Raises:
        InputError: The network sees no surface at all.
    """
    cloud = cloud.select(local_inliers(cloud.points))  # far points would distort the patches they are in
    seen = look(network, cloud.points, support(cloud), partial(_part, progress, 0, ROUNDS))
    stays = seen[:, 3] <= (np.log(outlier / (1 - outlier)) if outlier < 1 else np.inf)
    if not stays.any():
        raise InputError("The cloud cannot be refined.", "None of its points seems to lie on a surface.", "Give another cloud.")
    cloud, seen = cloud.select(stays), seen[stays]
    points, normals = _settle(network, cloud.points, support(cloud), seen, partial(_part, progress, 1, ROUNDS))
    result = moved(cloud, points)
    if keep_normals and result.normals is not None:
        return result
    return replace(result, normals=orientation.renewed(points, normals, cloud.normals))


def displaced(network: nn.Module, points: NDArray[np.float32], known: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
    """Points `[N, 3]` moved onto the surface; none is left out. `known` is their support `[N, 2]`."""
    known = unknown(len(points)) if known is None else known
    return _settle(network, points, known, look(network, points, known), lambda done, total: None)[0]


def _settle(
    network: nn.Module, points: NDArray[np.float32], known: NDArray[np.float32], seen: NDArray[np.float32], progress: Progress
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Moves points along their normals, again where the noise is strong, and spreads them.

    Args:
        network: For the second round.
        points: `[N, 3]`.
        known: Their support `[N, 2]`.
        seen: What the network said of them.
        progress: For the second round.

    Returns:
        Points and normals `[N, 3]`.
    """
    result, normals = _along_normals(points, seen)
    noise = _rms(result - points)  # how far points were off the surface
    if noise > STRONG * reach(points):
        result, normals = _along_normals(result, look(network, result, known, progress))
        noise = _rms(result - points)
    return spread(result, normals, noise), normals


def _along_normals(points: NDArray[np.float32], seen: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Points moved by the part of their displacements along the normals, and the normals."""
    normals = seen[:, 4:] / np.linalg.norm(seen[:, 4:], axis=1, keepdims=True).clip(1e-12)
    return points + np.einsum("nc,nc->n", seen[:, :3], normals)[:, None] * normals, normals


def _rms(moves: NDArray[np.float32]) -> float:
    return float(np.sqrt(np.square(moves.astype(np.float64)).sum(1).mean()))


def _part(progress: Progress, part: int, parts: int, done: int, total: int) -> None:
    """Tells `progress` of one part of several."""
    progress(part * total + done, parts * total)


def moved(cloud: PointCloud, points: NDArray[np.float32]) -> PointCloud:
    """The cloud with its points elsewhere; measured points that did not stay in place become MOVED."""
    assert cloud.origin is not None
    elsewhere = (points != cloud.points).any(1) & (cloud.origin == Origin.MEASURED)
    return replace(cloud, points=points, origin=np.where(elsewhere, np.uint8(Origin.MOVED), cloud.origin))


def look(
    network: nn.Module, points: NDArray[np.float32], known: NDArray[np.float32], progress: Progress = lambda done, total: None
) -> NDArray[np.float32]:
    """What the network says in one round of a cloud `[N, 3]` with support `[N, 2]`.

    Returns:
        `[N, 7]`: displacement in the cloud's unit, logit of being an outlier, normal (of mean length, up to its sign).
    """
    device = str(next(network.parameters()).device)

    def compute(patches: Tensor, known: Tensor, frame: PatchFrame) -> Tensor:
        with torch.inference_mode():
            found = network(patches, known)
        return torch.cat([found.displacement * frame.scale, found.outlier[..., None], found.normal], -1)

    return merged(points, known, 7, compute, device=device, progress=progress)
