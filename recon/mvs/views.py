"""Which views to compare a view with, and the depth range to search."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recon.errors import ReconstructionError
from recon.scene import Scene

# Angles between viewing rays: below the first, depth is imprecise; beyond the second, surfaces look different.
_NARROW_DEG, _WIDE_DEG, _LIMIT_DEG = 8.0, 30.0, 75.0


def select_views(scene: Scene, count: int) -> list[list[int]]:
    """Sources of every view, best first, at most `count`; empty where no other view shares points.

    A pair's score is the sum over shared points of a weight that favours triangulation angles of 8 to 30 degrees and
    equal scale (in the manner of Yao et al. 2018, MVSNet, and Goesele et al. 2007).
    """
    score = pair_scores(scene)
    order = np.argsort(-score, axis=1, kind="stable")
    return [[int(j) for j in row if score[i, j] > 0][:count] for i, row in enumerate(order)]


def pair_scores(scene: Scene) -> NDArray[np.float64]:
    """Symmetric scores `[V, V]`, 0 where fewer than four points are shared."""
    count = len(scene.views)
    centers = np.array([view.cam_from_world.center for view in scene.views]).reshape(-1, 3)
    observed = [np.unique(scene.sparse.point_index[scene.sparse.view_index == i]) for i in range(count)]
    score = np.zeros((count, count))
    for i in range(count):
        for j in range(i + 1, count):
            shared = np.intersect1d(observed[i], observed[j], assume_unique=True)
            if len(shared) >= 4:
                score[i, j] = score[j, i] = _weights(scene, centers, i, j, shared).sum()
    return score


def _weights(scene: Scene, centers: NDArray[np.float64], i: int, j: int, shared: NDArray[np.integer]) -> NDArray[np.float64]:
    """Weight of every shared point `[N]`."""
    points = scene.sparse.points[shared]
    a, b = points - centers[i], points - centers[j]
    da, db = np.linalg.norm(a, axis=1), np.linalg.norm(b, axis=1)
    cosine = (a * b).sum(1) / np.maximum(da * db, 1e-12)
    angle = np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0)))
    narrow = np.minimum(angle / _NARROW_DEG, 1.0) ** 2
    wide = np.exp(-0.5 * (np.maximum(angle - _WIDE_DEG, 0.0) / 20.0) ** 2) * (angle < _LIMIT_DEG)
    sharpness_a = scene.views[i].camera.fx / np.maximum(da, 1e-12)
    sharpness_b = scene.views[j].camera.fx / np.maximum(db, 1e-12)
    scale = np.minimum(sharpness_a, sharpness_b) / np.maximum(sharpness_a, sharpness_b)
    return np.asarray(narrow * wide * scale, np.float64)


def depth_range(scene: Scene, view_index: int) -> tuple[float, float]:
    """Nearest and farthest depth to search in a view, from the sparse points it sees, with room on both sides.

    Raises:
        ReconstructionError: The view sees fewer than four points in front of it.
    """
    view = scene.views[view_index]
    seen = scene.sparse.point_index[scene.sparse.view_index == view_index]
    depth = view.cam_from_world.apply(scene.sparse.points[seen])[:, 2]
    depth = depth[depth > 0]
    if len(depth) < 4:
        raise ReconstructionError(
            f"No depth range for {view.name}.",
            f"It sees only {len(depth)} reconstructed points.",
            "Leave the photo out or add photos beside it.",
        )
    inverse = 1.0 / depth
    low, high = np.quantile(inverse, [0.005, 0.995])
    room = 0.15 * (high - low)
    return float(1.0 / (high * 1.1 + room)), float(1.0 / max(low * 0.9 - room, low * 0.5))
