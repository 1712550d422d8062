"""Photographs of a single object for training: any material, any light, cameras all around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from recon.direct.shots import SOLID, Shots
from recon.direct.solid import filled_grid
from recon.metrics.sampling import sample_triangles
from recon.points.shapes import unit_sphere
from recon.scene import Camera, Rigid3, Sim3
from recon.synth import Light, Sensor, SynthScene, TexturedMesh, look_at, pinhole, render

DENSE, KEPT = 150_000, 4096
"""Points drawn to fill a solid, and those of them that are stored."""


@dataclass(frozen=True)
class Studio:
    """How objects are photographed.

    Args:
        size: Of the square pictures, pixels.
        views: Pictures of an object.
        textures: `[H, W, 3]` float32 sRGB each; objects of one colour wear one of them.
    """

    size: int
    views: int
    textures: Sequence[NDArray[np.float32]]

    def shoot(self, mesh: TexturedMesh, kind: str, rng: np.random.Generator) -> Shots:
        """Photographs an object that stands upright (z up)."""
        middle, radius = unit_sphere(mesh.corners.reshape(-1, 3))
        mesh = mesh.moved(Sim3(np.eye(3), -middle / radius, 1 / radius))
        if mesh.texture.size == 3 and (mesh.tint is None or not np.ptp(mesh.tint, axis=(0, 1)).any()):
            mesh = self._dressed(mesh, rng)
        points, _ = sample_triangles(mesh.corners, DENSE, rng)
        scene = SynthScene((mesh,), random_light(rng))
        views = random_views(self.views, self.size, rng)
        shots = [render(scene, camera, pose, sensor=Sensor(exposure=0.2), rng=rng) for camera, pose in views]
        return Shots(
            kind=kind,
            pictures=np.stack([shot.image for shot in shots]),
            masks=np.stack([shot.object_id >= 0 for shot in shots]),
            views=tuple(views),
            solid=filled_grid(points, SOLID),
            points=points[:KEPT],
        )

    def _dressed(self, mesh: TexturedMesh, rng: np.random.Generator) -> TexturedMesh:
        """The mesh with one of the textures, laid on along the axes; a third in two colours."""
        normals = np.cross(mesh.corners[:, 1] - mesh.corners[:, 0], mesh.corners[:, 2] - mesh.corners[:, 0])
        across = np.array([[1, 2], [0, 2], [0, 1]])[np.abs(normals).argmax(axis=1)]
        uv = np.take_along_axis(mesh.corners, across[:, None], axis=2) * rng.uniform(0.3, 0.8)
        texture = self.textures[int(rng.integers(len(self.textures)))]
        tint = None
        if rng.random() < 0.35:
            side = mesh.corners.mean(axis=1) @ rng.normal(size=3) > rng.normal(0, 0.2)
            colors = rng.uniform(0.2, 1, (2, 3)).astype(np.float32)
            tint = np.repeat(colors[side.astype(np.int64)][:, None], 3, axis=1)
        gloss = float(rng.uniform(0, 0.4)) if rng.random() < 0.3 else 0.0
        return replace(mesh, uv=uv.astype(np.float32), texture=texture, tint=tint, gloss=gloss)


def random_light(rng: np.random.Generator) -> Light:
    """From anywhere above, harder or softer, before a background of any brightness."""
    angle, height = rng.uniform(0, 2 * np.pi), rng.uniform(0.2, 1.4)
    share, tone = rng.uniform(0.25, 0.75), rng.uniform(0.8, 1.3)
    warm = np.exp(rng.normal(0, 0.06, 3))

    def color(strength: float) -> tuple[float, float, float]:
        r, g, b = (float(value) for value in strength * tone * warm)
        return r, g, b

    back = tuple(float(value) for value in rng.uniform(0, 1) * np.exp(rng.normal(0, 0.15, 3)))
    front = tuple(float(value) for value in rng.uniform(0, 1) * np.exp(rng.normal(0, 0.15, 3)))
    direction = (float(np.cos(angle) * np.cos(height)), float(np.sin(angle) * np.cos(height)), float(np.sin(height)))
    return Light(direction, color(share), color(1 - share), color(0.5 * (1 - share)), background=back, zenith=front)  # type: ignore[arg-type]


def random_views(count: int, size: int, rng: np.random.Generator) -> list[tuple[Camera, Rigid3]]:
    """Cameras around the unit sphere at uneven steps, mostly from a little above, each with a lens of its own."""
    turn = rng.uniform(0, 2 * np.pi)
    order = rng.permutation(count)
    views = []
    for place in order:
        azimuth = turn + 2 * np.pi * (place + rng.uniform(-0.4, 0.4)) / count
        elevation = np.radians(np.clip(rng.normal(22, 20), -25, 75))
        lens = float(rng.uniform(22, 55))
        reach = rng.uniform(1.05, 1.2) / np.sin(np.radians(lens / 2))
        away = np.array([np.cos(azimuth) * np.cos(elevation), np.sin(azimuth) * np.cos(elevation), np.sin(elevation)])
        pose = look_at(reach * away, rng.normal(0, 0.03, 3), roll=float(rng.normal(0, 0.05)))
        views.append((pinhole(size, size, lens), pose))
    return views
