"""What goes wrong with clouds: Gaussian jitter, the errors of a scanner, and those of multi-view stereo.

Every function takes points `[N, 3]` of a surface with its normals and returns a `Noisy` cloud; lengths are in the unit of the points.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Noisy:
    """A disturbed cloud.

    Args:
        points: `[M, 3]` float32.
        source: `[M]`, number of the clean point behind each.
        outlier: `[M]` bool, whether it has left the surface for good.
    """

    points: Array
    source: NDArray[np.int64]
    outlier: NDArray[np.bool_]


def gaussian(rng: np.random.Generator, points: Array, normals: Array, sigma: float) -> Noisy:
    """Independent jitter of standard deviation `sigma` along each axis."""
    noisy = points + rng.normal(0, sigma, points.shape)
    return Noisy(noisy.astype(np.float32), np.arange(len(points)), np.zeros(len(points), bool))


def scanner(rng: np.random.Generator, points: Array, normals: Array, sigma: float) -> Noisy:
    """Errors along the beam that grow where it grazes the surface, and a common offset of each scan line."""
    ray, facing = _rays(points, normals, _direction(rng) * rng.uniform(2, 5))
    line = np.floor((points @ _direction(rng)) / max(2 * sigma, 1e-3)).astype(np.int64)
    offsets = rng.normal(0, 1, int(np.ptp(line)) + 1)[line - line.min()]
    error = sigma * (0.85 * rng.normal(0, 1, len(points)) + 0.5 * offsets) / facing.clip(0.4, 1)
    noisy = points + error[:, None] * ray + rng.normal(0, 0.2 * sigma, points.shape)
    return _thinned(rng, noisy, np.zeros(len(points), bool), holes=int(rng.integers(0, 3)))


def stereo(rng: np.random.Generator, points: Array, normals: Array, sigma: float) -> Noisy:
    """Errors of depth maps, fused: along the viewing rays of a few cameras, alike for neighbours, with fringes at depth edges.

    Each point comes from one of the cameras. Its depth error has a part that is smooth over the picture (wrong matches move whole regions)
    and a part of its own. Where the camera sees the surface at a flat angle, some points fly away along the ray, and some float anywhere.
    Density is uneven and there are holes.
    """
    n = len(points)
    cameras = [_direction(rng) * rng.uniform(2, 4) for _ in range(rng.integers(1, 5))]
    view = rng.integers(0, len(cameras), n)
    rays = [_rays(points, normals, camera) for camera in cameras]
    ray = np.stack([r for r, _ in rays])[view, np.arange(n)]
    facing = np.stack([f for _, f in rays])[view, np.arange(n)]
    share = rng.uniform(0.2, 0.8)
    smooth = np.stack([_smooth_field(rng, points, rng.uniform(2, 12)) for _ in cameras])[view, np.arange(n)]
    error = sigma * (np.sqrt(share) * smooth + np.sqrt(1 - share) * rng.normal(0, 1, n)) / facing.clip(0.4, 1)
    fringe = (facing < 0.3) & (rng.random(n) < rng.uniform(0, 0.4))
    error[fringe] += rng.exponential(rng.uniform(2, 8) * sigma + 0.02, int(fringe.sum())) * rng.choice([-1, 1], int(fringe.sum()))
    noisy = points + error[:, None] * ray + rng.normal(0, 0.15 * sigma, points.shape)
    floating = rng.random(n) < rng.uniform(0, 0.06)
    noisy[floating] = points[floating] + rng.normal(0, rng.uniform(0.05, 0.3), (int(floating.sum()), 3))
    outlier = floating | (fringe & (np.abs(error) * facing > 3 * sigma + 0.01))
    return _thinned(rng, noisy, outlier, holes=int(rng.integers(0, 6)))


KINDS = {"gaussian": gaussian, "scanner": scanner, "stereo": stereo}


def _direction(rng: np.random.Generator) -> Any:
    vector = rng.normal(size=3)
    return vector / np.linalg.norm(vector)


def _rays(points: Array, normals: Array, camera: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Unit vectors from a camera to the points, and the cosine between them and the normals."""
    ray = points - camera
    ray /= np.linalg.norm(ray, axis=1, keepdims=True)
    return ray, np.abs((ray * normals).sum(1))


def _smooth_field(rng: np.random.Generator, points: Array, frequency: float, waves: int = 12) -> Any:
    """A random smooth function of place with variance 1: a few plane waves (Rahimi and Recht 2007)."""
    directions = rng.normal(0, frequency, (3, waves))
    phases = rng.uniform(0, 2 * np.pi, waves)
    return np.cos(points @ directions + phases).sum(1) * np.sqrt(2 / waves)


def _thinned(rng: np.random.Generator, points: NDArray[np.floating], outlier: NDArray[np.bool_], holes: int) -> Noisy:
    """Uneven density and round holes."""
    density = 0.75 + 0.25 * rng.uniform(0, 1) * _smooth_field(rng, points.astype(np.float32), rng.uniform(1, 4))
    keep = rng.random(len(points)) < density
    for center in points[rng.integers(0, len(points), holes)]:
        keep &= np.square(points - center).sum(1) > rng.uniform(0.02, 0.12) ** 2
    source = np.flatnonzero(keep)
    return Noisy(points[keep].astype(np.float32), source, outlier[keep])
