"""Patches of faces with one view each, laid out as the view sees them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recon.scene import TriMesh, View
from recon.surface.texture.labels import components


@dataclass(frozen=True, eq=False)
class Charts:
    """A layout before packing.

    Args:
        corners: `[F, 3, 2]` float64 texel coordinates of each corner within its chart; texel centres at whole numbers plus a half.
        chart: `[F]` int64 number of each face's chart.
        sizes: `[C, 2]` int64 width and height of the charts in texels, without padding.
    """

    corners: NDArray[np.float64]
    chart: NDArray[np.int64]
    sizes: NDArray[np.int64]


def make_charts(mesh: TriMesh, labels: NDArray[np.int32], views: Sequence[View], pairs: NDArray[np.int64], scale: float) -> Charts:
    """Connected faces with the same view become a chart, at the photo's own resolution times `scale`.

    Args:
        mesh: Triangles.
        labels: `[F]` view of each face, -1 = none: such a face is a small chart of its own.
        views: Views that `labels` counts.
        pairs: `[E, 2]` neighbouring faces.
        scale: Texels a photo pixel.
    """
    chart, count = components(labels, pairs)
    corners = _projected(mesh, labels, views) * scale
    unseen = labels < 0
    corners[unseen] = np.array([[0.5, 0.5], [1.5, 0.5], [0.5, 1.5]])
    low, high = np.full((count, 2), np.inf), np.full((count, 2), -np.inf)
    for axis in range(2):
        np.minimum.at(low[:, axis], chart, corners[:, :, axis].min(axis=1))
        np.maximum.at(high[:, axis], chart, corners[:, :, axis].max(axis=1))
    low = np.floor(low)
    sizes = np.maximum(np.ceil(high) - low, 1).astype(np.int64)
    return Charts(corners - low[chart][:, None], chart, sizes)


def _projected(mesh: TriMesh, labels: NDArray[np.int32], views: Sequence[View]) -> NDArray[np.float64]:
    """Corners `[F, 3, 2]` in the picture of each face's view, pixel centres at whole numbers plus a half; 0 for unseen faces."""
    corners = np.zeros((len(mesh.faces), 3, 2))
    for number, view in enumerate(views):
        own = np.flatnonzero(labels == number)
        points = view.cam_from_world.apply(mesh.vertices[mesh.faces[own]])
        corners[own] = view.camera.project(points)[0] + 0.5
    return corners
