"""What the photos were taken of, as far as their cameras tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.scene import Scene

Array = NDArray[np.float64]

_INSIDE = 0.9  # share of the photos that have to show the point
_SPREAD = 20.0  # condition number from which on the axes are too parallel to meet anywhere
_STEEPEST, _FLATTEST = 1.2, 0.1  # radians


@dataclass(frozen=True, eq=False)
class Subject:
    """The ball that photographers who walked round a thing, or along it, had in their frames.

    Args:
        center: The point nearest to all optical axes, `[3]`.
        radius: Half the usual height of the frame there.
        elevation: How much they looked down, radians.
    """

    center: Array
    radius: float
    elevation: float

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {"center": self.center.tolist(), "radius": self.radius, "elevation": self.elevation}

    @staticmethod
    def from_json(values: dict[str, Any]) -> Subject:
        """Inverse of `to_json`."""
        return Subject(np.array(values["center"], np.float64).reshape(3), float(values["radius"]), float(values["elevation"]))


def find_subject(scene: Scene, up: Array) -> Subject | None:
    """The subject of a scene's photos, None when they look past each other; `up` `[3]` has unit length."""
    if len(scene.views) < 2:
        return None
    centers = np.array([view.cam_from_world.center for view in scene.views])
    axes = np.array([view.cam_from_world.rotation[2] for view in scene.views])
    across = np.eye(3) - axes[:, :, None] * axes[:, None, :]
    total = across.sum(axis=0)
    if np.linalg.cond(total) > _SPREAD:
        return None
    center = np.linalg.solve(total, (across @ centers[:, :, None]).sum(axis=0)[:, 0])
    ahead = ((center - centers) * axes).sum(axis=1)
    beside = np.linalg.norm(np.cross(center - centers, axes), axis=1)
    frame = ahead * np.array([view.camera.height / (2.0 * view.camera.fy) for view in scene.views])
    if np.mean((ahead > 0) & (beside < frame)) < _INSIDE:
        return None
    down = np.arcsin(np.clip(-axes @ up, -1.0, 1.0))
    return Subject(center, float(np.median(frame)), float(np.clip(np.median(down), _FLATTEST, _STEEPEST)))
