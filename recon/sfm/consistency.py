"""Whether placed photos agree with the matches between them: a photo can be placed wrongly by a few repeated details."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pycolmap

ENOUGH = 0.6
"""Part of a photo's verified matches that must fit its place."""


def agreement(model: pycolmap.Reconstruction, database: pycolmap.Database, max_error: float = 4.0) -> dict[int, float]:
    """For every placed image the part of its verified matches with other placed images that fit the epipolar geometry.

    Args:
        model: Its images have their keypoints.
        database: Verified matches.
        max_error: Largest distance from the epipolar line, pixels.

    Returns:
        Image number -> part in [0, 1]; images without matches to placed ones are left out.
    """
    import pycolmap

    placed = set(model.reg_image_ids())
    rays = {number: _rays(model, number) for number in placed}
    fitting: dict[int, int] = defaultdict(int)
    total: dict[int, int] = defaultdict(int)
    pairs, geometries = database.read_two_view_geometries()
    for pair, geometry in zip(pairs, geometries, strict=True):
        a, b = (int(n) for n in pycolmap.pair_id_to_image_pair(pair))
        if a not in placed or b not in placed:
            continue
        matches = np.asarray(geometry.inlier_matches, np.int64)
        errors = _errors(model, a, b, rays[a][matches[:, 0]], rays[b][matches[:, 1]])
        for number in (a, b):
            total[number] += len(matches)
            fitting[number] += int((errors <= max_error).sum())
    return {number: fitting[number] / count for number, count in total.items() if count}


def contradicted(model: pycolmap.Reconstruction, database: pycolmap.Database) -> list[int]:
    """Numbers of the placed images that do not agree with their matches."""
    return [number for number, part in agreement(model, database).items() if part < ENOUGH]


def drop_inconsistent(model: pycolmap.Reconstruction, database: pycolmap.Database) -> list[int]:
    """Takes images out of the model, worst first, until each that is left agrees with its matches.

    Returns:
        Their numbers.
    """
    dropped: list[int] = []
    while model.num_reg_images() > 2:
        parts = agreement(model, database)
        worst = min(parts, key=lambda number: (parts[number], number), default=None)
        if worst is None or parts[worst] >= ENOUGH:
            break
        model.deregister_frame(model.images[worst].frame_id)
        dropped.append(worst)
    return dropped


def _rays(model: pycolmap.Reconstruction, number: int) -> NDArray[np.float64]:
    """Keypoints of an image in front of its camera at depth 1, `[N, 3]`."""
    image = model.images[number]
    flat = np.asarray(model.cameras[image.camera_id].cam_from_img(image.points2D), np.float64).reshape(-1, 2)
    return np.concatenate([flat, np.ones((len(flat), 1))], axis=1)


def _errors(model: pycolmap.Reconstruction, a: int, b: int, left: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sampson distances in pixels `[K]` of matched rays; infinite where the point would be behind a camera."""
    relative = (model.images[b].cam_from_world() * model.images[a].cam_from_world().inverse()).matrix()
    rotation, translation = relative[:, :3], relative[:, 3]
    x, y, z = translation / max(float(np.linalg.norm(translation)), 1e-12)
    essential = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]]) @ rotation
    in_b, in_a = left @ essential.T, right @ essential
    value = np.abs(np.einsum("ki,ki->k", right, in_b))
    slope = np.sqrt((in_b[:, :2] ** 2).sum(axis=1) + (in_a[:, :2] ** 2).sum(axis=1))
    focal = (
        model.cameras[model.images[a].camera_id].mean_focal_length() + model.cameras[model.images[b].camera_id].mean_focal_length()
    ) / 2
    return np.asarray(focal * value / np.maximum(slope, 1e-12), np.float64)
