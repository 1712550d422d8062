"""Sparse points of a model: their colours from the photos, and as arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from recon.io.colmap import points_from_colmap
from recon.scene import SparsePoints

if TYPE_CHECKING:
    import pycolmap


def color_points(model: pycolmap.Reconstruction, photos: Mapping[str, Path], *, check: Callable[[], None] = lambda: None) -> None:
    """Gives every point the mean colour of the pixels that see it.

    Args:
        model: Its image names are photo ids.
        photos: Photo id -> file.
        check: Called for every photo; may raise to stop.

    Raises:
        InputError: A photo cannot be read.
    """
    from recon.photos import read_image

    numbers = np.array(sorted(model.points3D), np.int64)
    total, count = np.zeros((len(numbers), 3)), np.zeros(len(numbers))
    for image in model.images.values():
        seen = image.get_observation_points2D() if image.has_pose else []
        if not seen:
            continue
        check()
        picture = read_image(photos[image.name])
        pixels = np.rint(points_from_colmap(np.array([point.xy for point in seen]))).astype(int)
        x, y = (np.clip(pixels[:, axis], 0, picture.shape[1 - axis] - 1) for axis in (0, 1))
        rows = np.searchsorted(numbers, [point.point3D_id for point in seen])
        np.add.at(total, rows, picture[y, x])
        np.add.at(count, rows, 1)
    colors = np.rint(total / np.maximum(count, 1)[:, None]).astype(np.uint8)
    for number, color in zip(numbers.tolist(), colors, strict=True):
        model.points3D[number].color = color


def sparse_points(model: pycolmap.Reconstruction, names: list[str]) -> SparsePoints:
    """Points and who sees them, points in the order of their numbers.

    Args:
        model: Its image names are photo ids.
        names: The views, in order; images that are not among them are left out.
    """
    place = {name: i for i, name in enumerate(names)}
    view_of = {number: place[image.name] for number, image in model.images.items() if image.name in place}
    points, colors, errors, point_index, view_index = [], [], [], [], []
    for row, number in enumerate(sorted(model.points3D)):
        point = model.points3D[number]
        points.append(point.xyz)
        colors.append(point.color)
        errors.append(point.error)
        views = sorted({view_of[element.image_id] for element in point.track.elements if element.image_id in view_of})
        point_index += [row] * len(views)
        view_index += views
    return SparsePoints(
        np.array(points, np.float64).reshape(-1, 3),
        np.asarray(np.array(colors, np.float32).reshape(-1, 3) / 255, np.float32),
        np.asarray(errors, np.float32),
        np.array(point_index, np.int32),
        np.array(view_index, np.int32),
    )
