"""What window and renderer process say to each other: lines of JSON on the renderer's standard input and output.

To the renderer: `{"do": "buffer" | "camera" | "style" | "choose" | "layer" | "visible" | "remove" | "pick" | "screenshot" | "ack", ...}`.
From it: `{"is": "ready" | "frame" | "loaded" | "failed" | "picked" | "saved" | "not_saved" | "notice", ...}`.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from desktop.viewport.backends.base import View
from desktop.viewport.orbit import Array, Orbit
from recon.errors import InputError
from recon.scene import Camera, Rigid3

MAX_LINE = 64 << 20
MAX_PIXELS = 50_000_000
MAX_SIDE = 16_384


def packed(key: str, kind: str, values: dict[str, Any]) -> bytes:
    """The line of a message; `key` is 'do' or 'is'."""
    return json.dumps({key: kind, **values}).encode() + b"\n"


def unpacked(key: str, line: bytes) -> dict[str, Any]:
    """The message of a line.

    Raises:
        ValueError: It is not a message: too long, not JSON, not an object, or without the text `key`.
    """
    if len(line) > MAX_LINE:
        raise ValueError(f"a line of more than {MAX_LINE >> 20} MB")
    try:
        message = json.loads(line)
    except RecursionError as error:
        raise ValueError("too deeply nested") from error
    if not isinstance(message, dict) or not isinstance(message.get(key), str):
        raise ValueError(f"no object with '{key}'")
    return message


def view_message(orbit: Orbit, width: int, height: int) -> dict[str, Any]:
    """What the renderer has to know of the viewer to draw a picture of `width` x `height` pixels."""
    pose, (near, far) = orbit.cam_from_world, orbit.near_far()
    return {
        "width": width,
        "height": height,
        "fov_y": orbit.fov_y,
        "rotation": pose.rotation.reshape(-1).tolist(),
        "translation": pose.translation.tolist(),
        "near": near,
        "far": far,
        "up": orbit.world_from_base[:, 2].tolist(),
    }


def read_view(values: dict[str, Any]) -> tuple[View, Array]:
    """View and up direction `[3]` of a `view_message`.

    Raises:
        InputError: No picture of that size, or from there, can be drawn.
    """
    width, height = int(values["width"]), int(values["height"])
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE and width * height <= MAX_PIXELS):
        limits = f"Sides go up to {MAX_SIDE} and the whole up to {MAX_PIXELS // 1_000_000} million pixels."
        raise InputError(f"A picture of {width} x {height} pixels cannot be drawn.", limits, "Ask for a smaller one.")
    rotation = np.array(values["rotation"], np.float64).reshape(3, 3)
    translation, up = (np.array(values[name], np.float64).reshape(3) for name in ("translation", "up"))
    fov_y, near, far = (float(values[name]) for name in ("fov_y", "near", "far"))
    finite = all(np.isfinite(v).all() for v in (rotation, translation, up, fov_y, near, far))
    if not (finite and 0.0 < fov_y < np.pi and 0.0 < near < far and np.abs(rotation @ rotation.T - np.eye(3)).max() < 1e-6):
        raise InputError("This view cannot be drawn.", "It is not that of a camera.", "Fit the view (F).")
    focal = height / (2.0 * np.tan(fov_y / 2.0))
    camera = Camera(width, height, focal, focal, (width - 1) / 2.0, (height - 1) / 2.0)
    return View(camera, Rigid3(rotation, translation), near, far), up
