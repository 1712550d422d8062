"""How well features of two pictures fit together where the truth is known."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from recon.features.cnn.geometry import Matrix, apply, inside
from recon.features.extractor import Features

LIMITS = (1, 3, 5)
Match = Callable[[NDArray[np.float32], NDArray[np.float32]], NDArray[np.int32]]


def mutual_nearest(first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.int32]:
    """Indices `[K, 2]` of unit descriptors that are each other's nearest."""
    if not len(first) or not len(second):
        return np.zeros((0, 2), np.int32)
    similarity = first @ second.T
    there, back = similarity.argmax(1), similarity.argmax(0)
    keep = np.flatnonzero(back[there] == np.arange(len(first)))
    return np.stack([keep, there[keep]], 1).astype(np.int32)


def pair_figures(
    first: Features, second: Features, second_from_first: Matrix, match: Match = mutual_nearest
) -> tuple[dict[str, float], NDArray[np.int32], NDArray[np.float64]]:
    """Figures of one pair of pictures under a homography.

    Returns:
        Figures: `mma@t` part of the matches closer to the truth than t pixels, `score@t` the number of those over the number of
        keypoints that both pictures show (the smaller of the two), `repeat@t` part of the keypoints that are found again; the
        matches `[K, 2]` and their errors in pixels `[K]`.
    """
    (w1, h1), (w2, h2) = first.size, second.size
    p, q = first.keypoints[:, :2].astype(np.float64), second.keypoints[:, :2].astype(np.float64)
    moved, returned = apply(second_from_first, p), apply(np.linalg.inv(second_from_first), q)
    seen, seen_back = inside(moved, h2, w2), inside(returned, h1, w1)
    shown = max(1, min(int(seen.sum()), int(seen_back.sum())))
    matches = match(first.unit_descriptors, second.unit_descriptors)
    errors = np.linalg.norm(moved[matches[:, 0]] - q[matches[:, 1]], axis=1)
    errors = np.where(np.isfinite(errors), errors, np.inf)
    nearest = _nearest(moved[seen], q[seen_back])
    figures = {}
    for limit in LIMITS:
        right = int((errors < limit).sum())
        figures[f"mma@{limit}"] = right / max(1, len(matches))
        figures[f"score@{limit}"] = right / shown
        figures[f"repeat@{limit}"] = float((nearest < limit).sum()) / max(1, int(seen.sum()))
    figures["matches"] = float(len(matches))
    return figures, matches, errors


def _nearest(points: Matrix, others: Matrix) -> NDArray[np.float64]:
    """Distance of each point to the nearest of the others."""
    if not len(points) or not len(others):
        return np.full(len(points), np.inf)
    square = (points[:, None, 0] - others[None, :, 0]) ** 2 + (points[:, None, 1] - others[None, :, 1]) ** 2
    return np.asarray(np.sqrt(square.min(1)))


def mean_figures(rows: Sequence[dict[str, float]]) -> dict[str, float]:
    """Mean of each figure over pairs."""
    return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}


def draw_matches(
    pictures: Sequence[NDArray[np.uint8]], features: Sequence[Features], matches: NDArray[np.int32], errors: NDArray[np.float64]
) -> NDArray[np.uint8]:
    """Two grey pictures side by side with their keypoints and matches, green within 3 pixels, red otherwise; BGR."""
    left, right = (cv2.cvtColor(np.ascontiguousarray(p), cv2.COLOR_GRAY2BGR) for p in pictures)
    height = max(left.shape[0], right.shape[0])
    canvas = np.zeros((height, left.shape[1] + right.shape[1], 3), np.uint8)
    canvas[: left.shape[0], : left.shape[1]], canvas[: right.shape[0], left.shape[1] :] = left, right
    offset = np.array([[0, 0], [left.shape[1], 0]])
    for i, one in enumerate(features):
        for x, y in np.rint(one.keypoints[:, :2] + offset[i]).astype(int).tolist():
            cv2.circle(canvas, (x, y), 1, (255, 180, 0), -1)
    for (a, b), error in zip(matches, errors, strict=True):
        p, q = (np.rint(f.keypoints[i, :2] + o).astype(int).tolist() for f, i, o in zip(features, (a, b), offset, strict=True))
        cv2.line(canvas, p, q, (80, 200, 60) if error < 3 else (60, 60, 230), 1, cv2.LINE_AA)
    return canvas
