"""Photo cameras as thin frusta with the photo on the image plane, drawn over a finished picture and hidden by its depth."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from desktop.viewport.backends.base import View
from recon.scene import Scene
from recon.scene import View as PhotoView

_LINE = {"dark": (128, 170, 232), "light": (38, 92, 172)}
_CHOSEN = {"dark": (255, 186, 74), "light": (196, 96, 0)}
_EDGES = np.array([[0, 1], [0, 2], [0, 3], [0, 4], [1, 2], [2, 3], [3, 4], [4, 1]])
_BEHIND = 0.14  # how much shows through what is in front
_SLACK = 1.003
_MIN_PHOTO = 10.0  # pixels

Pixels = NDArray[np.float32]


def frustum_size(centers: NDArray[np.floating], extent: float) -> float:
    """A depth for frusta that keeps neighbours apart: 0.35 of the usual distance between cameras, within 2 to 15 % of `extent`."""
    if len(centers) < 2:
        return 0.1 * extent
    apart = np.linalg.norm(centers[:, None, :] - centers[None, :200, :], axis=2)[:200]
    apart[apart < 1e-9] = np.inf
    usual = float(np.median(apart.min(axis=1)))
    return float(np.clip(0.35 * usual, 0.02 * extent, 0.15 * extent)) if np.isfinite(usual) else 0.1 * extent


def frustum_corners(photo: PhotoView, depth: float) -> NDArray[np.float64]:
    """World points `[5, 3]`: camera centre, then the image plane's corners from top left clockwise."""
    width, height = photo.camera.width, photo.camera.height
    pixels = np.array([[-0.5, -0.5], [width - 0.5, -0.5], [width - 0.5, height - 0.5], [-0.5, height - 0.5]])
    local = photo.camera.unproject(pixels, np.full(4, depth))
    return photo.cam_from_world.inverse().apply(np.vstack([np.zeros(3), local]))


def draw_frusta(
    color: Pixels,
    depth: NDArray[np.float32],
    view: View,
    scene: Scene,
    size: float,
    photos: Mapping[str, NDArray[np.uint8]],
    background: str,
    chosen: Collection[str] = (),
) -> None:
    """Draws all cameras of `scene` into `color` `[H, W, 3]` (RGB 0..255), hidden by `depth` `[H, W]` (0 = nothing).

    Args:
        color: The finished picture; changed.
        depth: Its z-depth.
        view: Where it is seen from; same size as `color`.
        scene: The cameras.
        size: Depth of the frusta, world units.
        photos: View name -> small RGB picture, as far as there are any.
        background: 'dark' or 'light'.
        chosen: Names of views that stand out.
    """
    eye = view.cam_from_world.center
    corners = [(photo, frustum_corners(photo, size)) for photo in scene.views]
    shown = [(photo, points) for photo, points in corners if np.linalg.norm(points[0] - eye) > 1.3 * size]
    if not shown:
        return
    shown.sort(key=lambda item: -float(np.linalg.norm(item[1][1:].mean(axis=0) - eye)))
    for photo, points in shown:
        if photo.name in photos:
            _draw_photo(color, depth, view, points[1:], photos[photo.name])
    local = view.cam_from_world.apply(np.array([points for _, points in shown]))
    marked = np.array([photo.name in chosen for photo, _ in shown])
    for frusta, ink in ((local[~marked], _LINE[background]), (local[marked], _CHOSEN[background])):
        _draw_lines(color, depth, view, frusta[:, _EDGES].reshape(-1, 2, 3), np.array(ink, np.float32))


def _draw_photo(color: Pixels, depth: NDArray[np.float32], view: View, plane: NDArray[np.float64], photo: NDArray[np.uint8]) -> None:
    """The photo on its image plane, pixel by pixel where nothing is in front."""
    local = view.cam_from_world.apply(plane)
    if local[:, 2].min() <= view.near:
        return
    quad, _ = view.camera.project(local)
    height, width = depth.shape
    low = np.maximum(np.floor(quad.min(axis=0)), 0).astype(int)
    high = np.minimum(np.ceil(quad.max(axis=0)) + 1, [width, height]).astype(int)
    if (high - low).min() < 2 or np.ptp(quad, axis=0).max() < _MIN_PHOTO:
        return
    photo = _reduced(photo, float(np.linalg.norm(quad - np.roll(quad, 1, axis=0), axis=1).max()))
    h, w = photo.shape[:2]
    source = np.array([[-0.5, -0.5], [w - 0.5, -0.5], [w - 0.5, h - 0.5], [-0.5, h - 0.5]], np.float32)
    mapping = cv2.getPerspectiveTransform(source, (quad - low).astype(np.float32))
    box = tuple(int(v) for v in high - low)
    picture = cv2.warpPerspective(photo, mapping, box, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    cover = cv2.warpPerspective(np.full((h, w), 0.92, np.float32), mapping, box, flags=cv2.INTER_LINEAR)
    place = (slice(low[1], high[1]), slice(low[0], high[0]))
    ahead = _plane_depth(local, view, low, box)
    there = depth[place]
    cover = np.where((there > 0) & (ahead > there * _SLACK), _BEHIND * cover, cover)[..., None]
    color[place] = color[place] * (1.0 - cover) + picture * cover


def _reduced(photo: NDArray[np.uint8], side: float) -> NDArray[np.uint8]:
    """The photo about as large as it is drawn, `side` pixels: picking single pixels of a larger one would glitter."""
    share = side / max(photo.shape[:2])
    if share > 0.7:
        return photo
    small = cv2.resize(photo, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)


def _plane_depth(local: NDArray[np.float64], view: View, low: NDArray[np.int_], box: tuple[int, ...]) -> NDArray[np.float64]:
    """z-depth of the plane through camera-frame points `[4, 3]` at every pixel of the box."""
    normal = np.cross(local[1] - local[0], local[3] - local[0])
    along = float(normal @ local[0])
    x = (np.arange(box[0]) + low[0] - view.camera.cx) / view.camera.fx
    y = (np.arange(box[1]) + low[1] - view.camera.cy) / view.camera.fy
    slope = normal[0] * x[None, :] + normal[1] * y[:, None] + normal[2]
    return np.asarray(along / np.where(np.abs(slope) < 1e-12, 1e-12, slope))


def _draw_lines(color: Pixels, depth: NDArray[np.float32], view: View, lines: NDArray[np.float64], ink: NDArray[np.float32]) -> None:
    """Antialiased lines one pixel wide; `lines` `[L, 2, 3]` in the camera frame."""
    x, y, z = _samples(view, lines)
    if not len(x):
        return
    height, width = depth.shape
    cover = np.zeros((height, width), np.float32)
    for dx, dy in ((0, 0), (1, 0), (0, 1), (1, 1)):
        column, row = np.floor(x).astype(int) + dx, np.floor(y).astype(int) + dy
        inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
        column, row = column[inside], row[inside]
        weight = (1.0 - np.abs(x[inside] - column)) * (1.0 - np.abs(y[inside] - row))
        there = depth[row, column]
        weight = np.where((there > 0) & (z[inside] > there * _SLACK), _BEHIND * weight, weight)
        np.maximum.at(cover, (row, column), weight.astype(np.float32))
    rows, columns = np.nonzero(cover)
    share = np.minimum(cover[rows, columns] * 1.25, 0.95)[:, None]
    color[rows, columns] = color[rows, columns] * (1.0 - share) + ink * share


def _samples(view: View, lines: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Pixel positions and depths two to a pixel along the part of each line that is in front of the viewer and in the picture."""
    a, b = lines[:, 0], lines[:, 1]
    keep = np.maximum(a[:, 2], b[:, 2]) > view.near
    a, b = a[keep], b[keep]
    a, b = _clipped(a, b, view.near), _clipped(b, a, view.near)
    pixel_a, depth_a = view.camera.project(a)
    pixel_b, depth_b = view.camera.project(b)
    start, stop = _within(pixel_a, pixel_b, view.camera.width, view.camera.height)
    span = np.abs(pixel_b - pixel_a).max(axis=1) * np.maximum(stop - start, 0.0)
    count = np.where(stop > start, np.ceil(2.0 * span) + 1, 0).astype(int)
    line = np.repeat(np.arange(len(count)), count)
    step = np.arange(len(line)) - np.repeat(np.cumsum(count) - count, count)
    t = start[line] + (stop - start)[line] * step / np.maximum(count[line] - 1, 1)
    at = pixel_a[line] + (pixel_b - pixel_a)[line] * t[:, None]
    inverse = (1.0 / depth_a)[line] * (1.0 - t) + (1.0 / depth_b)[line] * t
    return at[:, 0], at[:, 1], 1.0 / inverse


def _clipped(point: NDArray[np.float64], other: NDArray[np.float64], near: float) -> NDArray[np.float64]:
    """`point` `[L, 3]`, moved towards `other` up to the near plane where it lies before it."""
    before = point[:, 2] < near
    t = np.where(before, (near - point[:, 2]) / np.where(before, other[:, 2] - point[:, 2], 1.0), 0.0)
    return np.asarray(point + (other - point) * t[:, None])


def _within(a: NDArray[np.float64], b: NDArray[np.float64], width: int, height: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Range of t in [0, 1] for which `a + t (b - a)` lies in the picture (Liang and Barsky); empty where start >= stop."""
    start, stop = np.zeros(len(a)), np.ones(len(a))
    for axis, size in ((0, width), (1, height)):
        d = b[:, axis] - a[:, axis]
        safe = np.where(np.abs(d) < 1e-12, 1e-12, d)
        t0, t1 = (-1.0 - a[:, axis]) / safe, (size - a[:, axis]) / safe
        start, stop = np.maximum(start, np.minimum(t0, t1)), np.minimum(stop, np.maximum(t0, t1))
    return start, stop
