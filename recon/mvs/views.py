"""Which views to compare a view with, and the depth range to search."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recon.errors import ReconstructionError
from recon.scene import Scene, View

# Angles between viewing rays: below the first, depth is imprecise; beyond the second, surfaces look different.
_NARROW_DEG, _WIDE_DEG, _LIMIT_DEG = 8.0, 30.0, 75.0
# Worth of a point that only one of both views is known to see.
_UNSEEN = 0.1
# Fewer points than this give a view no depth range.
_FEWEST = 4


def select_views(scene: Scene, count: int) -> list[list[int]]:
    """Sources of every view, best first, at most `count`; empty where no other view shares points.

    A pair's score is the sum over shared points of a weight that favours triangulation angles of 8 to 30 degrees and
    equal scale (in the manner of Yao et al. 2018, MVSNet, and Goesele et al. 2007). Points that one view sees and that
    fall into the picture of the other count a little too: tracks are short where texture is weak.
    """
    score = pair_scores(scene)
    order = np.argsort(-score, axis=1, kind="stable")
    return [[int(j) for j in row if score[i, j] > 0][:count] for i, row in enumerate(order)]


def pair_scores(scene: Scene) -> NDArray[np.float64]:
    """Symmetric scores `[V, V]`, 0 where two views have no points in common."""
    count = len(scene.views)
    centers = np.array([view.cam_from_world.center for view in scene.views]).reshape(-1, 3)
    observed = np.zeros((count, len(scene.sparse)), bool)
    observed[scene.sparse.view_index, scene.sparse.point_index] = True
    inside = np.array([_inside(view, scene.sparse.points) for view in scene.views]).reshape(count, -1)
    inside[observed.sum(1) < _FEWEST] = False
    score = np.zeros((count, count))
    for i in range(count):
        for j in range(i + 1, count):
            shared = observed[i] & observed[j]
            likely = (observed[i] & inside[j]) | (observed[j] & inside[i])
            chosen = np.flatnonzero(likely | shared)
            if len(chosen) >= _FEWEST and inside[i].any() and inside[j].any():
                worth = np.where(shared[chosen], 1.0, _UNSEEN)
                score[i, j] = score[j, i] = (worth * _weights(scene, centers, i, j, chosen)).sum()
    return score


def _inside(view: View, points: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which points `[P, 3]` fall into the view's picture, `[P]`."""
    pixels, depth = view.camera.project(view.cam_from_world.apply(points))
    with np.errstate(invalid="ignore"):
        fits = (pixels >= 0) & (pixels <= [view.camera.width - 1, view.camera.height - 1])
    return np.asarray((depth > 0) & fits.all(axis=-1))


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
    if len(depth) < _FEWEST:
        raise ReconstructionError(
            f"No depth range for {view.name}.",
            f"It sees only {len(depth)} reconstructed points.",
            "Leave the photo out or add photos beside it.",
        )
    inverse = 1.0 / depth
    low, high = np.quantile(inverse, [0.005, 0.995])
    room = 0.15 * (high - low)
    return float(1.0 / (high * 1.1 + room)), float(1.0 / max(low * 0.9 - room, low * 0.5))
