"""Drawn shapes for trainings without data: enough to see that everything works."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from recon.direct.shots import Shots
from recon.direct.studio import Studio
from recon.synth.shapes import blob, superellipsoid, torus


@lru_cache(maxsize=1)
def simple_shapes(size: int = 64, views: int = 4) -> list[Shots]:
    """A ball, a box and a ring, photographed."""
    gray = np.full((1, 1, 3), 0.7, np.float32)
    meshes = [
        blob("ball", superellipsoid((1, 1, 1)), gray, resolution=12),
        blob("box", superellipsoid((1.0, 0.7, 0.5), 20.0), gray, resolution=12),
        torus("ring", 0.8, 0.25, gray, resolution=16),
    ]
    studio, rng = Studio(size, views, [np.full((4, 4, 3), value, np.float32) for value in (0.3, 0.8)]), np.random.default_rng(0)
    return [studio.shoot(mesh, "drawn", rng) for mesh in meshes]
