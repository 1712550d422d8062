"""The colours of the texels: the photographs blended on the surface."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from recon.scene import TriMesh, View
from recon.surface.texture.raster import barycentric
from recon.surface.texture.survey import Picture

_BLOCK = 1 << 19


def bake(
    mesh: TriMesh,
    corners: NDArray[np.floating],
    owner: NDArray[np.int32],
    views: tuple[View, ...],
    picture: Picture,
    weights: Any,
    gains: NDArray[np.float32],
    offsets: NDArray[np.float32],
    vertex_colors: NDArray[np.float32],
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> NDArray[np.uint8]:
    """Fills the texture.

    A texel is a place on the surface; every view that counts at the face's corners is sampled there and weighs as the corners say.

    Args:
        mesh: Triangles.
        corners: `[F, 3, 2]` texel coordinates of the corners.
        owner: `[H, W]` face of each texel, -1 = none.
        views: `[N]`, cameras of their pictures' sizes.
        picture: View name -> uint8 RGB.
        weights: Sparse `[V, N]` weights of the views at the vertices.
        gains: `[N, 3]` factors on the photos' colours.
        offsets: `[E, 3]` corrections of the entries of `weights`, in 0..255.
        vertex_colors: `[V, 3]` float32 in [0, 1], for faces that no view sees.
        progress: Called with (views done, all); may raise to stop.

    Returns:
        `[H, W, 3]` uint8; texels of no face are filled from those around them.
    """
    texels = np.flatnonzero(owner.reshape(-1) >= 0)
    faces = owner.reshape(-1)[texels].astype(np.int64)
    total, weight = np.zeros((len(texels), 3), np.float32), np.zeros(len(texels), np.float32)
    columns = weights.tocsc()
    entries = type(weights)((np.arange(1, weights.nnz + 1), weights.indices, weights.indptr), shape=weights.shape).tocsc()
    for number, view in enumerate(views):
        progress(number, len(views))
        span = slice(columns.indptr[number], columns.indptr[number + 1])
        vertex_weight, vertex_offset = np.zeros(len(mesh.vertices), np.float32), np.zeros((len(mesh.vertices), 3), np.float32)
        vertex_weight[columns.indices[span]] = columns.data[span]
        vertex_offset[entries.indices[span]] = offsets[entries.data[span] - 1]
        counts = (vertex_weight[mesh.faces] > 0).any(axis=1)
        chosen = np.flatnonzero(np.asarray(counts)[faces])
        if not len(chosen):
            continue
        image = picture(view.name)
        for start in range(0, len(chosen), _BLOCK):
            part = chosen[start : start + _BLOCK]
            inner = _inner(corners, faces[part], texels[part], owner.shape[1])
            share = _mixed(vertex_weight, mesh.faces[faces[part]], np.maximum(inner, 0))
            color = _sampled(image, view, _mixed(mesh.vertices, mesh.faces[faces[part]], inner)) * gains[number]
            color += _mixed(vertex_offset, mesh.faces[faces[part]], inner)
            total[part] += share[:, None] * color
            weight[part] += share
    progress(len(views), len(views))
    blind = np.flatnonzero(weight <= 0)
    inner = np.clip(_inner(corners, faces[blind], texels[blind], owner.shape[1]), -1, 2)
    total[blind], weight[blind] = 255 * _mixed(vertex_colors, mesh.faces[faces[blind]], inner), 1
    painted = np.zeros((owner.size, 3), np.uint8)
    painted[texels] = np.clip(total / weight[:, None], 0, 255) + np.float32(0.5)
    return filled(painted.reshape(*owner.shape, 3), owner >= 0)


def filled(image: NDArray[np.uint8], known: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """The picture with unknown pixels taken from what is around them at ever coarser levels (Gortler et al. 1996, "pull-push").

    Args:
        image: `[H, W, 3]`, 0 where unknown.
        known: `[H, W]`.

    Returns:
        `[H, W, 3]` uint8.
    """
    levels = [_halved(image, known.astype(np.float32))]
    while max(levels[-1][1].shape) > 1:
        levels.append(_halved(*levels[-1]))
    color, weight = levels.pop()
    below = color / np.maximum(weight, 1e-6)[..., None]
    while levels:
        color, weight = levels.pop()
        cover = np.minimum(weight * 4, 1)[..., None]
        below = cover * (color / np.maximum(weight, 1e-6)[..., None]) + (1 - cover) * _enlarged(below, weight.shape)
    around = _enlarged((np.clip(below, 0, 255) + np.float32(0.5)).astype(np.uint8), known.shape)
    return np.where(known[..., None], image, around)


def _halved(color: NDArray[Any], weight: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Means of 2x2 pixels: colours already multiplied by their weights `[H, W, 3]`, and weights `[H, W]`."""
    size = (max(weight.shape[1] // 2, 1), max(weight.shape[0] // 2, 1))
    color, weight = (np.asarray(cv2.resize(x, size, interpolation=cv2.INTER_AREA), np.float32) for x in (color, weight))
    return color.reshape(*weight.shape, 3), weight


def _enlarged(color: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """Bilinear, to `[H, W, 3]`."""
    return np.asarray(cv2.resize(color, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR)).reshape(*shape, 3)


def _inner(corners: NDArray[np.floating], faces: NDArray[np.int64], texels: NDArray[np.int64], width: int) -> NDArray[np.float32]:
    """Barycentric coordinates `[S, 3]` of texel centres."""
    return barycentric(corners[faces], texels % width + 0.5, texels // width + 0.5)


def _mixed(values: NDArray[np.float32], triangles: NDArray[np.int32], inner: NDArray[np.float32]) -> NDArray[np.float32]:
    """Vertex values `[V]` or `[V, C]` blended inside triangles `[S, 3]`."""
    result = np.zeros((len(triangles), *values.shape[1:]), np.float32)
    for k in range(3):
        part = inner[:, k] if values.ndim == 1 else inner[:, k, None]
        result += values[triangles[:, k]] * part
    return result


def _sampled(image: NDArray[np.uint8], view: View, points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Bilinear colours `[S, 3]` of a photo at world points `[S, 3]`."""
    pixels = view.camera.project(view.cam_from_world.apply(points))[0].astype(np.float32)
    pixels = np.nan_to_num(pixels, nan=-1.0)
    side = 1 << 14  # cv2.remap takes maps of fewer than 2**15 rows and columns
    rows = -(-len(pixels) // side)
    padded = np.zeros((rows * side, 2), np.float32)
    padded[: len(pixels)] = pixels
    field = padded.reshape(rows, side, 2)
    colors = cv2.remap(image, field[..., 0], field[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    result: NDArray[np.float32] = colors.reshape(-1, 3)[: len(pixels)].astype(np.float32)
    return result
