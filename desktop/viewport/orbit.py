"""Orbit camera: where the viewer stands and how mouse and keys move it. Numpy only.

The turntable's base frame has z up, x right and y away from the viewer at yaw 0. The camera hangs on its pivot by
`offset`, the pivot in the *camera* frame, so a pivot may lie anywhere in the picture and changing it moves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import asin, atan2, cos, hypot, pi, sin, tan

import numpy as np
from numpy.typing import NDArray

from recon.scene import Camera, Rigid3

Array = NDArray[np.float64]

STANDARD_VIEWS: dict[int, tuple[str, float, float]] = {
    1: ("Front", 0.0, 0.0),
    2: ("Back", pi, 0.0),
    3: ("Left", pi / 2, 0.0),
    4: ("Right", -pi / 2, 0.0),
    5: ("Top", 0.0, pi / 2),
    6: ("Bottom", 0.0, -pi / 2),
}
"""Number -> (label, yaw, pitch)."""

_NEAREST, _FARTHEST = 2e-3, 25.0  # distances allowed, in radii of the model
_FITTED = 0.25  # distance of the nearest point when the whole model is shown, in radii
_DEPTH_RATIO = 5000.0  # far / near that a 24-bit depth buffer resolves well


@dataclass(frozen=True, eq=False)
class Orbit:
    """Immutable state of the viewer; every movement returns a new one.

    Args:
        pivot: World point that orbiting turns about, `[3]`.
        offset: The pivot in the camera frame, `[3]`, z > 0.
        yaw: Turn about the up axis, radians.
        pitch: Looking down is positive, within +-pi/2 so the view never flips.
        roll: Turn about the optical axis, radians; 0 except after looking through a photo's camera.
        fov_y: Vertical field of view, radians.
        world_from_base: `[3, 3]` columns right, away, up of the turntable in the world.
        center: Centre of the model, `[3]`.
        extent: Half the size of the model's box, `[3]`, world axes.
        outline: `[K, 3]` outermost points of the model; none stand for the corners of its box.
    """

    pivot: Array = field(default_factory=lambda: np.zeros(3))
    offset: Array = field(default_factory=lambda: np.array([0.0, 0.0, 4.0]))
    yaw: float = 0.6
    pitch: float = 0.35
    roll: float = 0.0
    fov_y: float = pi / 4
    world_from_base: Array = field(default_factory=lambda: np.eye(3))
    center: Array = field(default_factory=lambda: np.zeros(3))
    extent: Array = field(default_factory=lambda: np.ones(3))
    outline: Array = field(default_factory=lambda: np.zeros((0, 3)))

    # ---------------------------------------------------------------- geometry

    @property
    def radius(self) -> float:
        """Radius of the ball about the model's box."""
        return max(float(np.linalg.norm(self.extent)), 1e-9)

    @property
    def rotation(self) -> Array:
        """cam_from_world rotation, `[3, 3]`."""
        spin = np.array([[cos(self.roll), -sin(self.roll), 0.0], [sin(self.roll), cos(self.roll), 0.0], [0.0, 0.0, 1.0]])
        return spin @ _turntable(self.yaw, self.pitch) @ self.world_from_base.T

    @property
    def cam_from_world(self) -> Rigid3:
        """Pose of the viewer."""
        rotation = self.rotation
        return Rigid3(rotation, self.offset - rotation @ self.pivot)

    @property
    def eye(self) -> Array:
        """Where the viewer stands in the world, `[3]`."""
        return self.pivot - self.rotation.T @ self.offset

    def camera(self, width: int, height: int) -> Camera:
        """Intrinsics for a picture of this size, square pixels, principal point in the middle."""
        focal = height / (2.0 * tan(self.fov_y / 2.0))
        return Camera(width, height, focal, focal, (width - 1) / 2.0, (height - 1) / 2.0)

    def near_far(self) -> tuple[float, float]:
        """Clipping distances that hold the whole model (with room for cameras about it), near > 0."""
        depth = float(self.cam_from_world.apply(self.center)[2])
        reach = 4.0 * self.radius
        far = max(depth + reach, 1e-3 * self.radius)
        return max(depth - reach, far / _DEPTH_RATIO), far

    def ray_point(self, pixel: tuple[float, float], size: tuple[int, int], depth: float | None = None) -> Array:
        """World point seen at `pixel` (x, y) of a picture `size` (width, height) at z-depth `depth` (default: the pivot's)."""
        depth = float(self.offset[2]) if depth is None else depth
        local = self.camera(*size).unproject(np.array(pixel), np.array(depth))
        return self.cam_from_world.inverse().apply(local)

    # ---------------------------------------------------------------- movement

    def orbited(self, dx: float, dy: float) -> Orbit:
        """Turned by a mouse drag; `dx`, `dy` in radians, right and down positive. The pivot keeps its pixel."""
        across, along = cos(self.roll) * dx + sin(self.roll) * dy, cos(self.roll) * dy - sin(self.roll) * dx
        pitch = float(np.clip(self.pitch + along, -pi / 2, pi / 2))
        return replace(self, yaw=_wrapped(self.yaw + across), pitch=pitch)._kept_in_sight()

    def panned(self, dx: float, dy: float, height: int, depth: float | None = None) -> Orbit:
        """Shifted by a drag of `dx`, `dy` pixels in a picture `height` pixels high; a point at z-depth `depth` follows the hand."""
        depth = float(self.offset[2]) if depth is None else depth
        step = 2.0 * tan(self.fov_y / 2.0) * depth / height
        return replace(self, offset=self.offset + np.array([dx * step, dy * step, 0.0]))._kept_in_sight()

    def zoomed(self, factor: float, anchor: Array) -> Orbit:
        """Moved towards (`factor` < 1) or from the world point `anchor`, which keeps its pixel.

        The pivot stays unless it would come too close to the viewer or behind; then the anchor becomes the pivot.
        """
        local = self.cam_from_world.apply(anchor)
        depth = max(float(local[2]), 1e-12)
        away = max(float(np.linalg.norm(self.eye - self.center)), 1e-12)
        if factor < 1.0:
            factor = min(max(factor, _NEAREST * self.radius / depth), 1.0)
        elif away > (_FARTHEST - 2.0) * self.radius:
            factor = 1.0
        else:
            factor = min(factor, max(1.0, 1.0 + (_FARTHEST * self.radius - away) / depth))
        shift = local * (factor - 1.0)
        offset = self.offset + shift
        if offset[2] < 0.2 * depth * factor:
            return replace(self, pivot=np.asarray(anchor, np.float64), offset=local + shift)._kept_in_sight()
        return replace(self, offset=offset)._kept_in_sight()

    def with_pivot(self, point: Array) -> Orbit:
        """Turns about `point` from now on; the picture does not move. Points behind the viewer are ignored."""
        local = self.cam_from_world.apply(point)
        if local[2] <= 0.0:
            return self
        return replace(self, pivot=np.asarray(point, np.float64), offset=local)

    # ---------------------------------------------------------------- places

    def with_bounds(self, low: Array, high: Array, outline: Array | None = None) -> Orbit:
        """Knows the model's box `low`, `high` `[3]` and outermost points `[K, 3]`; the viewer does not move."""
        low, high = np.asarray(low, np.float64), np.asarray(high, np.float64)
        points = np.zeros((0, 3)) if outline is None else np.asarray(outline, np.float64).reshape(-1, 3)
        return replace(self, center=(low + high) / 2.0, extent=np.maximum((high - low) / 2.0, 1e-9), outline=points)

    def with_up(self, up: Array) -> Orbit:
        """Turntable standing on the plane with normal `up` `[3]`; keeps yaw and pitch."""
        axis = np.asarray(up, np.float64) / max(float(np.linalg.norm(up)), 1e-12)
        guess = np.array([0.0, 1.0, 0.0]) if abs(axis[1]) < 0.9 else np.array([0.0, 0.0, 1.0])
        right = np.cross(guess, axis)
        right /= np.linalg.norm(right)
        return replace(self, world_from_base=np.stack([right, np.cross(axis, right), axis], axis=1))

    def fitted(self, aspect: float, margin: float = 1.1) -> Orbit:
        """The same direction, as near as the whole model allows in a picture of width / height `aspect`, the model in its middle."""
        signs = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], np.float64)
        reach = self.outline - self.center if len(self.outline) else signs * self.extent
        corners = reach @ self.rotation.T * margin
        half = tan(self.fov_y / 2.0)
        nearest = _FITTED * self.radius - float(corners[:, 2].min())
        distance = max(_distance(corners[:, 0], corners[:, 2], half * aspect), _distance(corners[:, 1], corners[:, 2], half), nearest)
        depths = corners[:, 2] + distance
        offset = np.array([_centred(corners[:, 0], depths), _centred(corners[:, 1], depths), distance])
        return replace(self, pivot=self.center, offset=offset)

    def framed(self, center: Array, radius: float, aspect: float, margin: float = 1.4) -> Orbit:
        """The same direction, a ball about `center` `[3]` in the middle and as large as a picture of width / height `aspect` allows."""
        half = min(tan(self.fov_y / 2.0), tan(self.fov_y / 2.0) * aspect)
        return replace(self, pivot=np.asarray(center, np.float64), offset=np.array([0.0, 0.0, margin * radius * hypot(1.0, half) / half]))

    def standard(self, number: int, aspect: float) -> Orbit:
        """Standard view 1 to 6 of the whole model (see `STANDARD_VIEWS`)."""
        _, yaw, pitch = STANDARD_VIEWS[number]
        return replace(self, yaw=yaw, pitch=pitch, roll=0.0, fov_y=pi / 4).fitted(aspect)

    def at_camera(self, cam_from_world: Rigid3, fov_y: float) -> Orbit:
        """Looks through a photo's camera; the pivot is the point on its axis nearest to the model's centre."""
        local = cam_from_world.rotation @ self.world_from_base
        pitch = asin(float(np.clip(-local[2, 2], -1.0, 1.0)))
        yaw = atan2(local[2, 0], local[2, 1]) if abs(pitch) < pi / 2 - 1e-6 else atan2(-local[0, 1], local[0, 0])
        spin = local @ _turntable(yaw, pitch).T
        depth = max(float(cam_from_world.apply(self.center)[2]), 0.05 * self.radius)
        pivot = cam_from_world.inverse().apply(np.array([0.0, 0.0, depth]))
        roll = atan2(spin[1, 0], spin[0, 0])
        return replace(self, pivot=pivot, offset=np.array([0.0, 0.0, depth]), yaw=yaw, pitch=pitch, roll=roll, fov_y=fov_y)

    def toward(self, other: Orbit, t: float) -> Orbit:
        """In between on the way to `other`, t in [0, 1]: the short way round, distances in proportion."""
        if t >= 1.0:
            return other
        depth = self.offset[2] ** (1.0 - t) * other.offset[2] ** t
        ahead = (1.0 - t) * self.offset[:2] / self.offset[2] + t * other.offset[:2] / other.offset[2]
        return replace(
            other,
            pivot=(1.0 - t) * self.pivot + t * other.pivot,
            offset=np.array([*(ahead * depth), depth]),
            yaw=self.yaw + t * _wrapped(other.yaw - self.yaw),
            pitch=self.pitch + t * (other.pitch - self.pitch),
            roll=self.roll + t * _wrapped(other.roll - self.roll),
            fov_y=self.fov_y + t * (other.fov_y - self.fov_y),
        )

    def _kept_in_sight(self) -> Orbit:
        """Moved back sideways or outwards when the model would leave the picture or fall behind the viewer."""
        local = self.cam_from_world.apply(self.center)
        depth = max(float(local[2]), -0.5 * self.radius)
        limit = max(depth, 0.0) * tan(self.fov_y / 2.0) + 0.7 * self.radius
        wanted = np.array([np.clip(local[0], -limit, limit), np.clip(local[1], -limit, limit), depth])
        return self if np.array_equal(wanted, local) else replace(self, offset=self.offset + wanted - local)


def _turntable(yaw: float, pitch: float) -> Array:
    """Rotation camera from base, rows right, down, forward; defined for every pitch, the poles included."""
    right = np.array([cos(yaw), -sin(yaw), 0.0])
    forward = np.array([sin(yaw) * cos(pitch), cos(yaw) * cos(pitch), -sin(pitch)])
    return np.stack([right, np.cross(forward, right), forward])


def _distance(across: Array, ahead: Array, slope: float) -> float:
    """How far points have to move away to lie between the planes `|x| = slope * z`, shifted sideways as suits best."""
    low, high = float((-across - slope * ahead).max()), float((slope * ahead - across).min())
    return (low - high) / (2.0 * slope)


def _centred(across: Array, depths: Array) -> float:
    """Sideways shift that puts the outermost points equally far from the middle of the picture (bisection)."""
    high = float(np.abs(across).max())
    low = -high
    for _ in range(40):
        middle = (low + high) / 2.0
        slopes = (across + middle) / depths
        low, high = (low, middle) if slopes.max() + slopes.min() > 0 else (middle, high)
    return (low + high) / 2.0


def _wrapped(angle: float) -> float:
    """The same angle within +-pi."""
    return (angle + pi) % (2.0 * pi) - pi
