"""The true surface as points, for measuring reconstructions."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from recon.metrics.sampling import sample_triangles
from recon.scene import Camera, Rigid3
from recon.synth.caster import Caster
from recon.synth.scene import SynthScene

View = tuple[Camera, Rigid3]


def surface_points(
    scene: SynthScene,
    views: Sequence[View],
    count: int,
    *,
    rng: np.random.Generator,
    objects: Collection[int] | None = None,
    min_views: int = 2,
    tolerance: float = 1e-4,
    bounds: NDArray[np.floating] | None = None,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Points evenly distributed by area over what at least `min_views` cameras see.

    Args:
        scene: The scene.
        views: Camera and `cam_from_world` of each photograph.
        count: Points drawn before the ones that are not seen are dropped.
        rng: Randomness.
        objects: Ids of the objects to sample; all when None. The others still hide what is behind them.
        min_views: Cameras that must see a point.
        tolerance: A point is seen when nothing lies in front of it by more than this share of the scene's size.
        bounds: `[2, 3]` smallest and largest coordinates of interest; None = everywhere.

    Returns:
        Points `[N, 3]` and unit normals of their triangles `[N, 3]` (as wound), N <= count.
    """
    caster = scene.renderer.caster
    faces = np.arange(len(caster.corners)) if objects is None else np.flatnonzero(np.isin(caster.face_object, list(objects)))
    if bounds is not None:
        touches = (caster.corners[faces].max(axis=1) >= bounds[0]).all(axis=1) & (caster.corners[faces].min(axis=1) <= bounds[1]).all(
            axis=1
        )
        faces = faces[touches]
    corners = caster.corners[faces]
    points, index = sample_triangles(corners, count, rng)
    chosen = corners.reshape(-1, 3)
    size = float(np.linalg.norm(chosen.max(axis=0) - chosen.min(axis=0)))
    seen = count_views(caster, views, points, tolerance * size) >= min_views
    if bounds is not None:
        seen &= ((points >= bounds[0]) & (points <= bounds[1])).all(axis=1)
    return points[seen], caster.face_normals[faces[index]][seen]


def count_views(caster: Caster, views: Sequence[View], points: NDArray[np.float32], tolerance: float) -> NDArray[np.int32]:
    """How many cameras see each point: inside the picture and nothing more than `tolerance` in front of it, `[N]`."""
    result = np.zeros(len(points), np.int32)
    for camera, cam_from_world in views:
        pixels, depth = camera.project(cam_from_world.apply(points))
        inside = (depth > 0) & (pixels > -0.5).all(axis=1) & (pixels < np.array([camera.width, camera.height]) - 0.5).all(axis=1)
        chosen = np.flatnonzero(inside)
        center = cam_from_world.center.astype(np.float32)
        ray = points[chosen] - center
        distance = np.linalg.norm(ray, axis=1)
        reach = (1 - tolerance / distance).astype(np.float32)
        result[chosen] += ~caster.blocked(center, ray * reach[:, None], 1.0)
    return result
