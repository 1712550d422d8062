"""Views that show something else than the surface: what stands in front of it and is missing in the mesh, highlights, people.

The photo-consistency check of Waechter et al. (2014), "Let there be color! Large-scale texturing of 3D reconstructions", section 3.2,
with medians in place of mean shift.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_FEWEST = 4
"""Views that must see a vertex before one of them can be outvoted."""
_FLOOR = 20.0
_DEVIATIONS = 4.0
_CHUNK = 1 << 16


def outvoted(colors: NDArray[np.uint8], scores: NDArray[np.floating], gains: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Where a view sees a colour far from what most views see at that vertex, each with its score as its votes.

    Far: more than four times the median deviation of the views there, and never less than 20 of 255.

    Args:
        colors: `[N, V, 3]` uint8.
        scores: `[N, V]` how well a view sees a vertex, 0 = not at all.
        gains: `[N, 3]` factors that make the photos equally bright.

    Returns:
        `[N, V]` bool, nowhere where fewer than four views see the vertex.
    """
    result = np.zeros(scores.shape, bool)
    voting = np.flatnonzero((scores > 0).sum(axis=0) >= _FEWEST)
    for start in range(0, len(voting), _CHUNK):
        part = voting[start : start + _CHUNK]
        votes = scores[:, part].astype(np.float32)
        votes = votes / votes.max(axis=0)
        values = colors[:, part] * gains[:, None]
        off = np.abs(values - weighted_median(values, votes)).max(axis=2)
        usual = weighted_median(off[:, :, None], votes)[:, 0]
        result[:, part] = (votes > 0) & (off > np.maximum(_FLOOR, _DEVIATIONS * usual))
    return result


def weighted_median(values: NDArray[np.float32], weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """`[V, C]` of values `[N, V, C]` with weights `[N, V]`: the lowest value that half of the weight does not exceed."""
    order = values.argsort(axis=0)
    total = np.take_along_axis(np.broadcast_to(weights[:, :, None], values.shape), order, axis=0).cumsum(axis=0)
    middle = (total >= 0.5 * total[-1]).argmax(axis=0)
    result: NDArray[np.float32] = np.take_along_axis(np.take_along_axis(values, order, axis=0), middle[None], axis=0)[0]
    return result
