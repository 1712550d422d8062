"""The demo's scene: a still life on a rug on a wooden table. Decimetres, z up."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recon.synth import still_life_textures as paint
from recon.synth.scene import Light, SynthScene, TexturedMesh
from recon.synth.shapes import Grid, blob, bumpy, from_grids, ground, lathe, placed, superellipsoid

LIGHT = Light(
    direction=(-0.75, -0.35, 0.95),
    color=(0.86, 0.79, 0.66),
    sky=(0.34, 0.37, 0.44),
    bounce=(0.2, 0.16, 0.12),
    radius=0.09,
    shadow_samples=10,
    occlusion_samples=12,
    occlusion_distance=0.7,
    background=(0.4, 0.38, 0.36),
)


def still_life(seed: int = 7) -> SynthScene:
    """Vase, pumpkin, apples, lemons in a bowl, books, stones. The first two meshes are table and rug."""
    rng = np.random.default_rng(seed)
    parts = [ground("table", 14.0, paint.planks(rng), repeat=4.2, resolution=61), _rug(rng)]
    parts += [_vase(rng), *_pumpkin(rng), *_bowl_of_lemons(rng), *_books(rng), *_apples(rng), *_stones(rng)]
    return SynthScene(tuple(parts), LIGHT)


def _rug(rng: np.random.Generator) -> TexturedMesh:
    x, y = np.meshgrid(np.linspace(-1.95, 1.95, 160), np.linspace(-1.3, 1.3, 110))
    edge = np.minimum(1.95 - np.abs(x), 1.3 - np.abs(y))
    fold = 0.018 * np.sin(3.1 * x + 1.3 * y) * np.sin(2.3 * y - x) + 0.012 * np.sin(5 * x - 3 * y)
    z = np.minimum(0.035 + fold * np.clip(edge * 2, 0, 1), 0.004 + edge * 0.6).clip(0.003)
    rug = from_grids("rug", [np.stack([x, y, z], -1)], paint.kilim(rng), 1.0, fit=True)
    return placed(rug, (0.0, 0.0, 0.0), turn=-14)


def _vase(rng: np.random.Generator) -> TexturedMesh:
    knots = np.array([[0, 0], [0.26, 0], [0.3, 0.04], [0.43, 0.32], [0.46, 0.62], [0.36, 0.95], [0.2, 1.2], [0.17, 1.36], [0.24, 1.47]])
    outside = _smooth(knots, 110)
    inside = outside[::-1][:34] - np.array([0.03, 0.0])
    profile = np.concatenate([outside, inside, [[0.0, inside[-1, 1]]]])
    return placed(
        lathe("vase", profile, paint.painted_ceramic(rng), resolution=140, gloss=0.22, fit=True), (0.4, 0.5, 0.04), turn=20, scale=0.82
    )


def _pumpkin(rng: np.random.Generator) -> list[TexturedMesh]:
    t = np.linspace(0, np.pi, 90)
    profile = np.stack([0.5 * np.sin(t) ** 0.8, 0.36 - 0.34 * np.cos(t) - 0.1 * np.exp(-((np.pi - t) ** 2) / 0.08)], -1)
    profile[[0, -1], 0] = 0
    lobes = rng.uniform(0.85, 1.15, 11)

    def ribs(angle: Grid, share: Grid) -> Grid:
        groove = np.abs(np.sin(angle * 5.5)) ** 0.6
        lobe = lobes[np.floor(angle / (2 * np.pi) * 11).astype(int) % 11]
        return np.asarray(0.86 + 0.17 * groove * lobe * np.sin(np.pi * share) ** 0.3)

    tones = paint.colors("7d3210", "c25a17", "e0832a", "eda949", "d06a1c")
    skin = paint.skin(rng, tones, streaks=0.6, spots=paint.colors("f6d9a0")[0], size=1024)
    body = placed(lathe("pumpkin", profile, skin, resolution=200, fit=True, ribs=ribs), (-0.62, 0.42, 0.03))
    stalk = _smooth(np.array([[0, 0], [0.1, 0], [0.062, 0.06], [0.05, 0.14], [0.062, 0.2], [0, 0.2]]), 40)
    bark = paint.granite(rng, paint.colors("2f2a12", "59501f", "857a3a", "a89c5c"))

    def ridges(angle: Grid, share: Grid) -> Grid:
        return np.asarray(1 + 0.16 * np.cos(5 * angle + 2 * share))

    stem = lathe("stalk", stalk, bark, resolution=60, repeat=0.35, ribs=ridges)
    return [body, placed(stem, (-0.62, 0.42, 0.6), turn=200, tilt=10)]


def _bowl_of_lemons(rng: np.random.Generator) -> list[TexturedMesh]:
    outside = _smooth(np.array([[0, 0], [0.22, 0.0], [0.24, 0.05], [0.42, 0.18], [0.53, 0.36], [0.55, 0.4]]), 60)
    inside = _smooth(np.array([[0.51, 0.4], [0.48, 0.34], [0.36, 0.18], [0.18, 0.09], [0, 0.08]]), 50)
    clay = paint.granite(rng, paint.colors("5a2c1c", "8f4a2e", "b86a43", "d08e62"))
    place = np.array([0.62, -0.42, 0.05])
    parts = [placed(lathe("bowl", np.concatenate([outside, inside]), clay, resolution=120, repeat=0.9), (0.62, -0.42, 0.05))]
    for i, (x, y, z, turn, tilt) in enumerate(
        [(0.16, 0.05, 0.33, 20, 80), (-0.17, 0.08, 0.33, 140, 75), (0.0, -0.19, 0.33, 260, 82), (0.01, 0.02, 0.55, 75, 65)]
    ):
        t = np.linspace(0, np.pi, 70)
        radius = 0.165 * np.sin(t) ** 0.9 + 0.02 * np.exp(-((t - 2.95) ** 2) / 0.01)
        profile = np.stack([radius, -0.215 * np.cos(t) - 0.012 * np.exp(-((t - 3.1) ** 2) / 0.02)], -1)
        profile[[0, -1], 0] = 0
        tones = paint.colors("a8820f", "d9b01f", "f0cf3c", "f6e06a") if i != 1 else paint.colors("4f6b14", "82982a", "b3b53c", "d9c94a")
        zest = paint.skin(rng, tones, streaks=0.2, spots=paint.colors("8a6a10")[0])
        x0, y0, z0 = (float(value) for value in place + np.array([x, y, z]))
        parts.append(placed(lathe(f"lemon {i}", profile, zest, resolution=80, fit=True, gloss=0.08), (x0, y0, z0), turn=turn, tilt=tilt))
    return parts


def _books(rng: np.random.Generator) -> list[TexturedMesh]:
    parts, height = [], 0.045
    for w, d, h, base, ink, turn in [
        (1.0, 0.72, 0.15, "24413f", "d8b45c", 28),
        (0.86, 0.62, 0.12, "7a2230", "e6cf9a", 17),
        (0.72, 0.54, 0.1, "2c3560", "e2d6b4", 37),
    ]:
        cloth, paper = paint.cover(rng, base, ink), paint.pages(rng)
        pieces = [
            (_box("cover", (w, d, 0.02), cloth), (0.0, 0.0, h - 0.01)),
            (_box("cover", (w, d, 0.02), cloth), (0.0, 0.0, 0.01)),
            (_box("spine", (0.02, d, h), cloth), (-w / 2 + 0.01, 0.0, h / 2)),
            (_box("pages", (w - 0.05, d - 0.04, h - 0.03), paper, repeat=0.3), (-0.01, 0.0, h / 2)),
        ]
        for piece, at in pieces:
            parts.append(placed(placed(piece, at), (-0.5, -0.5, height), turn=turn))
        height += h
    return parts


def _apples(rng: np.random.Generator) -> list[TexturedMesh]:
    parts = []
    tops = [(-0.5, -0.5, 0.415, 0.0), (0.02, -0.12, 0.045, 40.0), (-0.06, -0.86, 0.05, 200.0)]
    for i, (x, y, z, turn) in enumerate(tops):
        t = np.linspace(0, np.pi, 80)
        radius = 0.2 * np.sin(t) * (1 + 0.12 * np.cos(t - 2.6))
        height = 0.19 - 0.17 * np.cos(t) - 0.1 * np.exp(-((np.pi - t) ** 2) / 0.12) + 0.05 * np.exp(-(t**2) / 0.08)
        profile = np.stack([radius, height - height.min()], -1)
        profile[[0, -1], 0] = 0
        tones = [("5a0f14", "98201f", "c33a2a", "dd7a3c", "e3b052"), ("4f6a1c", "7f9a34", "a9ba4c", "c9cf70", "b7552e")][i % 2]
        skin = paint.skin(rng, paint.colors(*tones), streaks=0.65, spots=paint.colors("f0d9a4")[0])
        parts.append(placed(lathe(f"apple {i}", profile, skin, resolution=100, fit=True, gloss=0.12), (x, y, z), turn=turn, tilt=8))
        stem = np.stack([np.array([0, 0.018, 0.013, 0.017, 0]), np.array([0, 0, 0.1, 0.17, 0.17])], -1)
        bark = paint.granite(rng, paint.colors("2b1a0e", "553a22", "7a5a38"), 128)
        parts.append(placed(lathe("stem", stem, bark, resolution=16, repeat=0.2), (x, y, z + 0.25), turn=turn, tilt=14))
    return parts


def _stones(rng: np.random.Generator) -> list[TexturedMesh]:
    parts = []
    tones = [("23282b", "4a5357", "79848a", "b4bcc0"), ("4a3b30", "7d6a58", "a8937c", "d5c4ab"), ("2a3a34", "4d665c", "7d988b", "b6cabe")]
    spots = [(1.18, 0.36, 0.17), (1.3, 0.02, 0.11), (1.05, 0.74, 0.12), (-1.24, -0.12, 0.18), (-1.12, 0.2, 0.1), (0.22, -1.02, 0.1)]
    for i, (x, y, size) in enumerate(spots):
        shape = bumpy(superellipsoid((2 * size, 1.6 * size, 1.2 * size), 2.4), rng, 0.07, frequency=2.5)
        stone = blob(f"stone {i}", shape, paint.granite(rng, paint.colors(*tones[i % 3])), resolution=36, repeat=0.45)
        parts.append(placed(stone, (x, y, 0.03 + 0.55 * size), turn=float(rng.uniform(0, 360))))
    return parts


def _box(name: str, size: tuple[float, float, float], texture: NDArray[np.float32], repeat: float | None = None) -> TexturedMesh:
    """A box; the texture lies once over each side, or by length."""
    half = np.asarray(size) / 2
    axis = np.linspace(-1, 1, 2)
    v, u = np.meshgrid(axis, axis, indexing="ij")
    one = np.ones_like(u)
    sides = [(u, v, one), (u, -v, -one), (u, -one, v), (-u, one, v), (one, u, v), (-one, -u, v)]
    grids = [np.stack(side, -1) * half for side in sides]
    return from_grids(name, grids, texture, repeat or 1.0, fit=repeat is None)


def _smooth(knots: NDArray[np.floating], count: int) -> NDArray[np.float64]:
    """A smooth curve `[count, 2]` through knots, evenly spaced by length, the ends kept."""
    from scipy.interpolate import PchipInterpolator

    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(knots, axis=0), axis=1))])
    curve: NDArray[np.float64] = PchipInterpolator(length, knots)(np.linspace(0, length[-1], count))
    return curve
