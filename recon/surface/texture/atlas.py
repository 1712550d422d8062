"""Charts packed into one texture that is as small as it can be and no larger than allowed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recon.scene import TriMesh, View
from recon.surface.texture.charts import make_charts
from recon.surface.texture.packing import pack

_SMALLEST = 256
_SHRINK = 0.94
_USABLE = 0.9
_LEAST_SCALE = 1e-3


def lay_out(
    mesh: TriMesh, labels: NDArray[np.int32], views: Sequence[View], pairs: NDArray[np.int64], max_size: int, padding: int
) -> tuple[NDArray[np.float64], tuple[int, int], float]:
    """Place of every face in the texture.

    Args:
        mesh: Triangles.
        labels: `[F]` view of each face, -1 = none.
        views: Views that `labels` counts.
        pairs: `[E, 2]` neighbouring faces.
        max_size: Largest width and height, texels.
        padding: Texels around each chart, fewer when many charts have to share a small texture.

    Returns:
        Corners `[F, 3, 2]` in texels (centres at whole numbers plus a half), width and height of the texture (powers of two up to
        `max_size`), and the scale: texels a photo pixel, 1 where everything fits.
    """
    scale = 1.0
    while True:
        charts = make_charts(mesh, labels, views, pairs, scale)
        padded = charts.sizes + 2 * padding
        width = _width(padded, max_size)
        if width:
            places, height = pack(padded, width)
            if height <= max_size:
                corners = charts.corners + (places + padding)[charts.chart][:, None]
                return corners, (width, _power(height, max_size)), scale
        if scale > _LEAST_SCALE:
            ratio = _USABLE * max_size**2 / float(padded.prod(axis=1).sum())
            scale *= min(_SHRINK, max(ratio, 0.25) ** 0.5 if ratio < 1 else _SHRINK)
        elif padding:
            scale, padding = 1.0, padding // 2
        else:
            max_size *= 2  # more faces than texels: nothing else helps
            scale = 1.0


def _width(padded: NDArray[np.int64], max_size: int) -> int:
    """Smallest power of two that may do, 0 when even `max_size` cannot."""
    area = float(padded.prod(axis=1).sum())
    widest = int(padded[:, 0].max(initial=1))
    if area > max_size**2 or widest > max_size:
        return 0
    return _power(max(widest, int(np.ceil((area / _USABLE) ** 0.5))), max_size)


def _power(length: int, most: int) -> int:
    """The smallest power of two from `length`, at least 256 and at most `most`."""
    size = _SMALLEST
    while size < length:
        size *= 2
    return min(size, most)
