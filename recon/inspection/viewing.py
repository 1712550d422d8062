"""Where a drawn picture of a model is seen from, and the cameras that are drawn in it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recon.errors import InputError
from recon.scene import Camera, Rigid3, View

_FIELD_DEG = 40.0
VIEWS = {
    "front": (0.0, -1.0, 0.0),
    "back": (0.0, 1.0, 0.0),
    "left": (-1.0, 0.0, 0.0),
    "right": (1.0, 0.0, 0.0),
    "top": (0.0, 0.0, 1.0),
    "bottom": (0.0, 0.0, -1.0),
}
"""Standard views: where the eye is, seen from the middle, in a frame whose z is the scene's up."""


def load_shots(sparse: Path) -> list[View]:
    """Cameras of the COLMAP model in a folder, without their distortion; none when there is no readable model."""
    if not sparse.is_dir():
        return []
    from recon.io.colmap_model import read_model_cameras

    try:
        given = read_model_cameras(sparse)
    except InputError:
        return []
    return [View(one.name, one.camera.pinhole(), one.pose) for one in given if one.pose is not None]


def choose_view(points: NDArray[np.float32], shots: Sequence[View], view: str, width: int, height: int) -> tuple[Camera, Rigid3, bool]:
    """Camera, pose, and whether it is a photograph's own.

    Raises:
        InputError: The view is not known.
    """
    for shot in shots:
        if shot.name == view:
            return shot.camera.scaled(width, height), shot.cam_from_world, True
    if view != "auto" and view not in VIEWS:
        known = ", ".join(["auto", *VIEWS])
        raise InputError(f"There is no view '{view}'.", f"Views are {known}, or the id of a registered photo.", "Choose one of these.")
    away = towards_cameras(points, shots) if view == "auto" else frame_of(up_of(shots)) @ np.array(VIEWS[view])
    return *seen_from(away, points, shots, width, height), False


def seen_from(
    away: NDArray[np.float64], points: NDArray[np.float32], shots: Sequence[View], width: int, height: int, *, eyes: bool = False
) -> tuple[Camera, Rigid3]:
    """A camera that looks at the model from the direction `away` `[3]` of its middle; with `eyes` all photographers are in the picture."""
    focal = 0.5 * min(width, height) / np.tan(np.radians(_FIELD_DEG) / 2)
    camera = Camera(width, height, focal, focal, (width - 1) / 2, (height - 1) / 2)
    middle, reach = _focus(points, shots)
    if eyes and shots:
        reach = max(reach, 1.15 * max(float(np.linalg.norm(shot.cam_from_world.center - middle)) for shot in shots))
    distance = reach / np.tan(np.radians(_FIELD_DEG) / 2)
    return camera, looking(middle + away * distance, middle, up_of(shots))


def frusta(shots: Sequence[View], length: float) -> NDArray[np.float64]:
    """Outlines of the cameras as segments `[N, 2, 3]`, `length` deep."""
    segments = []
    for shot in shots:
        w, h = shot.camera.width - 0.5, shot.camera.height - 0.5
        corners = np.array([[-0.5, -0.5], [w, -0.5], [w, h], [-0.5, h]])
        rim = shot.cam_from_world.inverse().apply(shot.camera.unproject(corners, np.full(4, length)))
        eye = shot.cam_from_world.center
        segments += [(eye, corner) for corner in rim]
        segments += [(rim[i], rim[(i + 1) % 4]) for i in range(4)]
    return np.array(segments, np.float64).reshape(-1, 2, 3)


def _focus(points: NDArray[np.float32], shots: Sequence[View]) -> tuple[NDArray[np.float64], float]:
    """Middle of the picture and half its shorter side there: what most photographs look at, or else most points."""
    low, high = np.percentile(points, [2, 98], axis=0).astype(np.float64)
    middle, reach = (low + high) / 2, 0.5 * size_of(points)
    if len(shots) < 3:
        return middle, reach
    eyes = np.array([shot.cam_from_world.center for shot in shots])
    axes = np.array([shot.cam_from_world.rotation[2] for shot in shots])
    across = np.eye(3) - axes[:, :, None] * axes[:, None, :]
    system = across.mean(axis=0)
    if np.linalg.eigvalsh(system)[0] < 0.05:
        return middle, reach
    meeting = np.linalg.solve(system, np.einsum("nij,nj->i", across, eyes) / len(shots))
    distance = float(np.median(np.linalg.norm(eyes - meeting, axis=1)))
    if not (np.abs(meeting - middle) <= size_of(points)).all() or distance > 10 * reach:
        return middle, reach
    spread = np.median([shot.camera.height / shot.camera.fy for shot in shots])
    return meeting, min(reach, 0.5 * distance * float(spread))


def size_of(points: NDArray[np.float32]) -> float:
    """Diameter of what most points fill."""
    low, high = np.percentile(points, [2, 98], axis=0)
    return max(float(np.linalg.norm(high - low)), 1e-9)


def up_of(shots: Sequence[View]) -> NDArray[np.float64]:
    """The direction that is up in the photographs; +z when there are none."""
    total = -np.sum([shot.cam_from_world.rotation[1] for shot in shots], axis=0) if shots else np.array([0.0, 0.0, 1.0])
    length = np.linalg.norm(total)
    return np.asarray(total / length if length > 0.1 * max(len(shots), 1) else [0.0, 0.0, 1.0], np.float64)


def towards_cameras(points: NDArray[np.float32], shots: Sequence[View]) -> NDArray[np.float64]:
    """From the middle to where the photographs were taken, `[3]`; a corner of the frame when they surround it or are missing."""
    up, middle = up_of(shots), _focus(points, shots)[0]
    corner = frame_of(up) @ np.array([0.6, -1.0, 0.55])
    if shots:
        ways = np.array([shot.cam_from_world.center - middle for shot in shots])
        ways /= np.maximum(np.linalg.norm(ways, axis=1, keepdims=True), 1e-12)
        mean = ways.mean(axis=0)
        flat = mean - up * (mean @ up)
        corner = mean if np.linalg.norm(flat) > 0.3 else ways[np.argmax(ways @ (corner / np.linalg.norm(corner)))]
    return np.asarray(corner / np.linalg.norm(corner), np.float64)


def turned(way: NDArray[np.float64], up: NDArray[np.float64], degrees: float) -> NDArray[np.float64]:
    """A direction `[3]` turned about `up` `[3]` (Rodrigues)."""
    angle = np.radians(degrees)
    result: NDArray[np.float64] = way * np.cos(angle) + np.cross(up, way) * np.sin(angle) + up * (up @ way) * (1 - np.cos(angle))
    return result


def frame_of(up: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rotation `[3, 3]` whose third column is `up`; the identity when up is +z."""
    help_axis = np.array([1.0, 0.0, 0.0]) if abs(up[0]) < 0.9 else np.array([0.0, 1.0, 0.0])
    x = help_axis - up * (help_axis @ up)
    x /= np.linalg.norm(x)
    return np.stack([x, np.cross(up, x), up], axis=1)


def looking(eye: NDArray[np.float64], target: NDArray[np.float64], up: NDArray[np.float64]) -> Rigid3:
    """The pose of a level camera at `eye` that looks at `target`."""
    forward = (target - eye) / np.linalg.norm(target - eye)
    side = np.cross(forward, up)
    if np.linalg.norm(side) < 1e-3:
        side = np.cross(forward, frame_of(up)[:, 1])
    side /= np.linalg.norm(side)
    rotation = np.stack([side, np.cross(forward, side), forward])
    return Rigid3(rotation, -rotation @ eye)
