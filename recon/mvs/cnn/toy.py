"""View sets of random textured planes: enough to try a training, and exact enough for tests."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recon.scene import Camera, Rigid3, View


@dataclass(frozen=True, eq=False)
class ToySet:
    """A set as `recon.learning.view_sets.ViewSet`."""

    images: NDArray[np.uint8]
    inverse_depth: NDArray[np.float32]
    matrices: NDArray[np.float32]
    poses: NDArray[np.float32]
    near: NDArray[np.float32]
    far: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class _Plane:
    """`normal . X = offset` inside a rectangle of the world's x and y, with a texture of waves."""

    normal: NDArray[np.float64]
    offset: float
    middle: NDArray[np.float64]
    half: NDArray[np.float64]
    waves: NDArray[np.float64]
    phases: NDArray[np.float64]

    def texture(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
        """Grey in about [0.1, 0.9]."""
        total = np.zeros_like(x)
        for (a, b), phase in zip(self.waves, self.phases, strict=True):
            total += np.sin(a * x + b * y + phase)
        return np.asarray(0.5 + 0.4 * np.tanh(total / np.sqrt(len(self.waves))))


def toy_set(seed: int, count: int = 4, size: tuple[int, int] = (96, 64), pieces: int = 2, baseline: float = 0.2) -> ToySet:
    """A slanted background and `pieces` slanted rectangles before it, seen by `count` cameras on a line that look at the origin."""
    rng = np.random.default_rng(seed)
    planes = [_plane(rng, -0.5 - 0.2 * rng.random(), np.zeros(2), np.full(2, 1e6))]
    for _ in range(pieces):
        planes.append(_plane(rng, rng.uniform(-0.2, 0.3), rng.uniform(-0.5, 0.5, 2) * [1.0, 0.6], rng.uniform(0.15, 0.4, 2)))
    tint = rng.uniform(0.5, 1.0, 3)
    views = [_camera(i, size, baseline) for i in range(count)]
    images, depths = [], []
    for view in views:
        grey, inverse = _render(view, planes)
        colours = 255 * grey[..., None] * tint + rng.normal(0, 1.0, (*grey.shape, 3))
        images.append(np.clip(np.rint(colours), 0, 255).astype(np.uint8))
        depths.append(inverse.astype(np.float32))
    return ToySet(
        np.stack(images),
        np.stack(depths),
        np.stack([v.camera.matrix for v in views]).astype(np.float32),
        np.stack([np.c_[v.cam_from_world.rotation, v.cam_from_world.translation] for v in views]).astype(np.float32),
        np.array([0.9 / d.max() for d in depths], np.float32),
        np.array([1.1 / d[d > 0].min() for d in depths], np.float32),
    )


def _plane(rng: np.random.Generator, offset: float, middle: NDArray[np.float64], half: NDArray[np.float64]) -> _Plane:
    normal = np.array([*rng.uniform(-0.4, 0.4, 2), -1.0])
    return _Plane(normal / np.linalg.norm(normal), offset, middle, half, rng.uniform(-60, 60, (24, 2)), rng.uniform(0, 2 * np.pi, 24))


def _camera(index: int, size: tuple[int, int], baseline: float) -> View:
    """Camera `index` on a line, the first in the middle."""
    shift = (index + 1) // 2 * (1 if index % 2 else -1) * baseline
    center = np.array([shift, 0.1 * shift, -2.0])
    z = -center / np.linalg.norm(center)
    x = np.cross([0.0, 1.0, 0.0], z)
    x /= np.linalg.norm(x)
    rotation = np.stack([x, np.cross(z, x), z])
    camera = Camera(size[0], size[1], 1.1 * size[0], 1.1 * size[0], (size[0] - 1) / 2, (size[1] - 1) / 2)
    return View(f"{index:02d}", camera, Rigid3(rotation, -rotation @ center))


def _render(view: View, planes: list[_Plane]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Grey picture and inverse depth of the nearest plane in each pixel, 0 where there is none."""
    camera, pose = view.camera, view.cam_from_world
    v, u = np.mgrid[: camera.height, : camera.width].astype(float)
    rays = camera.unproject(np.stack([u, v], -1), np.ones(u.shape)) @ pose.rotation
    best, grey = np.zeros(u.shape), np.zeros(u.shape)
    for plane in planes:
        depth = (plane.offset - plane.normal @ pose.center) / (rays @ plane.normal)
        points = rays * depth[..., None] + pose.center
        inside = (np.abs(points[..., :2] - plane.middle) < plane.half).all(-1)
        here = (depth > 0) & inside & (1 / np.maximum(depth, 1e-9) > best)
        best = np.where(here, 1 / np.maximum(depth, 1e-9), best)
        grey = np.where(here, plane.texture(points[..., 0], points[..., 1]), grey)
    return grey, best
