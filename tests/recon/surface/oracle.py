"""Views of a ball and a box on a plate with exact depth, cast by Open3D."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recon.scene import Camera, DepthMap, Rigid3, Scene, SparsePoints, TriMesh, View

WIDTH, HEIGHT = 162, 120


@dataclass(frozen=True, eq=False)
class Oracle:
    scene: Scene
    depths: dict[str, DepthMap]
    pictures: dict[str, NDArray[np.uint8]]
    truth: TriMesh


def look(eye: NDArray[np.float64], target: NDArray[np.float64]) -> Rigid3:
    forward = (target - eye) / np.linalg.norm(target - eye)
    side = np.cross(forward, [0.0, 0.0, 1.0])
    side /= np.linalg.norm(side)
    rotation = np.stack([side, np.cross(forward, side), forward])
    return Rigid3(rotation, -rotation @ eye)


def color_of(points: NDArray[np.floating]) -> NDArray[np.float32]:
    """A smooth colour for every place, so that a wrong projection shows."""
    return (0.5 + 0.4 * np.sin(2.0 * np.asarray(points) + [0.0, 1.0, 2.0])).astype(np.float32)


def make(truth: TriMesh, eyes: NDArray[np.float64], target: tuple[float, float, float] = (0, 0, 0)) -> Oracle:
    import open3d as o3d

    caster = o3d.t.geometry.RaycastingScene()
    caster.add_triangles(o3d.core.Tensor(truth.vertices), o3d.core.Tensor(truth.faces.astype(np.uint32)))
    camera = Camera(WIDTH, HEIGHT, 170.0, 170.0, (WIDTH - 1) / 2, (HEIGHT - 1) / 2)
    views, depths, pictures = [], {}, {}
    for i, eye in enumerate(eyes):
        pose = look(np.asarray(eye, float), np.asarray(target, float))
        y, x = np.mgrid[:HEIGHT, :WIDTH]
        ways = camera.unproject(np.stack([x, y], -1), np.ones(x.shape))
        rays = np.concatenate([np.broadcast_to(pose.center, ways.shape), ways @ pose.rotation], -1).astype(np.float32)
        depth = caster.cast_rays(o3d.core.Tensor(rays))["t_hit"].numpy()
        depth = np.where(np.isfinite(depth), depth, 0).astype(np.float32)
        points = rays[..., :3] + rays[..., 3:] * depth[..., None]
        name = f"{i:02d} ü.png"
        views.append(View(name, camera, pose))
        depths[name] = DepthMap(depth, np.ones_like(depth))
        pictures[name] = np.where((depth > 0)[..., None], color_of(points) * 255 + 0.5, 0).astype(np.uint8)
    none = np.zeros(0, np.int32)
    return Oracle(Scene(tuple(views), SparsePoints(np.zeros((0, 3)), np.zeros((0, 3)), none, none, none)), depths, pictures, truth)


def around(count: int = 10) -> NDArray[np.float64]:
    """Eyes that see a ball from all sides: a ring, one above and one below."""
    return np.concatenate([ring(count), [[0.1, 0, 3.3], [0.1, 0, -3.3]]])


def ring(count: int, radius: float = 3.0, height: float = 1.5) -> NDArray[np.float64]:
    angle = 2 * np.pi * np.arange(count) / count
    return np.stack([radius * np.cos(angle), radius * np.sin(angle), np.where(np.arange(count) % 2, -height, height)], axis=1)


def ball(radius: float = 1.0) -> TriMesh:
    import trimesh

    mesh = trimesh.creation.icosphere(5, radius)
    return TriMesh(mesh.vertices, mesh.faces)


def plate(half: float = 1.0, height: float = 0.0) -> TriMesh:
    corners = np.array([[-half, -half, height], [half, -half, height], [half, half, height], [-half, half, height]])
    return TriMesh(corners, [[0, 1, 2], [0, 2, 3]])


def grid(n: int, size: float = 1.0) -> TriMesh:
    """An open flat square of n x n cells, z up."""
    y, x = np.mgrid[: n + 1, : n + 1]
    points = np.stack([x, y, np.zeros_like(x)], -1).reshape(-1, 3) * (size / n)
    corner = (np.arange(n)[:, None] * (n + 1) + np.arange(n)).reshape(-1)
    a, b, c, d = corner, corner + 1, corner + n + 2, corner + n + 1
    return TriMesh(points, np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)]))
