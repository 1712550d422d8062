"""Analytic scenes: planes with a smooth random texture, rendered exactly."""

from __future__ import annotations

import numpy as np

from recon.mvs.matcher import Picture
from recon.scene import Camera, Rigid3, Scene, SparsePoints, View

RNG = np.random.default_rng(5)
WAVES = RNG.uniform(-60, 60, (60, 2))
PHASES = RNG.uniform(0, 2 * np.pi, 60)


def texture(x, y):
    """Grey in about [0.1, 0.9] at plane coordinates."""
    waves = np.sin(x[..., None] * WAVES[:, 0] + y[..., None] * WAVES[:, 1] + PHASES)
    return 0.5 + 0.4 * np.tanh(waves.sum(-1) / 6)


def ring(count, size=(96, 72), baseline=0.25, distance=2.0):
    """Cameras on a line, all looking at the origin; the first is in the middle, on the z axis."""
    camera = Camera(size[0], size[1], 1.1 * size[0], 1.1 * size[0], (size[0] - 1) / 2, (size[1] - 1) / 2)
    views = []
    for i in range(count):
        offset = (i + 1) // 2 * (1 if i % 2 else -1) * baseline
        center = np.array([offset, 0.1 * offset, -distance])
        z = -center / np.linalg.norm(center)
        x = np.cross([0.0, 1.0, 0.0], z)
        x /= np.linalg.norm(x)
        rotation = np.stack([x, np.cross(z, x), z])
        views.append(View(f"{i:02d}.jpg", camera, Rigid3(rotation, -rotation @ center)))
    return views


def plane_depth(view, normal, offset):
    """z-depth of the plane `normal . X = offset` in each pixel."""
    camera, pose = view.camera, view.cam_from_world
    v, u = np.mgrid[: camera.height, : camera.width].astype(float)
    rays = camera.unproject(np.stack([u, v], -1), np.ones(u.shape)) @ pose.rotation
    return (offset - normal @ pose.center) / (rays @ normal)


def points_at(view, depth):
    """World points `[H, W, 3]` of a depth map."""
    v, u = np.mgrid[: depth.shape[0], : depth.shape[1]].astype(float)
    return view.cam_from_world.inverse().apply(view.camera.unproject(np.stack([u, v], -1), depth))


def photograph(view, planes):
    """Picture and depth of the nearest of several planes `(normal, offset, inside(points) -> bool)`."""
    best = np.full((view.camera.height, view.camera.width), np.inf)
    grey = np.zeros_like(best)
    for k, (normal, offset, inside) in enumerate(planes):
        depth = plane_depth(view, np.asarray(normal, float), offset)
        points = points_at(view, depth)
        here = (depth > 0) & (depth < best) & inside(points)
        best = np.where(here, depth, best)
        grey = np.where(here, texture(points[..., 0] + 3 * k, points[..., 1]), grey)
    image = np.repeat(np.rint(255 * grey).astype(np.uint8)[..., None], 3, -1)
    return Picture(view, image), np.where(np.isfinite(best), best, 0)


def everywhere(points):
    """The whole plane."""
    return np.ones(points.shape[:-1], bool)


def scene_of(views, depth, step=6):
    """Scene whose sparse points are pixels of the first view, seen by all views that have them in the picture."""
    points = points_at(views[0], depth)[::step, ::step].reshape(-1, 3)
    point_index, view_index = [], []
    for i, view in enumerate(views):
        pixels, z = view.camera.project(view.cam_from_world.apply(points))
        seen = (z > 0) & (pixels >= 0).all(-1) & (pixels <= [view.camera.width - 1, view.camera.height - 1]).all(-1)
        point_index += list(np.flatnonzero(seen))
        view_index += [i] * int(seen.sum())
    count = len(points)
    return Scene(tuple(views), SparsePoints(points, np.zeros((count, 3)), np.zeros(count), np.array(point_index), np.array(view_index)))
