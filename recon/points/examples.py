"""Training examples of the denoiser: one patch of a noisy cloud and the clean surface around it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from recon.points.clouds import Reconstructed
from recon.points.noise import KINDS, Noisy
from recon.points.patches import SIZE, PatchFrame
from recon.points.shapes import Shape
from recon.points.support import unknown

SHARES = {"gaussian": 0.35, "scanner": 0.1, "stereo": 0.15, "reconstructed": 0.4}
"""How often each kind of noise is trained with; 'reconstructed' clouds bring their own."""
SURFACE = 3072
"""Clean points of an example."""
FAR = 0.4
"""Points that far from where they come from, in patch coordinates, are outliers whatever the reason."""


def noisy_cloud(rng: np.random.Generator, shape: Shape, kinds: Mapping[str, float]) -> tuple[Noisy, NDArray[np.int64]]:
    """A cloud of the shape of random size and noise, and the numbers of the shape's points that it was made of."""
    count = int(np.exp(rng.uniform(np.log(3000), np.log(shape.even))))
    chosen = np.arange(count) if rng.random() < 0.7 else rng.choice(len(shape.points), count, replace=False)
    shares = np.array(list(kinds.values()))
    kind = str(rng.choice(list(kinds), p=shares / shares.sum()))
    sigma = rng.uniform(0.002, 0.036)
    return KINDS[kind](rng, shape.points[chosen], shape.normals[chosen], sigma), chosen


def drawn_example(rng: np.random.Generator, shape: Shape, size: int = SIZE) -> dict[str, Tensor]:
    """One patch of a shape with drawn noise; see `_example`."""
    kinds = {kind: share for kind, share in SHARES.items() if kind in KINDS}
    while True:
        noisy, chosen = noisy_cloud(rng, shape, kinds)
        inliers = np.flatnonzero(~noisy.outlier)
        if len(noisy.points) >= size and len(inliers):
            break
    clean = shape.points[chosen[noisy.source]]
    seed = int(rng.choice(inliers))
    return _example(rng, noisy.points, seed, size, clean, noisy.outlier, unknown(len(clean)), shape.points, shape.normals)


def reconstructed_example(rng: np.random.Generator, cloud: Reconstructed, size: int = SIZE) -> dict[str, Tensor]:
    """One patch of a reconstructed cloud, at times thinned, at times without its support; see `_example`."""
    rows = np.arange(len(cloud.points))
    if rng.random() < 0.3:
        rows = rng.choice(rows, int(rng.uniform(0.3, 1) * len(rows)), replace=False)
    if len(rows) < size:
        rows = rng.choice(len(cloud.points), size, replace=len(cloud.points) < size)
    points, clean = cloud.points[rows], cloud.surface[rows]
    known = cloud.support[rows] if rng.random() < 0.7 else unknown(len(rows))
    far = np.linalg.norm(points - clean, axis=1)
    seed = int(rng.choice(np.flatnonzero(far <= np.quantile(far, 0.9))))
    return _example(rng, points, seed, size, clean, np.zeros(len(rows), bool), known, clean, cloud.normals[rows])


def _example(
    rng: np.random.Generator,
    points: NDArray[np.float32],
    seed: int,
    size: int,
    clean: NDArray[np.float32],
    outlier: NDArray[np.bool_],
    known: NDArray[np.float32],
    surface: NDArray[np.float32],
    normals: NDArray[np.float32],
) -> dict[str, Tensor]:
    """One patch in patch coordinates, randomly turned.

    Args:
        rng: Randomness.
        points: `[N, 3]` noisy ones.
        seed: The point in whose middle the patch lies.
        size: Points of the patch.
        clean: `[N, 3]` where they come from.
        outlier: `[N]` which have left the surface for good.
        known: `[N, S]` support.
        surface: `[M, 3]` clean points, dense.
        normals: `[M, 3]` theirs.

    Returns:
        points, clean `[size, 3]`; outlier `[size]` 0 or 1, also of points that are FAR off; support `[size, S]`; distance `[size]` from the
        seed, as a part of the patch's radius; surface, normals `[SURFACE, 3]` of the shape around; reach `[SURFACE]` as distance.
    """
    away = np.square(points - points[seed]).sum(1)
    patch = np.argpartition(away, size - 1)[:size]
    frame = PatchFrame.of(torch.from_numpy(points[patch])[None])
    turn = torch.from_numpy(random_rotation(rng).astype(np.float32))

    def inward(values: NDArray[np.float32]) -> Tensor:
        return frame.inward(torch.from_numpy(values)[None])[0] @ turn

    radius = float(away[patch].max())
    reach = np.square(surface - points[seed]).sum(1)
    around = np.flatnonzero(reach < radius * 1.3)
    if not len(around):
        around = np.argpartition(reach, min(SURFACE, len(reach)) - 1)[:SURFACE]
    around = rng.choice(around, SURFACE, replace=len(around) < SURFACE)
    inside, origin = inward(points[patch]), inward(clean[patch])
    return {
        "points": inside,
        "clean": origin,
        "outlier": (torch.from_numpy(outlier[patch]) | ((inside - origin).norm(dim=-1) > FAR)).float(),
        "support": torch.from_numpy(known[patch]),
        "distance": torch.from_numpy(np.sqrt(away[patch] / radius).astype(np.float32)),
        "surface": inward(surface[around]),
        "normals": torch.from_numpy(normals[around]) @ turn,
        "reach": torch.from_numpy(np.sqrt(reach[around] / radius).astype(np.float32)),
    }


def random_rotation(rng: np.random.Generator) -> NDArray[np.float64]:
    """`[3, 3]`, evenly distributed: a random orthogonal matrix, its sign put right."""
    q, r = np.linalg.qr(rng.normal(size=(3, 3)))
    q *= np.sign(np.diag(r))
    turn: NDArray[np.float64] = q * np.sign(np.linalg.det(q))
    return turn
