"""Objects made by rule: cups, plates, bottles, boxes, vases, stones, and thin things: wires, racks, leaves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from recon.synth.scene import TexturedMesh
from recon.synth.shapes import Grid, blob, bumpy, from_grids, lathe, placed, superellipsoid, torus

Array = NDArray[np.float32]
_KNOB = ((0, 0), (1, 0), (1, 0.4), (0.9, 0.5), (0, 0.5))
Maker = Callable[[np.random.Generator, Array, float], TexturedMesh]


def merged(name: str, parts: Sequence[TexturedMesh]) -> TexturedMesh:
    """One mesh of several that wear the texture of the first, each in its own tint if any has one."""
    tints = [np.ones((len(p.faces), 3, 3), np.float32) if p.tint is None else p.tint for p in parts]
    starts = np.cumsum([0] + [len(part.vertices) for part in parts])
    return replace(
        parts[0],
        name=name,
        vertices=np.concatenate([part.vertices for part in parts]),
        faces=np.concatenate([part.faces + start for part, start in zip(parts, starts, strict=False)]).astype(np.int32),
        uv=np.concatenate([part.uv for part in parts]),
        normals=np.concatenate([part.normals for part in parts if part.normals is not None]),
        tint=None if all(part.tint is None for part in parts) else np.concatenate(tints),
    )


def tube(path: Grid, radius: float | Grid, texture: Array, *, sides: int = 12, repeat: float = 1.0) -> TexturedMesh:
    """A round bar along a path `[N, 3]`, closed at its ends when the radius (a number or `[N]`) is 0 there."""
    along = np.gradient(path, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True).clip(1e-12)
    side = np.zeros_like(path)
    helper = np.eye(3)[np.argmin(np.abs(along[0]))]
    for i, direction in enumerate(along):  # carried along, so that the bar does not twist
        helper = helper - direction * (helper @ direction)
        helper = helper / max(float(np.linalg.norm(helper)), 1e-12)
        side[i] = helper
    other = np.cross(along, side)
    angle = np.linspace(0, 2 * np.pi, sides + 1)[None, :, None]
    wide = np.broadcast_to(np.asarray(radius, np.float64), (len(path),))[:, None, None]
    grid = path[:, None] + wide * (np.cos(angle) * side[:, None] + np.sin(angle) * other[:, None])
    return from_grids("tube", [grid], texture, repeat)


def bar(start: Sequence[float], end: Sequence[float], radius: float, texture: Array, *, repeat: float = 1.0) -> TexturedMesh:
    """A straight round bar with closed ends."""
    a, b = np.asarray(start, np.float64), np.asarray(end, np.float64)
    share = np.array([0, 0, 0.5, 1, 1])[:, None]
    return tube(
        a + share * (b - a) + 1e-6 * (b - a) * np.arange(5)[:, None], np.array([0, radius, radius, radius, 0]), texture, repeat=repeat
    )


def turned(
    name: str, knots: Sequence[tuple[float, float]], texture: Array, size: float, *, repeat: float, smooth: bool = True
) -> TexturedMesh:
    """A surface of revolution through knots (radius, height) in units of `size`."""
    points = np.asarray(knots, np.float64) * size
    if smooth:
        points = _curve(points, 6 * len(points))
        points[:, 0] = points[:, 0].clip(0)
    return lathe(name, points, texture, resolution=72, repeat=repeat)


def _curve(points: Grid, count: int) -> Grid:
    """A smooth curve through points, Catmull-Rom, `[count, 2]`."""
    padded = np.concatenate([2 * points[:1] - points[1:2], points, 2 * points[-1:] - points[-2:-1]])
    t = np.linspace(0, len(points) - 1 - 1e-9, count)
    i, f = t.astype(int), (t % 1)[:, None]
    p0, p1, p2, p3 = (padded[i + k] for k in range(4))
    curve = 0.5 * (2 * p1 + (p2 - p0) * f + (2 * p0 - 5 * p1 + 4 * p2 - p3) * f**2 + (3 * p1 - p0 - 3 * p2 + p3) * f**3)
    return np.asarray(np.concatenate([curve[:-1], points[-1:]]))


def cup(rng: np.random.Generator, texture: Array, size: float) -> TexturedMesh:
    """A cup or mug with a thin wall, mostly with a handle."""
    low, high = sorted(rng.uniform(0.22, 0.42, 2)) if rng.random() < 0.6 else [float(rng.uniform(0.25, 0.4))] * 2
    tall, wall = float(rng.uniform(0.45, 0.95)), float(rng.uniform(0.012, 0.035))
    belly = float(rng.uniform(-0.04, 0.08))
    out = [(low + (high - low) * t + belly * np.sin(np.pi * t), tall * t) for t in np.linspace(0, 1, 14)]
    profile = [(0, 0.0), *out, *[(r - wall, h + 0.3 * wall) for r, h in out[::-1][:-1]], (0, wall)]
    body = turned("cup", profile, texture, size, repeat=_repeat(rng, size), smooth=False)
    if rng.random() < 0.3:
        return body
    angle = np.linspace(-0.5 * np.pi, 0.5 * np.pi, 24)
    reach, half = rng.uniform(0.1, 0.2), tall * rng.uniform(0.22, 0.36)
    radius_at = low + (high - low) * (0.5 + 0.5 * np.sin(angle) * half / tall) + belly * 0.9
    path = np.stack([(radius_at - 0.02 + reach * np.cos(angle)) * size, 0 * angle, (0.5 * tall + half * np.sin(angle)) * size], -1)
    return merged("cup", [body, tube(path, float(rng.uniform(0.018, 0.045)) * size, texture)])


def plate(rng: np.random.Generator, texture: Array, size: float) -> TexturedMesh:
    """A plate or a shallow bowl."""
    depth, wall, flat = rng.uniform(0.04, 0.3), rng.uniform(0.01, 0.03), rng.uniform(0.3, 0.7)
    t = np.linspace(0, 1, 16)
    radius = 0.5 * (flat + (1 - flat) * t)
    height = depth * t ** rng.uniform(0.8, 2.2)
    profile = [(0, 0.0), *zip(radius, height, strict=True), *zip(radius[::-1] - 0.3 * wall, height[::-1] + wall, strict=True), (0, wall)]
    return turned("plate", [(float(r), float(h)) for r, h in profile], texture, size, repeat=_repeat(rng, size), smooth=False)


def bottle(rng: np.random.Generator, texture: Array, size: float) -> TexturedMesh:
    """A bottle, can or jar."""
    body, neck, shoulder = rng.uniform(0.12, 0.26), rng.uniform(0.04, 0.11), rng.uniform(0.4, 0.85)
    knots = [
        (0, 0),
        (0.9 * body, 0),
        (body, 0.03),
        (body, shoulder),
        (neck, min(shoulder + 0.2, 0.95)),
        (neck, 1.0),
        (0.98 * neck, 1.0),
        (0, 1.0),
    ]
    return turned("bottle", [(float(r), float(h)) for r, h in knots], texture, size, repeat=_repeat(rng, size), smooth=False)


def vase(rng: np.random.Generator, texture: Array, size: float) -> TexturedMesh:
    """A closed, wavy surface of revolution."""
    t = np.linspace(0, 1, 60)
    waves = sum(rng.uniform(-0.25, 0.25) * np.sin((k + 1) * np.pi * t + rng.uniform(0, 6.28)) for k in range(4))
    radius = rng.uniform(0.12, 0.35) * np.clip(1 + waves, 0.25, None) * np.clip(np.minimum(t, 1 - t) * 30, 0, 1)
    return turned(
        "vase", [(float(r), float(h)) for r, h in zip(radius, t, strict=True)], texture, size, repeat=_repeat(rng, size), smooth=False
    )


def box(rng: np.random.Generator, texture: Array, size: float) -> TexturedMesh:
    """A box with sharp edges, mostly with a separate part of the texture on each side."""
    extent = size * rng.uniform(0.15, 0.75, 3)
    return cuboid(tuple(extent.tolist()), texture, repeat=_repeat(rng, size), fit=rng.random() < 0.4)


def cuboid(extent: tuple[float, float, float], texture: Array, *, repeat: float = 1.0, fit: bool = False) -> TexturedMesh:
    """A box standing on z = 0."""
    x, y, z = (e / 2 for e in extent)
    v, u = np.meshgrid([-1.0, 1.0], [-1.0, 1.0], indexing="ij")
    one = np.ones_like(u)
    sides = [(u, -one, v), (-u, one, v), (one, u, v), (-one, -u, v), (u, v, one), (u, -v, -one)]
    grids = [np.stack([a * x, b * y, (c + 1) * z], -1) for a, b, c in sides]
    return from_grids("box", grids, texture, repeat, fit=fit)


def stone(rng: np.random.Generator, texture: Array, size: float) -> TexturedMesh:
    """A rounded or bumpy body."""
    w, d, h = (float(x) for x in size * rng.uniform(0.4, 0.9, 3))
    shape = superellipsoid((w, d, h), float(rng.choice([2.0, 2.0, 4.0, 12.0])))
    if rng.random() < 0.6:
        shape = bumpy(shape, rng, float(rng.uniform(0.03, 0.25)), frequency=float(rng.uniform(2, 9)))
    return blob("stone", shape, texture, resolution=44, repeat=_repeat(rng, size))


def ring(rng: np.random.Generator, texture: Array, size: float) -> TexturedMesh:
    """A torus, thick or thin."""
    return torus("ring", 0.38 * size, float(10 ** rng.uniform(-1.9, -0.75)) * size, texture, resolution=48, repeat=_repeat(rng, size))


def wire(rng: np.random.Generator, texture: Array, size: float) -> TexturedMesh:
    """A bent wire or cable."""
    knots = rng.normal(0, 0.3, (int(rng.integers(4, 9)), 3)) * size
    knots = np.cumsum(knots * 0.6, axis=0)
    t = np.linspace(0, len(knots) - 1, 16 * len(knots))
    path = np.stack([np.interp(t, np.arange(len(knots)), knots[:, k]) for k in range(3)], -1)
    kernel = np.ones(13) / 13
    path = np.stack([np.convolve(np.pad(path[:, k], 6, mode="edge"), kernel, "valid") for k in range(3)], -1)
    path *= 0.9 * size / max(float(np.linalg.norm(np.ptp(path, axis=0))), 1e-9)
    return tube(path, float(rng.uniform(0.008, 0.035)) * size, texture, repeat=_repeat(rng, size))


def rack(rng: np.random.Generator, texture: Array, size: float) -> TexturedMesh:
    """A grid, fence or ladder of thin bars."""
    wide, tall = (float(x) for x in size * rng.uniform(0.35, 0.75, 2))
    columns, rows, radius = int(rng.integers(2, 9)), int(rng.integers(2, 6)), float(rng.uniform(0.006, 0.025)) * size
    repeat = _repeat(rng, size)
    parts = [bar((x, 0, 0), (x, 0, tall), radius, texture, repeat=repeat) for x in np.linspace(-wide / 2, wide / 2, columns)]
    parts += [bar((-wide / 2, 0, z), (wide / 2, 0, z), radius, texture, repeat=repeat) for z in np.linspace(radius, tall, rows)]
    return merged("rack", parts)


def plant(rng: np.random.Generator, texture: Array, size: float) -> TexturedMesh:
    """Thin leaves that bend outwards from one place."""
    leaves = []
    for _ in range(int(rng.integers(5, 18))):
        t = np.linspace(0, 1, 12)
        length, bend, half = rng.uniform(0.4, 0.9) * size, rng.uniform(0.2, 1.5), rng.uniform(0.015, 0.07) * size
        lean = rng.uniform(0.1, 0.7) + bend * t
        step = np.stack([np.sin(lean), np.cos(lean)], -1) * length / 12
        spine = np.cumsum(step, axis=0)
        width = half * np.sin(np.pi * (0.08 + 0.9 * t))
        across = np.stack([-width, width], -1)
        grid = np.stack([np.broadcast_to(spine[:, :1], across.shape), across, np.broadcast_to(spine[:, 1:], across.shape)], -1)
        leaf = from_grids("leaf", [grid], texture, _repeat(rng, size))
        leaves.append(placed(leaf, (0, 0, 0), turn=float(rng.uniform(0, 360))))
    return merged("plant", leaves)


def table(rng: np.random.Generator, texture: Array, size: float) -> TexturedMesh:
    """A table, stool or chair: a slab on thin legs."""
    wide, deep, tall = (float(x) for x in size * rng.uniform(0.3, 0.65, 3))
    radius, thick = float(rng.uniform(0.01, 0.035)) * size, float(rng.uniform(0.015, 0.06)) * size
    parts = [placed(cuboid((wide, deep, thick), texture, repeat=_repeat(rng, size)), (0, 0, tall))]
    corners = [(sx * (wide / 2 - radius), sy * (deep / 2 - radius)) for sx in (-1, 1) for sy in (-1, 1)]
    parts += [bar((x, y, 0), (x, y, tall), radius, texture, repeat=0.3 * size) for x, y in corners]
    if rng.random() < 0.5:
        back = cuboid((wide, 0.6 * thick, float(rng.uniform(0.3, 0.8)) * tall), texture, repeat=_repeat(rng, size))
        parts.append(placed(back, (0, deep / 2, tall + thick)))
    return merged("table", parts)


def gadget(rng: np.random.Generator, texture: Array, size: float) -> TexturedMesh:
    """A device: a case with lids, knobs, grilles, a handle, each part in its own shade."""
    wide, deep, tall = (float(x) for x in size * rng.uniform([0.4, 0.15, 0.25], [0.85, 0.45, 0.6]))
    repeat, power = _repeat(rng, size), float(rng.choice([8.0, 16.0, 40.0]))
    case = blob("case", superellipsoid((wide, deep, tall), power), texture, resolution=28, repeat=repeat)
    parts = [_tinted(placed(case, (0, 0, tall / 2)), rng)]
    for _ in range(int(rng.integers(2, 9))):
        x, z, reach = rng.uniform(-0.38, 0.38) * wide, rng.uniform(0.15, 0.85) * tall, float(rng.uniform(0.03, 0.2)) * min(wide, tall)
        front = -deep / 2 * float(rng.uniform(0.93, 1.0))
        if rng.random() < 0.5:
            part = placed(turned("knob", _KNOB, texture, reach, repeat=repeat, smooth=False), (0, 0, 0), tilt=90)
        else:
            part = placed(cuboid((reach * float(rng.uniform(1, 3)), 0.3 * reach, reach), texture, repeat=repeat), (0, 0, -reach / 2))
        parts.append(_tinted(placed(part, (float(x), front, float(z))), rng))
    if rng.random() < 0.5:
        half = float(rng.uniform(0.25, 0.45)) * wide
        angle = np.linspace(0, np.pi, 24)
        arch = np.stack([half * np.cos(angle), 0 * angle, tall * 0.95 + float(rng.uniform(0.1, 0.35)) * tall * np.sin(angle)], -1)
        parts.append(_tinted(tube(arch, float(rng.uniform(0.01, 0.03)) * size, texture, repeat=repeat), rng))
    return merged("gadget", parts)


def figure(rng: np.random.Generator, texture: Array, size: float) -> TexturedMesh:
    """An animal of plaster or plush: body, head, limbs, tail."""
    repeat, length = _repeat(rng, size), float(rng.uniform(0.35, 0.6)) * size
    thick = length * float(rng.uniform(0.2, 0.4))
    leg = float(rng.uniform(0.15, 0.45)) * size

    def ball(extent: tuple[float, float, float], at: tuple[float, float, float]) -> TexturedMesh:
        shape = bumpy(superellipsoid(extent), rng, float(rng.uniform(0.02, 0.15)), frequency=float(rng.uniform(2, 5)))
        return placed(blob("ball", shape, texture, resolution=24, repeat=repeat), at)

    parts = [ball((length, 2 * thick, 2 * thick), (0, 0, leg + thick * 0.6))]
    parts.append(ball((thick * 1.5, thick * 1.2, thick * 1.2), (0.55 * length, 0, leg + thick * float(rng.uniform(0.8, 2.5)))))
    for x in (-0.3, 0.3):
        for y in (-0.5, 0.5):
            foot = np.array([x * length * rng.uniform(0.8, 1.5), y * thick * rng.uniform(1, 2), 0])
            parts.append(_limb(np.array([x * length, y * thick, leg + thick * 0.4]), foot, 0.3 * thick, rng, texture, repeat))
    head = parts[1].vertices.mean(axis=0).astype(np.float64)
    parts.append(_limb(np.array([0.5 * length, 0, leg + thick * 0.7]), head, 0.45 * thick, rng, texture, repeat))
    end = np.array([-length * rng.uniform(0.7, 1.4), rng.normal(0, 0.2) * length, leg * rng.uniform(0, 2)])
    parts.append(_limb(np.array([-0.4 * length, 0, leg + thick * 0.6]), end, 0.3 * thick, rng, texture, repeat, tip=0.1))
    return merged("figure", parts)


def _limb(a: Grid, b: Grid, radius: float, rng: np.random.Generator, texture: Array, repeat: float, tip: float = 0.7) -> TexturedMesh:
    """A bent bar from `a` to `b` that gets thinner."""
    t = np.linspace(0, 1, 14)
    bow = rng.normal(0, 0.12, 3) * np.linalg.norm(b - a)
    path = a + t[:, None] * (b - a) + np.sin(np.pi * t)[:, None] * bow
    wide = radius * (1 + (tip - 1) * t) * np.clip(np.minimum(t, 1 - t) * 12 + 0.02, 0, 1) ** 0.5
    return tube(path, wide, texture, repeat=repeat)


def _tinted(mesh: TexturedMesh, rng: np.random.Generator) -> TexturedMesh:
    """In a shade of its own, at times another colour."""
    shade = rng.uniform(0.15, 1.0) * (rng.uniform(0.4, 1.0, 3) if rng.random() < 0.3 else np.ones(3))
    return replace(mesh, tint=np.broadcast_to(shade.astype(np.float32), (len(mesh.faces), 3, 3)).copy())


MAKERS: dict[str, tuple[Maker, float]] = {
    "cup": (cup, 2.0),
    "plate": (plate, 2.0),
    "bottle": (bottle, 1.5),
    "vase": (vase, 1.0),
    "box": (box, 2.0),
    "stone": (stone, 2.0),
    "ring": (ring, 0.7),
    "wire": (wire, 0.7),
    "rack": (rack, 0.7),
    "plant": (plant, 1.0),
    "table": (table, 1.0),
    "gadget": (gadget, 2.0),
    "figure": (figure, 2.0),
}
"""Name -> (maker, how often)."""


def random_shape(rng: np.random.Generator, texture: Array, size: float) -> TexturedMesh:
    """One of the makers' objects with a diagonal of about `size`."""
    weights = np.array([weight for _, weight in MAKERS.values()])
    name = list(MAKERS)[int(rng.choice(len(weights), p=weights / weights.sum()))]
    return replace(MAKERS[name][0](rng, texture, size), name=name)


def _repeat(rng: np.random.Generator, size: float) -> float:
    return float(10 ** rng.uniform(-0.45, 0.2)) * size
