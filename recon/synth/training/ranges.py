"""How views see each other: which pixels are seen in how many others, the range of depth that follows, and parallax."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recon.synth.training.cameras import View

Depth = NDArray[np.float32]
_TOLERANCE = 0.02
_STRIDE = 6


def seen_in(views: Sequence[View], depths: Sequence[Depth], reference: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Depths of a grid of known pixels of a view `[N]`, and in how many views each point is seen, itself included `[N]`."""
    camera, pose = views[reference]
    y, x = np.mgrid[_STRIDE // 2 : camera.height : _STRIDE, _STRIDE // 2 : camera.width : _STRIDE]
    depth = depths[reference][y, x]
    pixels, known = np.stack([x, y], -1)[depth > 0], depth[depth > 0].astype(np.float64)
    points = pose.inverse().apply(camera.unproject(pixels, known))
    count = np.ones(len(known), np.int64)
    for other, (camera, pose) in enumerate(views):
        if other == reference or not len(known):
            continue
        where, expected = camera.project(pose.apply(points))
        inside = (expected > 0) & (where > -0.5).all(1) & (where < np.array([camera.width, camera.height]) - 0.5).all(1)
        place = np.rint(where[inside]).astype(int)
        found = depths[other][place[:, 1], place[:, 0]]
        count[inside] += np.abs(found - expected[inside]) < _TOLERANCE * expected[inside]
    return known, count


def searched_range(depth: NDArray[np.float64], rng: np.random.Generator) -> tuple[float, float]:
    """Nearest and farthest depth that a search would assume who knows a few of the points: quantiles of a sparse choice, widened a
    little, by other amounts each time.

    Args:
        depth: Depths of points that several views see `[N]`.
        rng: Randomness.
    """
    inverse = 1.0 / rng.choice(depth, min(len(depth), int(rng.integers(40, 400))), replace=False)
    low, high = np.quantile(inverse, [0.005, 0.995])
    room = rng.uniform(0.08, 0.25) * (high - low)
    return float(1 / (high * rng.uniform(1.03, 1.15) + room)), float(1 / max(low * rng.uniform(0.85, 0.97) - room, 0.5 * low))


def parallax(views: Sequence[View], reference: int) -> float:
    """Pixels that a point moves, at most, in the view with the longest baseline when its inverse depth grows by one."""
    centers = np.stack([pose.center for _, pose in views])
    baseline = float(np.linalg.norm(centers - centers[reference], axis=1).max())
    return baseline * max(camera.fx for camera, _ in views)
