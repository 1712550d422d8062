"""Pictures of results, to look at: photo, cloud and mesh from the same camera, side by side."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from recon.io.formats import read_cloud, read_mesh
from recon.scene import Camera, PointCloud, Rigid3, TriMesh
from recon.synth import Light, SynthScene, TexturedMesh, render

Picture = NDArray[np.uint8]


def side_by_side(photo: Path | None, outputs: Path, views: list[tuple[Camera, Rigid3]], path: Path) -> None:
    """Writes one row for each view: cloud, mesh in colour, mesh in grey; the photo first when there is one."""
    cloud = read_cloud(outputs / "cloud.ply")
    mesh = read_mesh(outputs / "mesh.ply") if (outputs / "mesh.ply").is_file() else None
    rows = []
    for camera, pose in views:
        tiles = [draw_cloud(cloud, camera, pose)]
        if mesh is not None and len(mesh.faces):
            tiles += [draw_mesh(mesh, camera, pose), draw_mesh(mesh, camera, pose, grey=True)]
        rows.append(np.hstack(tiles))
    picture = np.vstack(rows)[..., ::-1]
    if photo is not None:
        first = cv2.imread(str(photo))
        camera = views[0][0]
        first = cv2.resize(first, (camera.width, camera.height), interpolation=cv2.INTER_AREA)
        picture = np.hstack([np.vstack([first] + [np.zeros_like(first)] * (len(rows) - 1)), picture])
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), picture)


def draw_cloud(cloud: PointCloud, camera: Camera, pose: Rigid3, size: int = 2) -> Picture:
    """Points as squares of `size` pixels, the nearest in front."""
    pixels, depth = camera.project(pose.apply(cloud.points))
    image = np.full((camera.height, camera.width, 3), 40, np.uint8)
    order = np.argsort(-depth)
    order = order[(depth > 0)[order] & np.isfinite(pixels).all(axis=1)[order]]
    colors = cloud.colors if cloud.colors is not None else np.full((len(cloud), 3), 0.8, np.float32)
    rgb = (colors * 255).astype(np.uint8)
    x, y = np.round(pixels[order]).clip(-9, 1e6).astype(int).T
    for dy in range(size):
        for dx in range(size):
            inside = (x + dx >= 0) & (x + dx < camera.width) & (y + dy >= 0) & (y + dy < camera.height)
            image[y[inside] + dy, x[inside] + dx] = rgb[order[inside]]
    return image


def draw_mesh(mesh: TriMesh, camera: Camera, pose: Rigid3, *, grey: bool = False) -> Picture:
    """The mesh with its vertex colours, or in grey to show its shape."""
    faces = len(mesh.faces)
    tint = None if grey or mesh.colors is None else mesh.colors[mesh.faces]
    base = np.full((1, 1, 3), 0.75 if tint is None else 1.0, np.float32)
    surface = TexturedMesh("mesh", mesh.vertices, mesh.faces, np.zeros((faces, 3, 2), np.float32), base, None, tint)
    toward = -pose.rotation[2] + 0.5 * -pose.rotation[1] + 0.4 * pose.rotation[0]
    if grey:
        light = Light(tuple(toward), (0.8,) * 3, (0.15,) * 3, (0.15,) * 3, shadow_samples=0)
    else:
        light = Light(tuple(toward), (0.0,) * 3, (1.0,) * 3, (1.0,) * 3, shadow_samples=0)
    return render(SynthScene((surface,), light), camera, pose, supersampling=1).image
