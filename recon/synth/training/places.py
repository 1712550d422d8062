"""Places: rooms and facades of walls, boxes, posters, recesses and poles."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recon.synth.scene import TexturedMesh
from recon.synth.shapes import Grid, from_grids, ground, placed
from recon.synth.training.materials import glossy, surface
from recon.synth.training.pool import Pool
from recon.synth.training.shapes import bar, cuboid, random_shape

Place = tuple[list[TexturedMesh], tuple[int, ...], NDArray[np.float64], float]


def random_place(pool: Pool, rng: np.random.Generator) -> Place:
    """Meshes, ids of objects, a point to look at and the radius that a picture should show. Cameras come from -y."""
    kind = rng.random()
    if kind < 0.4:
        return _room(pool, rng)
    return _facade(pool, rng) if kind < 0.75 else _relief(pool, rng)


def _dress(pool: Pool, rng: np.random.Generator) -> NDArray[np.float32]:
    return surface(pool, rng, 0.3)[0]


def _flat(name: str, pool: Pool, rng: np.random.Generator, half: float) -> TexturedMesh:
    return glossy(ground(name, half, _dress(pool, rng), repeat=float(10 ** rng.uniform(0, 0.8))), rng, 0.15)


def _room(pool: Pool, rng: np.random.Generator) -> Place:
    """Floor, two or three walls, and furniture."""
    deep, wide = rng.uniform(1.0, 2.5), rng.uniform(1.2, 3.0)
    meshes = [_flat("floor", pool, rng, 6.0)]
    meshes.append(placed(_flat("wall", pool, rng, 6.0), (0, float(deep), 0), tilt=90))
    for side in (-1, 1):
        if rng.random() < 0.6:
            wall = placed(_flat("wall", pool, rng, 6.0), (0, 0, 0), tilt=90)
            meshes.append(placed(wall, (side * float(wide), 0, 0), turn=-90.0 * side))
    first = len(meshes)
    for _ in range(int(rng.integers(4, 12))):
        x, y = rng.uniform(-wide, wide) * 0.85, deep - rng.uniform(0.1, 1.6)
        item = glossy(random_shape(rng, _dress(pool, rng), float(rng.uniform(0.3, 1.3))), rng, 0.3)
        meshes.append(placed(placed(item, (0, 0, 0), turn=float(rng.uniform(0, 360))), (float(x), float(y), -float(item.bounds[0][2]))))
    for _ in range(int(rng.integers(0, 4))):
        poster = cuboid((float(rng.uniform(0.3, 0.9)), 0.03, float(rng.uniform(0.3, 0.9))), _dress(pool, rng), fit=True)
        meshes.append(placed(poster, (float(rng.uniform(-wide, wide)), float(deep) - 0.02, float(rng.uniform(0.5, 1.2)))))
    target = np.array([rng.uniform(-0.5, 0.5), deep - rng.uniform(0.2, 1.0), rng.uniform(0.2, 0.8)])
    return meshes, tuple(range(first, len(meshes))), target, float(rng.uniform(0.6, 1.3))


def _facade(pool: Pool, rng: np.random.Generator) -> Place:
    """A wall with recessed or jutting parts in rows, and bars before it."""
    meshes = [_flat("floor", pool, rng, 8.0)]
    texture, frame = _dress(pool, rng), _dress(pool, rng)
    columns, rows = int(rng.integers(2, 5)), int(rng.integers(1, 4))
    cell_w, cell_h = rng.uniform(0.6, 1.2), rng.uniform(0.6, 1.2)
    meshes.append(placed(_flat("wall", pool, rng, 8.0), (0, float(rng.uniform(0.05, 0.5)), 0), tilt=90))
    thick, out = rng.uniform(0.1, 0.3), rng.uniform(0.08, 0.4)
    for i in range(columns + 1):
        x = (i - columns / 2) * cell_w
        pillar = cuboid((float(thick), float(out), float(rows * cell_h)), texture, repeat=float(rng.uniform(0.5, 2)))
        meshes.append(placed(pillar, (float(x), 0, 0)))
    for j in range(rows + 1):
        beam = cuboid((float(columns * cell_w), float(out), float(thick)), frame, repeat=float(rng.uniform(0.5, 2)))
        meshes.append(placed(beam, (0, 0, float(j * cell_h))))
    first = 2
    if rng.random() < 0.5:
        metal = _dress(pool, rng)
        for x in np.linspace(-0.4 * columns * cell_w, 0.4 * columns * cell_w, int(rng.integers(2, 14))):
            meshes.append(bar((float(x), -0.6, 0), (float(x), -0.6, float(rng.uniform(0.4, 1.2))), float(rng.uniform(0.008, 0.03)), metal))
    for _ in range(int(rng.integers(0, 5))):
        item = random_shape(rng, _dress(pool, rng), float(rng.uniform(0.3, 0.9)))
        meshes.append(placed(item, (float(rng.uniform(-1.5, 1.5)), float(rng.uniform(-1.2, -0.3)), -float(item.bounds[0][2]))))
    target = np.array([rng.uniform(-0.5, 0.5), 0.0, rng.uniform(0.3, 0.9) * rows * cell_h / 1.5])
    return meshes, tuple(range(first, len(meshes))), target, float(rng.uniform(0.6, 1.4))


def _relief(pool: Pool, rng: np.random.Generator) -> Place:
    """A carved wall: bumps at several scales on a surface that stands upright."""
    axis_x, axis_z = np.linspace(-3, 3, 240), np.linspace(-0.2, 3, 140)
    z, x = np.meshgrid(axis_z, axis_x, indexing="ij")
    depth = np.zeros_like(x)
    for octave in range(4):
        scale = 1.5 * 2.0**octave
        axes, phase = rng.normal(size=(6, 2)) * scale, rng.uniform(0, 6.28, 6)
        depth += rng.uniform(0.3, 1.0) * 0.16 / 2**octave * np.sin(np.stack([x, z], -1) @ axes.T + phase).sum(-1) / 2.4
    if rng.random() < 0.5:
        steps = rng.uniform(0.06, 0.2)
        depth = steps * np.round(depth / steps) * 0.7 + 0.3 * depth
    grid: Grid = np.stack([x, depth, z], -1)
    wall = from_grids("relief", [grid], _dress(pool, rng), float(10 ** rng.uniform(0, 0.7)))
    meshes = [_flat("floor", pool, rng, 8.0), glossy(wall, rng, 0.2)]
    target = np.array([rng.uniform(-0.8, 0.8), 0.0, rng.uniform(0.6, 1.6)])
    return meshes, (1,), target, float(rng.uniform(0.6, 1.4))
