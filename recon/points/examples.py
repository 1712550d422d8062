"""Training examples of the denoiser: one patch of a noisy cloud and the clean surface around it."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from recon.points.noise import KINDS, Noisy
from recon.points.patches import SIZE, PatchFrame
from recon.points.shapes import Shape

SHARES = {"gaussian": 0.5, "scanner": 0.15, "stereo": 0.35}
"""How often each kind of noise is trained with."""
SURFACE = 3072
"""Clean points of an example."""


def noisy_cloud(rng: np.random.Generator, shape: Shape) -> tuple[Noisy, NDArray[np.int64]]:
    """A cloud of the shape of random size and noise, and the numbers of the shape's points that it was made of."""
    count = int(np.exp(rng.uniform(np.log(3000), np.log(shape.even))))
    chosen = np.arange(count) if rng.random() < 0.7 else rng.choice(len(shape.points), count, replace=False)
    kind = str(rng.choice(list(SHARES), p=list(SHARES.values())))
    sigma = rng.uniform(0.002, 0.036)
    return KINDS[kind](rng, shape.points[chosen], shape.normals[chosen], sigma), chosen


def example(rng: np.random.Generator, shape: Shape, size: int = SIZE) -> dict[str, Tensor]:
    """One patch in patch coordinates.

    Returns:
        points `[size, 3]` noisy ones; clean `[size, 3]` where they come from; outlier `[size]` 0 or 1; distance `[size]` from the seed, as
        a part of the patch's radius; surface, normals `[SURFACE, 3]` of the shape around.
    """
    while True:
        noisy, chosen = noisy_cloud(rng, shape)
        inliers = np.flatnonzero(~noisy.outlier)
        if len(noisy.points) >= size and len(inliers):
            break
    seed = noisy.points[rng.choice(inliers)]
    away = np.square(noisy.points - seed).sum(1)
    patch = np.argpartition(away, size - 1)[:size]
    points = torch.from_numpy(noisy.points[patch])
    frame = PatchFrame.of(points[None])
    turn = torch.from_numpy(random_rotation(rng).astype(np.float32))

    def inward(values: NDArray[np.float32]) -> Tensor:
        return frame.inward(torch.from_numpy(values)[None])[0] @ turn

    reach = np.square(shape.points - seed).sum(1)
    around = np.flatnonzero(reach < away[patch].max() * 1.3)
    around = rng.choice(around, SURFACE, replace=len(around) < SURFACE)
    distance = np.sqrt(away[patch] / away[patch].max())
    return {
        "points": inward(noisy.points[patch]),
        "clean": inward(shape.points[chosen[noisy.source[patch]]]),
        "outlier": torch.from_numpy(noisy.outlier[patch].astype(np.float32)),
        "distance": torch.from_numpy(distance.astype(np.float32)),
        "surface": inward(shape.points[around]),
        "normals": torch.from_numpy(shape.normals[around]) @ turn,
    }


def random_rotation(rng: np.random.Generator) -> NDArray[np.float64]:
    """`[3, 3]`, evenly distributed: a random orthogonal matrix, its sign put right."""
    q, r = np.linalg.qr(rng.normal(size=(3, 3)))
    q *= np.sign(np.diag(r))
    turn: NDArray[np.float64] = q * np.sign(np.linalg.det(q))
    return turn
