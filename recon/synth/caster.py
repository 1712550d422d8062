"""Rays against the triangles of a scene (Open3D's RaycastingScene, which is Embree)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.synth.scene import TexturedMesh

Float = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Hits:
    """First hit of each ray.

    Args:
        hit: `[N]` bool.
        distance: `[N]` float32 in lengths of the ray's direction, 0 where nothing is hit.
        face: `[N]` int64 number of the face over all meshes; -1 where nothing is hit.
        barycentric: `[N, 2]` float32 weights of the face's second and third corner.
    """

    hit: NDArray[np.bool_]
    distance: Float
    face: NDArray[np.int64]
    barycentric: Float


class Caster:
    """Acceleration structure over all meshes, faces numbered through.

    Args:
        meshes: Objects of the scene.

    Attributes:
        corners: `[F, 3, 3]` float32 positions.
        face_normals: `[F, 3]` float32 unit normals (0 for degenerate faces).
        face_object: `[F]` int16 position of the face's mesh in `meshes`.
    """

    def __init__(self, meshes: Sequence[TexturedMesh]) -> None:
        import open3d as o3d

        starts = np.cumsum([0] + [len(m.vertices) for m in meshes])
        vertices = np.concatenate([m.vertices for m in meshes])
        faces = np.concatenate([m.faces + start for m, start in zip(meshes, starts, strict=False)])
        tensor: Any = o3d.core.Tensor
        scene: Any = o3d.t.geometry.RaycastingScene()
        scene.add_triangles(tensor(vertices), tensor(faces.astype(np.uint32)))
        self._scene, self._tensor = scene, tensor
        self.corners: Float = vertices[faces]
        a, b, c = np.moveaxis(self.corners.astype(np.float64), 1, 0)
        cross = np.cross(b - a, c - a)
        length = np.linalg.norm(cross, axis=1, keepdims=True)
        self.face_normals: Float = (cross / np.where(length > 0, length, 1)).astype(np.float32)
        self.face_object = np.repeat(np.arange(len(meshes), dtype=np.int16), [len(m.faces) for m in meshes])

    def cast(self, origins: Float, directions: Float) -> Hits:
        """First hits of rays from `origins` (`[N, 3]` or `[3]`) along `directions` `[N, 3]`."""
        answer = self._scene.cast_rays(self._rays(origins, directions))
        distance = answer["t_hit"].numpy()
        hit = np.isfinite(distance)
        face = np.where(hit, answer["primitive_ids"].numpy().astype(np.int64), -1)
        return Hits(hit, np.where(hit, distance, 0).astype(np.float32), face, answer["primitive_uvs"].numpy())

    def blocked(self, origins: Float, directions: Float, far: float = float("inf")) -> NDArray[np.bool_]:
        """Whether anything is hit closer than `far` lengths of the direction, `[N]`."""
        result: NDArray[np.bool_] = self._scene.test_occlusions(self._rays(origins, directions), 0.0, far).numpy()
        return result

    def _rays(self, origins: Float, directions: Float) -> Any:
        rays = np.empty((len(directions), 6), np.float32)
        rays[:, :3], rays[:, 3:] = origins, directions
        return self._tensor(rays)
