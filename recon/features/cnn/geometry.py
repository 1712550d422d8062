"""Pairs of pictures whose pixels are known to correspond: by homographies of one picture, or by depth."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Strength:
    """How far the second picture may be turned, scaled, tilted and moved from the first.

    Args:
        turn: Largest rotation in degrees.
        octaves: Largest change of scale, powers of 2.
        tilt: Largest compression in one direction, minus 1.
        perspective: Largest change of scale across half the picture.
        shift: In parts of its width.
    """

    turn: float = 45.0
    octaves: float = 1.0
    tilt: float = 0.7
    perspective: float = 0.3
    shift: float = 0.25

    def part(self, share: float) -> Strength:
        """The same, weaker."""
        return Strength(self.turn * share, self.octaves * share, self.tilt * share, self.perspective * share, self.shift * share)


def random_homography(rng: np.random.Generator, size: int, strength: Strength) -> Matrix:
    """Pixels of a second picture of `size` x `size` to those of the first."""
    s = strength
    turn = np.deg2rad(rng.uniform(-s.turn, s.turn))
    scale = 2 ** rng.uniform(-s.octaves, s.octaves)
    axis, tilt = rng.uniform(0, np.pi), 1 + rng.uniform(0, s.tilt)
    squeeze = _rotation(axis) @ np.diag([tilt**0.5, tilt**-0.5]) @ _rotation(-axis)
    matrix = np.eye(3)
    matrix[:2, :2] = scale * _rotation(turn) @ squeeze
    matrix[:2, 2] = rng.uniform(-s.shift, s.shift, 2) * size
    bend = np.eye(3)
    bend[2, :2] = rng.uniform(-s.perspective, s.perspective, 2) / (size / 2)
    centre = (size - 1) / 2
    return translation(centre, centre) @ matrix @ bend @ translation(-centre, -centre)


def random_crop(rng: np.random.Generator, height: int, width: int, size: int) -> Matrix:
    """Pixels of a picture of `size` x `size` to those of a larger or slightly smaller one."""
    largest = min(height, width) / size
    scale = float(np.exp(rng.uniform(np.log(0.75), np.log(max(largest, 0.8)))))
    room = np.maximum(np.array([width, height]) - scale * size, 0)
    middle = np.array([width - 1, height - 1]) / 2 + rng.uniform(-0.5, 0.5, 2) * room
    matrix = np.eye(3)
    matrix[:2, :2] = scale * _rotation(np.deg2rad(rng.uniform(-15, 15)))
    matrix[:2, 2] = middle
    return matrix @ translation(-(size - 1) / 2, -(size - 1) / 2)


def translation(x: float, y: float) -> Matrix:
    """Of pixels."""
    return np.array([[1.0, 0.0, x], [0.0, 1.0, y], [0.0, 0.0, 1.0]])


def _rotation(angle: float) -> Matrix:
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def warped(grey: NDArray[np.float32], from_target: Matrix, size: int) -> NDArray[np.float32]:
    """The picture `[size, size]` whose pixels lie where `from_target` says in `grey` `[H, W]`; reduced without aliasing."""
    centre = (size - 1) / 2
    step = scale_at(from_target, centre, centre)
    while step > 1.5 and min(grey.shape) > 16:
        grey = np.asarray(cv2.resize(grey, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.float32)
        from_target = np.diag([0.5, 0.5, 1.0]) @ translation(-0.5, -0.5) @ from_target
        step /= 2
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpPerspective(grey, from_target, (size, size), flags=flags, borderMode=cv2.BORDER_REFLECT_101), np.float32)


def scale_at(matrix: Matrix, x: float, y: float) -> float:
    """Length that a pixel's side at (x, y) becomes, the mean over directions."""
    corners = apply(matrix, np.array([[x, y], [x + 1, y], [x, y + 1]]))
    u, v = corners[1] - corners[0], corners[2] - corners[0]
    return float(np.sqrt(abs(u[0] * v[1] - u[1] * v[0])))


def apply(matrix: NDArray[np.floating], points: NDArray[np.floating]) -> Matrix:
    """Points `[..., 2]` through a homography; NaN behind the horizon."""
    homogeneous = points @ matrix[:, :2].T + matrix[:, 2]
    depth = np.where(homogeneous[..., 2:] > 1e-6, homogeneous[..., 2:], np.nan)
    return np.asarray(homogeneous[..., :2] / depth)


def grid(height: int, width: int) -> Matrix:
    """Pixels `[H, W, 2]` x, y."""
    x, y = np.meshgrid(np.arange(width, dtype=np.float64), np.arange(height, dtype=np.float64))
    return np.stack([x, y], -1)


def inside(points: NDArray[np.floating], height: int, width: int) -> NDArray[np.bool_]:
    """Which points `[..., 2]` lie in a picture; NaN does not."""
    x, y = points[..., 0], points[..., 1]
    return np.asarray((x >= 0) & (y >= 0) & (x <= width - 1) & (y <= height - 1))


def homography_map(second_from_first: NDArray[np.floating], size: int, real: Matrix, height: int, width: int) -> NDArray[np.float32]:
    """Where every pixel of a picture of `size` x `size` is in a second such picture, `[2, size, size]`, NaN where it is not.

    Args:
        second_from_first: Homography.
        size: Of both pictures.
        real: Pixels of the first picture to those of the photo it was cut from: outside the photo nothing is real.
        height: Of the photo.
        width: Of the photo.
    """
    pixels = grid(size, size)
    moved = apply(second_from_first, pixels)
    keep = inside(moved, size, size) & inside(apply(real, pixels), height, width)
    return np.where(keep, moved.transpose(2, 0, 1), np.nan).astype(np.float32)
