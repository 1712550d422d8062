"""Near-duplicates: the same picture again (copied, resized, re-saved, another exposure, a burst from one spot)."""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

HASH_BITS = 63
MAX_HASH_DISTANCE = 14
_SIDE = 128


def perceptual_hash(grey: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Signs of the 63 lowest frequencies of the picture's cosine transform (pHash), `[63]` bool.

    Args:
        grey: `[H, W]` uint8.
    """
    small = cv2.resize(grey, (32, 32), interpolation=cv2.INTER_AREA).astype(np.float32)
    low = np.asarray(cv2.dct(small))[:8, :8].ravel()[1:]
    return np.asarray(low > np.median(low))


def small_picture(grey: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What two pictures are compared by: 128 x 128, without its coarse shading, zero mean and unit norm, `[16384]`.

    Taking out what is larger than an eighth of the picture keeps a dark background and an outline that all photos of a
    turntable share from making them look the same.
    """
    small = cv2.GaussianBlur(cv2.resize(grey, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA).astype(np.float32), (0, 0), 0.7)
    detail = small - cv2.GaussianBlur(small, (0, 0), _SIDE / 16)
    detail -= detail.mean()
    return np.asarray(detail / max(float(np.linalg.norm(detail)), 1e-3), np.float32).ravel()


def find_duplicates(pictures: Mapping[str, NDArray[np.uint8]], threshold: float) -> dict[str, tuple[str, float]]:
    """Finds photos that repeat an earlier one.

    Args:
        pictures: Id -> small grey picture `[h, w]` uint8, in project order.
        threshold: Correlation of the small pictures from which on they are the same view.

    Returns:
        Id -> (id of the earlier photo it repeats, correlation). The earlier one is never itself a duplicate.
    """
    names = list(pictures)
    hashes = np.array([perceptual_hash(pictures[name]) for name in names]).reshape(-1, HASH_BITS)
    shapes = [pictures[name].shape[1] / pictures[name].shape[0] for name in names]
    details: dict[int, NDArray[np.float32]] = {}
    found: dict[str, tuple[str, float]] = {}
    for i, name in enumerate(names):
        near = np.flatnonzero((hashes[:i] != hashes[i]).sum(axis=1) <= MAX_HASH_DISTANCE)
        rivals = [int(j) for j in near if names[j] not in found and abs(shapes[j] / shapes[i] - 1) < 0.03]
        for j in (i, *rivals) if rivals else ():
            details.setdefault(j, small_picture(pictures[names[j]]))
        best = max(((float(details[i] @ details[j]), names[j]) for j in rivals), default=(0.0, ""))
        if best[0] >= threshold:
            found[name] = (best[1], best[0])
    return found
