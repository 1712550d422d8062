"""What the depth maps of all views say of a cloud: which points they confirm, and which they see through.

The errors of multi-view stereo are alike over whole regions, so that neighbouring points tell little of each other's; other views do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recon.scene import PointCloud, View

SAME = 0.015
"""Depths that differ by a smaller share may be of the same surface."""
USUAL = 12.0
"""They are when the surface is off the point by at most so many times the median of all views and points."""
LEAST = 2
"""Views that have to confirm a point, the one that it comes from among them."""
MASKED = 2
"""A mask that leaves a point out counts as so many views that see through it."""
CHUNK = 200_000
"""Points that are looked at together."""
_SAMPLES = 5000


@dataclass(frozen=True, eq=False)
class Sight:
    """What one view sees.

    Args:
        view: Its camera has the size of the depth map.
        depth: `[H, W]`, 0 = unknown.
        mask: `[H, W]` bool, False = nothing of the scene; or None.
    """

    view: View
    depth: NDArray[np.float32]
    mask: NDArray[np.bool_] | None


class Testimony(NamedTuple):
    """What one view says of N points.

    Args:
        offset: `[N]`, how far the view's surface is off the point, along the point's normal; NaN = the view knows no depth there.
        same: `[N]` bool, whether that may be the point's own surface.
        through: `[N]` bool, whether the view's surface lies behind the point.
        masked: `[N]` bool, whether the view's mask leaves the point out.
    """

    offset: NDArray[np.float64]
    same: NDArray[np.bool_]
    through: NDArray[np.bool_]
    masked: NDArray[np.bool_]


def confirmed(cloud: PointCloud, count: int, load: Callable[[int], Sight], check: Callable[[], None] = lambda: None) -> NDArray[np.bool_]:
    """The points `[N]` that enough views confirm, and more than see through them.

    Args:
        cloud: With normals.
        count: Number of views.
        load: Number of a view -> what it sees; called twice for each.
        check: Called again and again; may raise to stop.
    """
    assert cloud.normals is not None
    points, normals, n = cloud.points, cloud.normals, len(cloud)
    step = max(1, n // _SAMPLES)
    few = [testify(points[::step], normals[::step], load(i)) for i in range(count)]
    tolerance = USUAL * float(np.median(np.concatenate([np.zeros(1), *(np.abs(said.offset[said.same]) for said in few)])))
    votes, against = np.zeros(n, np.int32), np.zeros(n, np.int32)
    for i in range(count):
        sight = load(i)
        for part in (slice(begin, begin + CHUNK) for begin in range(0, n, CHUNK)):
            check()
            said = testify(points[part], normals[part], sight)
            agrees = said.same & (np.abs(said.offset) <= tolerance)
            votes[part] += agrees
            against[part] += (said.through & ~agrees) + MASKED * said.masked
    return np.asarray((votes >= LEAST) & (votes > against))


def testify(points: NDArray[np.float32], normals: NDArray[np.float32], sight: Sight) -> Testimony:
    """What a view says of points `[N, 3]` with normals `[N, 3]`; the pixel nearest to each is asked."""
    view, (height, width) = sight.view, sight.depth.shape
    pixels, z = view.camera.project(view.cam_from_world.apply(points))
    with np.errstate(invalid="ignore"):
        inside = (z > 0) & (pixels > -0.5).all(1) & (pixels < np.array([width, height]) - 0.5).all(1)
    x, y = np.rint(np.where(inside[:, None], pixels, 0)).astype(np.int64).T
    depth = np.where(inside, sight.depth[y, x], 0)
    seen = view.cam_from_world.inverse().apply(view.camera.unproject(np.stack([x, y], -1), depth))
    known = depth > 0
    return Testimony(
        np.where(known, np.einsum("nc,nc->n", seen - points, normals), np.nan),
        known & (np.abs(depth - z) < SAME * z),
        known & (z < depth),
        np.zeros(len(z), bool) if sight.mask is None else inside & ~sight.mask[y, x],
    )
