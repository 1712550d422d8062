"""Cameras around a scene. The world's z axis points up."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recon.errors import ShapeError
from recon.scene import Camera, Rigid3


def look_at(eye: ArrayLike, target: ArrayLike, up: ArrayLike = (0.0, 0.0, 1.0), roll: float = 0.0) -> Rigid3:
    """`cam_from_world` of a camera at `eye` whose optical axis passes through `target`.

    Args:
        eye: Camera centre `[3]`.
        target: Point looked at `[3]`.
        up: World direction that is up in the picture `[3]`.
        roll: Clockwise turn of the camera about its axis, radians.

    Raises:
        ShapeError: Eye and target coincide.
    """
    eye_3, up_3 = np.asarray(eye, np.float64), np.asarray(up, np.float64)
    forward = np.asarray(target, np.float64) - eye_3
    distance = np.linalg.norm(forward)
    if distance < 1e-12:
        raise ShapeError("eye and target coincide")
    forward = forward / distance
    if np.linalg.norm(np.cross(forward, up_3)) < 1e-6 * np.linalg.norm(up_3):
        up_3 = np.array([0.0, 1.0, 0.0]) if abs(forward[1]) < 0.9 else np.array([1.0, 0.0, 0.0])
    right = np.cross(forward, up_3)
    right /= np.linalg.norm(right)
    down = np.cross(forward, right)
    c, s = np.cos(roll), np.sin(roll)
    rotation = np.stack([c * right + s * down, -s * right + c * down, forward])
    return Rigid3(rotation, -rotation @ eye_3)


def pinhole(width: int, height: int, field_of_view: float) -> Camera:
    """A centred pinhole camera.

    Args:
        width: Pixels.
        height: Pixels.
        field_of_view: Horizontal, degrees.
    """
    focal = 0.5 * width / np.tan(np.radians(field_of_view) / 2)
    return Camera(width, height, float(focal), float(focal), (width - 1) / 2, (height - 1) / 2)


def orbit(
    count: int,
    *,
    radius: float,
    elevation: float | tuple[float, float] = 30.0,
    target: ArrayLike = (0.0, 0.0, 0.0),
    arc: float = 360.0,
    start: float = 0.0,
    rng: np.random.Generator | None = None,
    jitter: float = 0.0,
) -> list[Rigid3]:
    """Poses evenly spaced on an orbit about the vertical through `target`.

    Args:
        count: Number of poses.
        radius: Distance from the target.
        elevation: Degrees above the horizon; a pair alternates low and high.
        target: Point looked at.
        arc: Degrees covered; 360 closes the circle.
        start: Azimuth of the first pose, degrees.
        rng: Source of jitter.
        jitter: Relative disturbance of angle step, radius and aim.

    Returns:
        `cam_from_world` of each.
    """
    low_high = elevation if isinstance(elevation, tuple) else (elevation, elevation)
    step = arc / count if abs(arc) >= 360.0 else arc / max(count - 1, 1)
    target_3: NDArray[np.float64] = np.asarray(target, np.float64)
    poses = []
    for i in range(count):
        wobble = rng.uniform(-jitter, jitter, 6) if rng is not None else np.zeros(6)
        azimuth = np.radians(start + (i + wobble[0]) * step)
        height = np.radians(low_high[i % 2] * (1 + wobble[1]))
        away = np.array([np.cos(azimuth) * np.cos(height), np.sin(azimuth) * np.cos(height), np.sin(height)])
        aim = target_3 + 0.3 * radius * wobble[3:]
        poses.append(look_at(target_3 + radius * (1 + wobble[2]) * away, aim))
    return poses
