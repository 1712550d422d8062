"""A small scene photographed with known cameras: enough to run the whole pipeline in seconds."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from recon.scene import Camera, Rigid3
from recon.synth import SynthScene, orbit, pinhole
from recon.synth.photographs import write_photographs
from recon.synth.shapes import blob, ground, placed, superellipsoid
from recon.synth.textures import mixed_texture

WIDTH, HEIGHT = 320, 240
CAMERA = pinhole(WIDTH, HEIGHT, 55.0)
POSES = orbit(8, radius=3.0, elevation=(30, 38), target=(0, 0, 0.25), arc=90)
Views = dict[str, tuple[Camera, Rigid3]]


def tiny_scene(seed: int = 1) -> SynthScene:
    """Two boxes and a ball on a ground; another seed gives other textures."""
    rng = np.random.default_rng(seed)
    textures = [mixed_texture(rng, 256) for _ in range(3)]
    parts = [
        ground("ground", 5.0, textures[0], repeat=4.0),
        placed(blob("box", superellipsoid((0.8, 0.6, 0.7), 20), textures[1], resolution=20), (-0.4, 0.2, 0.35), turn=20),
        placed(blob("low box", superellipsoid((0.5, 0.7, 0.4), 20), textures[2], resolution=20), (0.5, -0.3, 0.2), turn=-30),
        placed(blob("ball", superellipsoid((0.5, 0.5, 0.5)), textures[2], resolution=20), (0.35, 0.65, 0.25)),
    ]
    return SynthScene(tuple(parts))


def photograph(folder: Path, names: list[str], *, seed: int = 1, first: int = 0) -> Views:
    """Takes JPEGs of a tiny scene into `folder`, one a name, from the poses that follow `first`; returns their true cameras."""
    views = {name: (CAMERA, POSES[first + i]) for i, name in enumerate(names)}
    for _ in write_photographs(tiny_scene(seed), views, folder, seed=seed, quality=95):
        pass
    return views
