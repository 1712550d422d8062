"""Cameras around one place."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recon.scene import Camera, Rigid3
from recon.synth.cameras import look_at
from recon.synth.training.scenes import Stage

View = tuple[Camera, Rigid3]


def random_views(stage: Stage, rng: np.random.Generator, width: int, height: int, count: int = 6) -> list[View]:
    """Cameras whose directions differ by 4 to 35 degrees from one to the next, at other distances and with other lenses.

    Args:
        stage: Where to look.
        rng: Randomness.
        width: Pixels.
        height: Pixels.
        count: How many.
    """
    step = float(rng.uniform(18, 35)) if rng.random() < 0.35 else float(np.exp(rng.uniform(np.log(4), np.log(22))))
    fov = float(rng.uniform(30, 75))
    lenses = np.clip(fov * np.exp(rng.normal(0, 0.2, count)), 25, 80) if rng.random() < 0.3 else np.full(count, fov)
    closeness = float(np.exp(rng.uniform(np.log(0.5), np.log(1.25))))
    spread = 0.3 if rng.random() < 0.25 else 0.08
    rolls = rng.uniform(-0.8, 0.8, count) if rng.random() < 0.12 else rng.normal(0, 0.06, count)
    directions = _directions(stage, rng, step, count)
    views = []
    for i in range(count):
        camera = _camera(rng, width, height, float(lenses[i]))
        reach = stage.radius / np.sin(np.arctan(0.5 * min(width / camera.fx, height / camera.fy)))
        distance = reach * closeness * float(np.exp(rng.normal(0, spread)))
        away = _unit(directions[i])
        aim = stage.target + 0.12 * stage.radius * closeness * rng.normal(0, 1, 3)
        views.append((camera, look_at(stage.target + distance * away, aim, roll=float(rolls[i]))))
    return views


def _directions(stage: Stage, rng: np.random.Generator, step: float, count: int) -> NDArray[np.float64]:
    """Azimuth and elevation of each camera in radians, `[count, 2]`: along an arc, in a zigzag, or scattered."""
    low, high = stage.elevation
    height = rng.uniform(low + 0.15 * (high - low), high - 0.15 * (high - low))
    turn = rng.uniform(*stage.facing)
    stretch = 1 / max(float(np.cos(np.radians(height))), 0.4)
    order = np.arange(count) - (count - 1) / 2
    kind = rng.random()
    if kind < 0.55:  # an arc, at times climbing
        azimuth = order * step + rng.uniform(-0.2, 0.2, count) * step
        elevation = order * step * rng.normal(0, 0.15) + rng.normal(0, 0.2, count) * step
    elif kind < 0.75:  # low and high in turn
        azimuth = np.asarray(order * step * 0.8, np.float64)
        elevation = 0.35 * step * np.where(np.arange(count) % 2 == 0, 1.0, -1.0) + rng.normal(0, 0.1, count) * step
    else:  # two rows, as one who steps left, right, up, down
        azimuth = (np.arange(count) % 3 - 1) * step + rng.normal(0, 0.15, count) * step
        elevation = (np.arange(count) // 3 - 0.5) * step + rng.normal(0, 0.15, count) * step
    degrees = np.stack([turn + azimuth * stretch, np.clip(height + elevation, low, high)], -1)
    return np.asarray(np.radians(degrees))


def _camera(rng: np.random.Generator, width: int, height: int, fov: float) -> Camera:
    """A lens with a principal point that is not quite in the middle."""
    focal = 0.5 * width / np.tan(np.radians(fov) / 2)
    off = rng.normal(0, 0.02, 2) * width if rng.random() < 0.6 else np.zeros(2)
    return Camera(width, height, float(focal), float(focal), (width - 1) / 2 + float(off[0]), (height - 1) / 2 + float(off[1]))


def _unit(angles: NDArray[np.float64]) -> NDArray[np.float64]:
    azimuth, elevation = angles
    return np.array([np.cos(azimuth) * np.cos(elevation), np.sin(azimuth) * np.cos(elevation), np.sin(elevation)])
