"""Random scenes for training: several objects on a ground, all textured, differently lit."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recon.synth.scene import Light, SynthScene, TexturedMesh
from recon.synth.shapes import Grid, blob, bumpy, ground, lathe, placed, superellipsoid, torus
from recon.synth.textures import mixed_texture, photo_texture

Array = NDArray[np.float32]


def texture_pool(
    rng: np.random.Generator, count: int, *, size: int = 512, photos: Path | None = None, photo_share: float = 0.5
) -> list[Array]:
    """Textures to draw from, so that many scenes do not each pay for making theirs.

    Args:
        rng: Randomness.
        count: How many.
        size: Side in texels.
        photos: Folder of photographs that serve as textures too (searched at all depths).
        photo_share: Share of the pool taken from photographs when there are any.
    """
    files = sorted(p for p in photos.rglob("*") if p.suffix.lower() in (".jpg", ".jpeg", ".png")) if photos else []
    pool = []
    for _ in range(count):
        if files and rng.random() < photo_share:
            pool.append(photo_texture(files[int(rng.integers(len(files)))], size))
        else:
            pool.append(mixed_texture(rng, size))
    return pool


def random_scene(
    rng: np.random.Generator,
    *,
    textures: Sequence[Array] | None = None,
    meshes: Sequence[TexturedMesh] = (),
    objects: tuple[int, int] = (3, 8),
) -> SynthScene:
    """Objects of about unit size scattered around the origin on a ground (object 0) that is larger than the cameras see.

    Args:
        rng: Randomness; the same state gives the same scene.
        textures: Pool to draw from; new ones are made when None.
        meshes: Textured meshes that take the place of some procedural shapes; scaled as needed.
        objects: Fewest and most objects.
    """
    pool = list(textures) if textures else texture_pool(rng, 6)
    count = int(rng.integers(objects[0], objects[1] + 1))
    parts = [_random_ground(rng, pool)]
    for i in range(count):
        reach, angle = 0.85 * np.sqrt((i + 0.3) / count), i * 2.39996 + rng.uniform(-0.4, 0.4)
        size = float(rng.uniform(0.45, 1.0) * (1.3 if i == 0 else 0.8))
        use_mesh = len(meshes) > 0 and rng.random() < 0.5
        mesh = _scaled(meshes[int(rng.integers(len(meshes)))], size) if use_mesh else _random_shape(rng, pool, size)
        tilt = 0.0 if rng.random() < 0.7 else float(rng.uniform(-60, 60))
        turned = placed(mesh, (0, 0, 0), turn=float(rng.uniform(0, 360)), tilt=tilt)
        sink = float(turned.bounds[0][2]) + 0.02 * size
        parts.append(placed(turned, (reach * np.cos(angle), reach * np.sin(angle), -sink)))
    return SynthScene(tuple(parts), random_light(rng))


def random_light(rng: np.random.Generator) -> Light:
    """Light from anywhere above, warm or cold, hard or soft, strong or flat."""
    azimuth, height = rng.uniform(0, 2 * np.pi), np.radians(rng.uniform(25, 80))
    direct = rng.uniform(0.2, 0.9)
    warm = rng.normal(0, 0.06)
    color = direct * np.array([1 + warm, 1.0, 1 - warm])
    sky = (1.0 - 0.75 * direct) * np.array([0.6 - warm / 2, 0.6, 0.6 + warm / 2])
    direction = (float(np.cos(azimuth) * np.cos(height)), float(np.sin(azimuth) * np.cos(height)), float(np.sin(height)))
    shadow = 1 if rng.random() < 0.8 else 0
    r, g, b = (float(x) for x in color)
    sr, sg, sb = (float(x) for x in sky)
    br, bg, bb = (float(x) for x in sky * rng.uniform(0.3, 0.9))
    tone = rng.uniform(0.05, 0.8, 3)
    horizon = (float(tone[0]), float(tone[1]), float(tone[2]))
    return Light(
        direction, (r, g, b), (sr, sg, sb), (br, bg, bb), radius=float(rng.choice([0.0, 0.05])), shadow_samples=shadow, background=horizon
    )


def _random_ground(rng: np.random.Generator, pool: Sequence[Array]) -> TexturedMesh:
    texture = pool[int(rng.integers(len(pool)))]
    repeat = float(rng.uniform(1.5, 4))
    if rng.random() < 0.5:
        return ground("ground", 12.0, texture, repeat=repeat)
    axes, phase, height = rng.normal(size=(8, 2)) * 2.5, rng.uniform(0, 6.28, 8), rng.uniform(0.01, 0.05)

    def relief(xy: Grid) -> Grid:
        return np.asarray(height * np.sin(xy @ axes.T + phase).sum(-1) / 2)

    return ground("ground", 12.0, texture, repeat=repeat, relief=relief, resolution=240)


def _random_shape(rng: np.random.Generator, pool: Sequence[Array], size: float) -> TexturedMesh:
    texture = pool[int(rng.integers(len(pool)))]
    repeat, kind = float(rng.uniform(0.5, 1.5)), int(rng.integers(5))
    if kind == 0:
        return torus("ring", 0.35 * size, float(rng.uniform(0.08, 0.2)) * size, texture, repeat=repeat)
    if kind == 1:
        return lathe("vase", _random_profile(rng, size), texture, repeat=repeat)
    w, d, h = (float(x) for x in size * rng.uniform(0.4, 0.9, 3))
    power = float(rng.choice([2.0, 2.0, 4.0, 12.0, 30.0]))
    shape = superellipsoid((w, d, h), power)
    if kind == 2:
        shape = bumpy(shape, rng, float(rng.uniform(0.05, 0.25)), frequency=float(rng.uniform(2, 7)))
    return blob("block", shape, texture, resolution=40, repeat=repeat)


def _random_profile(rng: np.random.Generator, size: float) -> NDArray[np.float64]:
    """Outside of a closed vase, radius 0 at both ends, `[N, 2]`."""
    t = np.linspace(0, 1, 60)
    waves = sum(rng.uniform(-0.25, 0.25) * np.sin((k + 1) * np.pi * t + rng.uniform(0, 6.28)) for k in range(4))
    radius = size * 0.28 * np.clip(1 + waves, 0.25, None)
    radius *= np.clip(np.minimum(t, 1 - t) * 30, 0, 1)
    return np.stack([radius, size * t], axis=-1)


def _scaled(mesh: TexturedMesh, diagonal: float) -> TexturedMesh:
    from recon.synth.mesh_files import place_mesh

    return place_mesh(mesh, diagonal)
