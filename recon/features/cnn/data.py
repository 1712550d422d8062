"""Training examples: two pictures, and where the pixels of each are in the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.features.cnn.geometry import Strength, homography_map, random_crop, random_homography, warped
from recon.features.cnn.photometry import disturbed
from recon.features.cnn.targets import bumps, classical_points, repeated

Example = dict[str, NDArray[Any]]
_LEAST = 0.2
"""Part of the first picture that must be seen in the second."""
_TRIES = 6


def homography_example(grey: NDArray[np.float32], rng: np.random.Generator, size: int, strength: Strength) -> Example:
    """Two crops of one photo, see `pack`."""
    height, width = grey.shape
    for attempt in range(_TRIES):
        first = random_crop(rng, height, width, size)
        change = random_homography(rng, size, strength.part(rng.uniform(0.2, 1.0) / (1 + attempt // 3)))
        second = first @ change
        forward = homography_map(np.linalg.inv(change), size, first, height, width)
        if np.isfinite(forward[0]).mean() >= _LEAST:
            break
    backward = homography_map(change, size, second, height, width)
    pictures = [warped(grey, matrix, size) for matrix in (first, second)]
    return pack(pictures, (forward, backward), rng)


def pack(pictures: Sequence[NDArray[np.float32]], maps: Sequence[NDArray[np.float32]], rng: np.random.Generator) -> Example:
    """An example from two grey pictures `[S, S]` and the maps `[2, S, S]` between them.

    Returns:
        `images` uint8 `[2, S, S]` after disturbances, `maps` float32 `[2, 2, S, S]` (first to second, second to first; NaN where a
        pixel is not seen), `targets` float32 `[2, S, S]`: bumps at classical keypoints found in both.
    """
    clean = [np.rint(picture.clip(0, 1) * 255).astype(np.uint8) for picture in pictures]
    points = [classical_points(picture) for picture in clean]
    size = clean[0].shape[0]
    targets = []
    for here, there, where in ((0, 1, maps[0]), (1, 0, maps[1])):
        pixels = np.rint(points[here]).astype(int).clip(0, size - 1)
        moved = where[:, pixels[:, 1], pixels[:, 0]].T + (points[here] - pixels)
        targets.append(bumps(repeated(points[here], moved, points[there]), size, size))
    images = [disturbed(picture, rng) for picture in pictures]
    return {"images": np.stack(images), "maps": np.stack(list(maps)), "targets": np.stack(targets)}
