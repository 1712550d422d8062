"""Matching of photos that are turned against each other by quarter turns, with descriptors whose parts move on when a photo turns.

Steerable descriptors: Bokman, Edstedt, Felsberg and Kahl, Steerers: A framework for rotation equivariant keypoint descriptors, CVPR
2024; here they turn by construction of the network.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recon.features.matching import FARTHEST_LEARNED, match_descriptors

_STRONGEST = 1024
"""So many keypoints of each photo tell how they are turned."""
_CLEARLY = 1.5
_AT_LEAST = 12


def turned(descriptors: NDArray[np.float32], times: int, turns: int = 4) -> NDArray[np.float32]:
    """Descriptors `[N, D]` that the same keypoints have when the photo is turned `times` quarter turns to the left."""
    return np.ascontiguousarray(np.roll(descriptors, times * descriptors.shape[1] // turns, axis=1))


def best_turn(first: NDArray[np.float32], second: NDArray[np.float32], *, ratio: float = 0.8, device: str = "cpu") -> int:
    """Quarter turns of the first photo after which it matches the second clearly better than as it is; 0 when there are none.

    Args:
        first: `[N, D]` unit descriptors, strongest first, in four parts.
        second: `[M, D]` of the other photo.
        ratio: Of the ratio test.
        device: Where torch works.
    """
    left, right = first[:_STRONGEST], second[:_STRONGEST]
    counts = [
        len(match_descriptors(turned(left, times), right, ratio=ratio, max_distance=FARTHEST_LEARNED, device=device)) for times in range(4)
    ]
    best = int(np.argmax(counts))
    return best if counts[best] >= max(_AT_LEAST, _CLEARLY * counts[0]) else 0
