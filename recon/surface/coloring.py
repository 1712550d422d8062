"""Vertex colours from the photographs that see a vertex best."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.scene import Scene, TriMesh, View
from recon.surface.visibility import make_occluder, see

_BEST = 3
_SHARPNESS = 4.0


def color_vertices(
    mesh: TriMesh,
    normals: NDArray[np.float32],
    scene: Scene,
    picture: Callable[[str], NDArray[np.uint8]],
    names: Mapping[str, Any] | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> NDArray[np.float32]:
    """Blends the best views of every vertex.

    A view is good when it sees the vertex from the front and from near; vertices hidden by the mesh itself are not taken.
    The best three count, the best of all most, so that colours stay crisp and seams soft.

    Args:
        mesh: `[V]` vertices.
        normals: `[V, 3]` unit vertex normals.
        scene: Views; only these in `names` are used.
        picture: View name -> uint8 `[H, W, 3]` RGB of any size with the camera's field of view.
        names: Names of the views that have a picture; None = all.
        progress: Called with (views done, all); may raise to stop.

    Returns:
        `[V, 3]` float32 RGB in [0, 1]; vertices that no view sees get the colour of the nearest one seen, or grey.
    """
    views = [view for view in scene.views if names is None or view.name in names]
    scores = np.zeros((len(mesh.vertices), _BEST), np.float32)
    colors = np.zeros((len(mesh.vertices), _BEST, 3), np.uint8)
    occluder = make_occluder(mesh)
    for number, view in enumerate(views):
        progress(number, len(views))
        sighting = see(mesh, normals, view, occluder)
        index, score = sighting.index, sighting.score
        slot = scores[index].argmin(axis=1)
        better = score > scores[index, slot]
        index, slot = index[better], slot[better]
        scores[index, slot] = score[better]
        colors[index, slot] = sample(picture(view.name), view, sighting.pixels[better])
    progress(len(views), len(views))
    return spread(mesh, _blend(scores, colors), scores.max(axis=1) > 0)


def sample(picture: NDArray[np.uint8], view: View, pixels: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Bilinear colours `[N, 3]` at `pixels` `[N, 2]` of the view's camera, whatever the picture's size."""
    height, width = picture.shape[:2]
    x = (pixels[:, 0] + 0.5) * (width / view.camera.width) - 0.5
    y = (pixels[:, 1] + 0.5) * (height / view.camera.height) - 0.5
    x, y = np.clip(x, 0, width - 1), np.clip(y, 0, height - 1)
    left, top = np.minimum(x.astype(np.int64), max(width - 2, 0)), np.minimum(y.astype(np.int64), max(height - 2, 0))
    right, below = np.minimum(left + 1, width - 1), np.minimum(top + 1, height - 1)
    fx, fy = (x - left)[:, None].astype(np.float32), (y - top)[:, None].astype(np.float32)
    upper = picture[top, left] * (1 - fx) + picture[top, right] * fx
    lower = picture[below, left] * (1 - fx) + picture[below, right] * fx
    result: NDArray[np.uint8] = (upper * (1 - fy) + lower * fy + 0.5).astype(np.uint8)
    return result


def _blend(scores: NDArray[np.float32], colors: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Weighted mean of the kept views `[V, 3]`; weights fall steeply from the best view."""
    best = np.maximum(scores.max(axis=1, keepdims=True), 1e-30)
    weight = (scores / best) ** _SHARPNESS
    total = np.maximum(weight.sum(axis=1, keepdims=True), 1e-30)
    result: NDArray[np.float32] = (np.einsum("vk,vkc->vc", weight, colors.astype(np.float32)) / total / 255).astype(np.float32)
    return result


def spread(mesh: TriMesh, colors: NDArray[np.float32], known: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Gives vertices without a colour that of the nearest vertex with one."""
    if known.all():
        return colors
    if not known.any():
        return np.full_like(colors, 0.5)
    from scipy.spatial import cKDTree

    nearest = cKDTree(mesh.vertices[known]).query(mesh.vertices[~known], workers=-1)[1]
    colors[~known] = colors[known][nearest]
    return colors
