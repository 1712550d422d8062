"""What a reconstruction knows of its points besides their places: how many views confirm each, and how well they match."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recon.scene import PointCloud

_MANY = 12
"""Views that count as full support."""


def support(cloud: PointCloud) -> NDArray[np.float32]:
    """`[N, 2]` in [0, 1]: confirming views (of 12) and confidence; 0 where the cloud does not say."""
    result = unknown(len(cloud))
    if cloud.num_views is not None:
        result[:, 0] = cloud.num_views.astype(np.float32).clip(0, _MANY) / _MANY
    if cloud.confidence is not None:
        result[:, 1] = cloud.confidence.clip(0, 1)
    return result


def unknown(count: int) -> NDArray[np.float32]:
    """Of points of which nothing is said, `[count, 2]`."""
    return np.zeros((count, 2), np.float32)
