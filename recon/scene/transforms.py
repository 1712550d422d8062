"""Rigid and similarity transforms, named by frames: `cam_from_world.apply(points_world)` gives camera points."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recon.scene.checks import array

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Sim3:
    """`x -> scale * rotation @ x + translation`.

    Args:
        rotation: `[3, 3]` orthonormal, determinant +1.
        translation: `[3]`.
        scale: Positive factor.
    """

    rotation: Array
    translation: Array
    scale: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "rotation", array(self.rotation, "rotation", (3, 3), np.float64))
        object.__setattr__(self, "translation", array(self.translation, "translation", (3,), np.float64))

    def apply(self, points: NDArray[np.floating]) -> Array:
        """Maps points `[..., 3]`."""
        return self.scale * np.asarray(points, np.float64) @ self.rotation.T + self.translation

    def rotate(self, vectors: NDArray[np.floating]) -> Array:
        """Maps directions `[..., 3]`: rotation only."""
        return np.asarray(vectors, np.float64) @ self.rotation.T

    @property
    def matrix(self) -> Array:
        """Homogeneous `[4, 4]`."""
        result = np.eye(4)
        result[:3, :3] = self.scale * self.rotation
        result[:3, 3] = self.translation
        return result


@dataclass(frozen=True, eq=False)
class Rigid3:
    """`x -> rotation @ x + translation`, for instance `cam_from_world`.

    Args:
        rotation: `[3, 3]` orthonormal, determinant +1.
        translation: `[3]`.
    """

    rotation: Array
    translation: Array

    def __post_init__(self) -> None:
        object.__setattr__(self, "rotation", array(self.rotation, "rotation", (3, 3), np.float64))
        object.__setattr__(self, "translation", array(self.translation, "translation", (3,), np.float64))

    @staticmethod
    def identity() -> Rigid3:
        """The transform that changes nothing."""
        return Rigid3(np.eye(3), np.zeros(3))

    def apply(self, points: NDArray[np.floating]) -> Array:
        """Maps points `[..., 3]`."""
        return np.asarray(points, np.float64) @ self.rotation.T + self.translation

    def rotate(self, vectors: NDArray[np.floating]) -> Array:
        """Maps directions `[..., 3]`: rotation only."""
        return np.asarray(vectors, np.float64) @ self.rotation.T

    def inverse(self) -> Rigid3:
        """`world_from_cam` of a `cam_from_world`."""
        return Rigid3(self.rotation.T, -self.rotation.T @ self.translation)

    def __matmul__(self, other: Rigid3) -> Rigid3:
        """`c_from_b @ b_from_a = c_from_a`."""
        return Rigid3(self.rotation @ other.rotation, self.rotation @ other.translation + self.translation)

    @property
    def center(self) -> Array:
        """Origin of the target frame in the source frame: the camera centre of a `cam_from_world`, `[3]`."""
        return -self.rotation.T @ self.translation

    @property
    def matrix(self) -> Array:
        """Homogeneous `[4, 4]`."""
        result = np.eye(4)
        result[:3, :3] = self.rotation
        result[:3, 3] = self.translation
        return result

    def aligned(self, new_from_world: Sim3) -> Rigid3:
        """The same camera when the world is moved by the similarity `new_from_world`."""
        rotation = self.rotation @ new_from_world.rotation.T
        center = new_from_world.apply(self.center)
        return Rigid3(rotation, -rotation @ center)
