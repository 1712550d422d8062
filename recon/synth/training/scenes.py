"""Random scenes: one object that fills the picture, several objects, or a place with walls."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.synth.random_scene import random_light
from recon.synth.scene import Light, SynthScene, TexturedMesh
from recon.synth.shapes import Grid, ground, placed
from recon.synth.training.materials import dressed, glossy, photo_texture, plain, rich, surface
from recon.synth.training.places import random_place
from recon.synth.training.pool import Pool
from recon.synth.training.shapes import plant, rack, random_shape, wire

KINDS = {"object": 0.60, "several": 0.25, "place": 0.15}


@dataclass(frozen=True, eq=False)
class Stage:
    """A scene and where cameras are to look.

    Args:
        scene: What is there.
        kind: Key of `KINDS`.
        target: `[3]` middle of what is looked at.
        radius: Radius of a ball around it that a picture should show.
        objects: Ids of the meshes that count as objects.
        elevation: Lowest and highest angle of cameras above the horizon, degrees.
        facing: Lowest and highest azimuth of cameras, degrees.
        about: What it holds, for those who look at the data.
    """

    scene: SynthScene
    kind: str
    target: NDArray[np.float64]
    radius: float
    objects: tuple[int, ...]
    elevation: tuple[float, float]
    facing: tuple[float, float]
    about: dict[str, Any]


def random_stage(pool: Pool, rng: np.random.Generator) -> Stage:
    """A scene of any kind."""
    kind = list(KINDS)[int(rng.choice(len(KINDS), p=list(KINDS.values())))]
    if kind != "place":
        stage = _one_object(pool, rng) if kind == "object" else _several(pool, rng)
        return _hidden(stage, pool, rng) if rng.random() < 0.12 else stage
    meshes, objects, target, radius = random_place(pool, rng)
    scene = SynthScene(tuple(meshes), _light(rng), _surroundings(pool, rng))
    about = {"objects": [mesh.name for mesh in meshes[:12]]}
    return Stage(scene, "place", target, radius, objects, (3, 40), (-140, -40), about)


def _object(pool: Pool, rng: np.random.Generator, size: float, plain_share: float, mesh_share: float) -> tuple[TexturedMesh, bool]:
    """Something of about `size` around the origin, and whether it is plain."""
    mesh = pool.mesh(rng) if rng.random() < mesh_share else None
    if mesh is None:
        texture, is_plain = surface(pool, rng, plain_share + 0.1)
        item = glossy(random_shape(rng, texture, size), rng, 0.4)
    else:
        item, is_plain = dressed(mesh, pool, rng, plain_share)
        item = _stretched(item, rng) if rng.random() < 0.5 else item
    low, high = item.bounds
    middle = (low + high) / 2
    return placed(
        replace(item, vertices=(item.vertices - middle).astype(np.float32)), (0, 0, 0), scale=size / max(item.diagonal, 1e-9)
    ), is_plain


def _stretched(mesh: TexturedMesh, rng: np.random.Generator) -> TexturedMesh:
    """Other proportions."""
    extent = np.ptp(mesh.vertices, axis=0).astype(np.float64)
    fuller = (extent.max() / extent.clip(1e-9)) ** rng.uniform(0, 0.6)  # slender things become less so
    factors = (fuller * np.exp(rng.normal(0, 0.2, 3))).astype(np.float32)
    normals = None
    if mesh.normals is not None:
        normals = mesh.normals / factors
        normals = normals / np.linalg.norm(normals, axis=-1, keepdims=True).clip(1e-12)
    return replace(mesh, vertices=mesh.vertices * factors, normals=normals)


def _put(mesh: TexturedMesh, rng: np.random.Generator, x: float, y: float, height: float | None = 0.0) -> TexturedMesh:
    """Turned at random, at times tilted, standing at `height` (None = the origin stays where it is)."""
    tilt = float(rng.choice([90.0, 180.0, rng.uniform(-70, 70)])) if rng.random() < 0.35 else 0.0
    laid = placed(placed(mesh, (0, 0, 0), turn=float(rng.uniform(0, 360))), (0, 0, 0), tilt=tilt, turn=float(rng.uniform(0, 360)))
    rise = 0.0 if height is None else height - float(laid.bounds[0][2])
    return placed(laid, (x, y, rise))


def _one_object(pool: Pool, rng: np.random.Generator) -> Stage:
    item, is_plain = _object(pool, rng, 1.0, 0.33, 0.6)
    item = _put(item, rng, 0.0, 0.0)
    meshes, below = [], rng.random()
    if below < 0.82:
        meshes.append(_ground(pool, rng, plain_share=0.3))
    meshes.append(item)
    low, high = item.bounds
    extent = np.sort(high - low)
    target, radius = ((low + high) / 2).astype(np.float64), 0.3 * float(extent[1] + extent[2])  # slender ones may stick out
    if below < 0.82 and rng.random() < 0.3:
        for _ in range(int(rng.integers(1, 5))):
            extra, _ = _object(pool, rng, float(rng.uniform(0.15, 0.6)), 0.4, 0.5)
            angle, reach = rng.uniform(0, 2 * np.pi), rng.uniform(0.6, 1.1)
            meshes.append(_put(extra, rng, float(reach * np.cos(angle)), float(reach * np.sin(angle))))
    first = 1 if below < 0.82 else 0
    objects = tuple(range(first, len(meshes)))
    if rng.random() < 0.15:
        meshes.append(_wall(pool, rng, float(rng.uniform(0.8, 2.0))))
    lowest = 6.0 if below < 0.82 else -40.0
    scene = SynthScene(tuple(meshes), _light(rng), _surroundings(pool, rng))
    facing = (-150.0, -30.0) if meshes[-1].name == "wall" else (0.0, 360.0)
    about = {"objects": [meshes[i].name for i in objects], "plain": is_plain, "ground": below < 0.82}
    return Stage(scene, "object", target, radius, objects, (lowest, 70), facing, about)


def _several(pool: Pool, rng: np.random.Generator) -> Stage:
    count = int(rng.integers(3, 10))
    meshes = [_ground(pool, rng, plain_share=0.2)]
    for i in range(count):
        reach, angle = 0.8 * np.sqrt((i + 0.3) / count), i * 2.39996 + rng.uniform(-0.4, 0.4)
        item, _ = _object(pool, rng, float(rng.uniform(0.35, 0.95)), 0.3, 0.5)
        meshes.append(_put(item, rng, float(reach * np.cos(angle)), float(reach * np.sin(angle))))
    objects = tuple(range(1, len(meshes)))
    if rng.random() < 0.3:
        meshes.append(_wall(pool, rng, float(rng.uniform(0.9, 1.8))))
    facing = (-150.0, -30.0) if meshes[-1].name == "wall" else (0.0, 360.0)
    target = np.array([*rng.uniform(-0.25, 0.25, 2), rng.uniform(0.05, 0.3)])
    scene = SynthScene(tuple(meshes), _light(rng), _surroundings(pool, rng))
    about = {"objects": [mesh.name for mesh in meshes[1:]]}
    return Stage(scene, "several", target, float(rng.uniform(0.5, 1.0)), objects, (8, 65), facing, about)


def _hidden(stage: Stage, pool: Pool, rng: np.random.Generator) -> Stage:
    """With something slender between cameras and object. It floats, as a branch or a cable that comes from elsewhere does."""
    texture, _ = surface(pool, rng, 0.4)
    maker = (wire, plant, rack)[int(rng.integers(3))]
    size = stage.radius * float(rng.uniform(0.5, 1.4))
    item = _put(maker(rng, texture, size), rng, 0.0, 0.0, None)
    azimuth, height = np.radians(rng.uniform(*stage.facing)), np.radians(rng.uniform(0.5, 0.9) * stage.elevation[1])
    away = np.array([np.cos(azimuth) * np.cos(height), np.sin(azimuth) * np.cos(height), np.sin(height)])
    place = stage.target + stage.radius * rng.uniform(0.8, 1.2) * away - np.mean(item.bounds, axis=0)
    item = placed(item, tuple(place.tolist()))
    scene = replace(stage.scene, meshes=(*stage.scene.meshes, item))
    facing = (np.degrees(azimuth) - 15, np.degrees(azimuth) + 15)
    return replace(stage, scene=scene, facing=facing, about={**stage.about, "hidden_by": item.name})


def _ground(pool: Pool, rng: np.random.Generator, plain_share: float) -> TexturedMesh:
    texture, _ = surface(pool, rng, plain_share)
    repeat = float(10 ** rng.uniform(-0.1, 0.7))
    kind = rng.random()
    if kind < 0.55:
        return glossy(ground("ground", float(rng.uniform(2.5, 12)), texture, repeat=repeat), rng, 0.2)
    if kind < 0.75:  # a table top with an edge
        side = float(rng.uniform(0.7, 1.6))
        return glossy(ground("ground", side, texture, repeat=repeat), rng, 0.2)
    axes, phase, height = rng.normal(size=(8, 2)) * 2.5, rng.uniform(0, 6.28, 8), rng.uniform(0.005, 0.04)

    def relief(xy: Grid) -> Grid:
        calm = np.clip((np.linalg.norm(xy, axis=-1) - 0.3) / 0.6, 0, 1)
        return np.asarray(height * calm * np.sin(xy @ axes.T + phase).sum(-1) / 2)

    return ground("ground", 7.0, texture, repeat=repeat, relief=relief, resolution=160)


def _wall(pool: Pool, rng: np.random.Generator, distance: float) -> TexturedMesh:
    """A wall across y = distance that looks towards -y."""
    texture, _ = surface(pool, rng, 0.35)
    flat = ground("wall", 8.0, texture, repeat=float(rng.uniform(1, 5)))
    return placed(flat, (float(rng.uniform(-2, 2)), distance, 0), tilt=90.0, turn=float(rng.uniform(-25, 25)))


def _surroundings(pool: Pool, rng: np.random.Generator) -> NDArray[np.float32] | None:
    """What is far away: a photograph, a pattern, something plain, or only a gradient."""
    kind = rng.random()
    if kind < 0.4:
        return photo_texture(pool, rng, 1024)
    if kind < 0.5:
        return rich(pool, rng, 512)
    return plain(rng) if kind < 0.65 else None


def _light(rng: np.random.Generator) -> Light:
    """As for random scenes; a tenth lit from nowhere in particular, some with the soft darkness of corners, some before black or white."""
    light = random_light(rng)
    if rng.random() < 0.1:
        light = replace(light, color=(0.05, 0.05, 0.05), sky=(0.7, 0.7, 0.72), bounce=(0.45, 0.45, 0.44), shadow_samples=0)
    if rng.random() < 0.2:
        light = replace(light, occlusion_samples=2, occlusion_distance=float(rng.uniform(0.2, 0.8)))
    tone = rng.random()
    if tone < 0.3:
        even = float(rng.uniform(0.0, 0.02) if tone < 0.15 else rng.uniform(0.7, 1.2))
        light = replace(light, background=(even,) * 3, zenith=(even,) * 3)
    return light
