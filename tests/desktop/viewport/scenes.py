"""Small layers whose pictures are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from recon.io.formats import write_cloud, write_mesh
from recon.io.scene_npz import write_scene
from recon.scene import Camera, PointCloud, Rigid3, Scene, SparsePoints, TriMesh, View

RED, GREEN = (0.9, 0.1, 0.1), (0.1, 0.9, 0.1)
RED_CENTER, GREEN_CENTER = np.array([-0.5, 0.0, 2.0]), np.array([0.6, 0.0, 3.0])
CAMERA = Camera(160, 120, 100.0, 100.0, 79.5, 59.5)
"""With the identity as pose it sees the red square left, at depth 2, and the green one right, at depth 3."""


def red_cloud(step: float = 0.01) -> PointCloud:
    """A square of points, 0.8 wide and high, facing the camera."""
    x, y = np.meshgrid(np.arange(-0.9, -0.1 + step / 2, step), np.arange(-0.4, 0.4 + step / 2, step))
    points = np.stack([x.ravel(), y.ravel(), np.full(x.size, 2.0)], axis=1).astype(np.float32)
    n = len(points)
    return PointCloud(
        points,
        np.tile(np.float32([0, 0, -1]), (n, 1)),
        np.tile(np.float32(RED), (n, 1)),
        np.linspace(0, 1, n, dtype=np.float32),
        np.full(n, 3, np.uint8),
    )


def green_mesh() -> TriMesh:
    """A square of two triangles, 0.8 wide and high, facing the camera."""
    vertices = np.array([[0.2, -0.4, 3], [1.0, -0.4, 3], [1.0, 0.4, 3], [0.2, 0.4, 3]], np.float32)
    faces = np.array([[0, 2, 1], [0, 3, 2]], np.int32)
    return TriMesh(vertices, faces, None, np.tile(np.float32(GREEN), (4, 1)))


def textured_mesh() -> TriMesh:
    """The green square under a picture whose quarters are red, green, blue and yellow, row by row."""
    plain = green_mesh()
    quarters = np.array([[[230, 20, 20], [20, 230, 20]], [[20, 20, 230], [230, 230, 20]]], np.uint8)
    place = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    return TriMesh(plain.vertices, plain.faces, None, plain.colors, None, place[plain.faces], quarters.repeat(32, 0).repeat(32, 1))


def scene() -> Scene:
    """Three photos that look at the squares, upright: down in the picture is +y."""
    camera = Camera(64, 48, 60.0, 60.0, 31.5, 23.5)
    views = tuple(View(f"{i}.jpg", camera, Rigid3(np.eye(3), np.array([0.4 * (i - 1), 0.0, 0.0]))) for i in range(3))
    points = np.random.default_rng(0).uniform([-1, -0.4, 2], [1, 0.4, 3], (50, 3))
    sparse = SparsePoints(points, np.full((50, 3), 0.5), np.full(50, 0.4), np.arange(50), np.zeros(50))
    return Scene(views, sparse)


def write_layers(folder: Path) -> Path:
    """cloud.ply, mesh.ply, scene.npz and a damaged.ply in `folder`."""
    write_cloud(red_cloud(), folder / "cloud.ply")
    write_mesh(green_mesh(), folder / "mesh.ply")
    write_scene(scene(), folder / "scene.npz")
    whole = (folder / "cloud.ply").read_bytes()
    (folder / "damaged.ply").write_bytes(whole[: len(whole) // 2])
    return folder
