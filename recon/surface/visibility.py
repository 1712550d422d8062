"""Which vertices of a mesh a view sees: in front of the camera, facing it, and not behind another part of the mesh."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.scene import TriMesh, View
from recon.surface.pixels import pixel_rays

_MIN_COSINE = 0.15
_EDGE = 12.0
_MOST_RAYS = 1 << 20


@dataclass(frozen=True, eq=False)
class Sighting:
    """The vertices that one view sees.

    Args:
        index: `[S]` int64 numbers of the vertices.
        pixels: `[S, 2]` float64 where in the picture, pixels of the view's camera.
        score: `[S]` float32 pixels a scene unit there, times the cosine to the normal: how well they are seen.
    """

    index: NDArray[np.int64]
    pixels: NDArray[np.float64]
    score: NDArray[np.float32]


def make_occluder(mesh: TriMesh) -> Any:
    """The mesh as a ray-casting scene."""
    import open3d as o3d

    scene: Any = o3d.t.geometry.RaycastingScene(nthreads=0)
    core: Any = o3d.core
    if len(mesh.faces):
        scene.add_triangles(core.Tensor(mesh.vertices), core.Tensor(mesh.faces.astype(np.uint32)))
    return scene


def see(mesh: TriMesh, normals: NDArray[np.float32], view: View, occluder: Any) -> Sighting:
    """Vertices that a view sees.

    Args:
        mesh: `[V]` vertices.
        normals: `[V, 3]` unit vertex normals.
        view: Camera and pose.
        occluder: From `make_occluder`.
    """
    camera = view.camera
    towards = (view.cam_from_world.center - mesh.vertices).astype(np.float32)
    distance = np.linalg.norm(towards, axis=1)
    cosine = (normals * towards).sum(axis=1) / np.maximum(distance, 1e-12)
    pixels, depth = camera.project(view.cam_from_world.apply(mesh.vertices))
    inside = (depth > 0) & (cosine > _MIN_COSINE)
    with np.errstate(invalid="ignore"):
        inside &= (pixels >= -0.5).all(axis=1) & (pixels[:, 0] <= camera.width - 0.5) & (pixels[:, 1] <= camera.height - 0.5)
    index = np.nonzero(inside)[0]
    focal = min(camera.fx, camera.fy)
    exact, around, scale = _mesh_depth(view, occluder)
    at = tuple(np.clip(np.round((pixels[index] + 0.5) * scale - 0.5).astype(np.int64), 0, np.array(exact.shape[::-1]) - 1).T[::-1])
    step = depth[index] / (focal * scale)
    seen = (depth[index] < exact[at] + 2 * step / cosine[index]) & (depth[index] < around[at] + _EDGE * step)
    index = index[seen]
    score = cosine[index] * (focal / depth[index])
    return Sighting(index, pixels[index], score.astype(np.float32))


def _mesh_depth(view: View, occluder: Any) -> tuple[NDArray[np.float32], NDArray[np.float32], float]:
    """Depth of the mesh in a view, the smallest in the 3x3 pixels around, and pixels per pixel of the view's camera.

    Colour of what is in front bleeds over its outline by a pixel; the second map keeps it off what is behind.
    """
    import cv2
    import open3d as o3d

    scale = min(1.0, (_MOST_RAYS / (view.camera.width * view.camera.height)) ** 0.5)
    camera = view.camera.scaled(max(round(view.camera.width * scale), 1), max(round(view.camera.height * scale), 1))
    world_ways = pixel_rays(camera) @ view.cam_from_world.rotation.astype(np.float32)
    center = np.broadcast_to(view.cam_from_world.center.astype(np.float32), world_ways.shape)
    core: Any = o3d.core
    depth = occluder.cast_rays(core.Tensor(np.concatenate([center, world_ways], axis=-1)))["t_hit"].numpy()
    return depth, np.asarray(cv2.erode(depth, np.ones((3, 3), np.uint8))), camera.width / view.camera.width
