"""The textured mesh drawn from where a photograph was taken, beside the photograph."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from recon.inspection.colors import UNKNOWN, Colors, heat_ramp
from recon.inspection.drawing import Canvas, draw_mesh, reduced
from recon.inspection.legend import Legend
from recon.metrics.images import psnr, ssim
from recon.scene import TriMesh, View

WIDEST = 800
ERODED = 5
_SUPERSAMPLING = 2
_FULL = 64
_LEAST = 400


@dataclass(frozen=True, eq=False)
class Likeness:
    """A photograph and the model from the same place.

    Args:
        photo: `[H, W, 3]` uint8 RGB, reduced to at most `WIDEST` pixels.
        drawn: `[H, W, 3]` uint8 RGB.
        difference: `[H, W, 3]` uint8, their distance as colours.
        share: Part of the picture that was compared.
        reduced: Whether the photo is larger.
        psnr: dB over that part.
        ssim: Over that part.
    """

    photo: Colors
    drawn: Colors
    difference: Colors
    share: float
    reduced: bool
    psnr: float
    ssim: float


def compare(mesh: TriMesh, view: View, photo: NDArray[np.uint8], mask: NDArray[np.bool_] | None) -> Likeness | None:
    """Draws the mesh without light and compares inside the model's outline (and the mask's), `ERODED` pixels from it.

    Args:
        mesh: With texture or vertex colours.
        view: Where the photo was taken.
        photo: Undistorted uint8 RGB of the view's camera.
        mask: Pixels that belong to the model, of the photo's size; None = all.

    Returns:
        None when the model hardly shows in the photo.
    """
    scale = min(1.0, WIDEST / max(photo.shape[:2]))
    width, height = (max(round(side * scale), 16) for side in (photo.shape[1], photo.shape[0]))
    small = np.asarray(cv2.resize(photo, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    camera = view.camera.scaled(width * _SUPERSAMPLING, height * _SUPERSAMPLING)
    ground = np.full((camera.height, camera.width, 3), np.array(UNKNOWN, np.float32) / np.float32(255), np.float32)
    canvas = Canvas(ground, np.full((camera.height, camera.width), np.inf, np.float32))
    draw_mesh(canvas, replace(mesh, normals=None), camera, view.cam_from_world, lit=False)
    drawn = reduced(canvas, _SUPERSAMPLING)
    chosen = np.isfinite(canvas.depth).reshape(height, _SUPERSAMPLING, width, _SUPERSAMPLING).all(axis=(1, 3))
    if mask is not None:
        chosen &= cv2.resize(mask.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST) > 0
    inner = cv2.erode(chosen.astype(np.uint8), np.ones((3, 3), np.uint8), iterations=ERODED, borderValue=0) > 0
    if inner.sum() < _LEAST:
        return None
    one, other = drawn / 255, small / 255
    away = np.abs(one - other).mean(axis=-1) * 255 / _FULL
    difference = np.where(inner[..., None], heat_ramp(away), np.array(UNKNOWN, np.uint8)).astype(np.uint8)
    return Likeness(small, drawn, difference, float(inner.mean()), scale < 1, psnr(one, other, inner), ssim(one, other, inner))


def difference_legend() -> Legend:
    """What the colours of a difference stand for."""
    ticks = tuple((value / _FULL, f"{value}+" if value == _FULL else f"{value}") for value in range(0, _FULL + 1, 16))
    return Legend("Difference, of 255", heat_ramp(np.linspace(0, 1, 256)), ticks, ((UNKNOWN, "not compared"),))
