"""A unit sphere seen by a ring of views: exact depth maps without any rendering."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recon.io.depth_npz import write_depth
from recon.io.scene_npz import write_scene
from recon.pipeline.stage import Artifact
from recon.points.views import Sight
from recon.scene import Camera, DepthMap, Scene, SparsePoints, View
from recon.synth import orbit

CAMERA = Camera(80, 60, 70.0, 70.0, 39.5, 29.5)
NO_POINTS = SparsePoints(
    np.zeros((0, 3)), np.zeros((0, 3), np.float32), np.zeros(0, np.float32), np.zeros(0, np.int32), np.zeros(0, np.int32)
)


def ring(count: int = 8) -> tuple[View, ...]:
    """Views from distance 3."""
    poses = orbit(count, radius=3.0, elevation=(0.0, 30.0))
    return tuple(View(f"{i}.png", CAMERA, pose) for i, pose in enumerate(poses))


def sphere_depth(view: View) -> NDArray[np.float32]:
    """z-depth `[H, W]` of the unit sphere at the origin, 0 beside it."""
    y, x = np.mgrid[: CAMERA.height, : CAMERA.width]
    ray = CAMERA.unproject(np.stack([x, y], -1), np.ones(x.shape))
    middle = view.cam_from_world.apply(np.zeros((1, 3)))[0]
    along, square = ray @ middle, np.square(ray).sum(-1)
    inside = along**2 - square * (middle @ middle - 1)
    return np.where(inside > 0, (along - np.sqrt(inside.clip(0))) / square, 0).astype(np.float32)


def sights(count: int = 8) -> list[Sight]:
    """What the views see."""
    return [Sight(view, sphere_depth(view), None) for view in ring(count)]


def artifacts(folder: Path) -> tuple[Artifact, dict[str, Path]]:
    """The stage 'undistort' as far as it is read without pictures, and depth maps by view name."""
    folder.mkdir()
    views = ring()
    write_scene(Scene(views, NO_POINTS), folder / "scene.npz")
    depths = {view.name: folder / f"{view.name}.npz" for view in views}
    for view in views:
        write_depth(DepthMap(sphere_depth(view)), depths[view.name])
    return Artifact("undistort", folder, "digest", {view.name: folder / view.name for view in views}, {}), depths
