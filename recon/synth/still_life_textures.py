"""Textures of the demo's still life, `[H, W, 3]` float32 sRGB: wood, kilim, painted ceramic, fruit skins, book covers, stone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recon.synth.noise import cellular, fractal, warp
from recon.synth.textures import grained, ramp

Array = NDArray[np.float32]


def colors(*hexes: str) -> Array:
    """RGB in [0, 1] of colours written as 'rrggbb', `[N, 3]`."""
    return np.array([[int(h[i : i + 2], 16) for i in (0, 2, 4)] for h in hexes], np.float32) / np.float32(255)


def mix(below: Array, above: Array, cover: Array) -> Array:
    """`above` painted over `below` where `cover` `[H, W]` is 1."""
    part = np.asarray(cover, np.float32)[..., None]
    return np.asarray(below * (1 - part) + above * part, np.float32)


def planks(rng: np.random.Generator, size: int = 2048, count: int = 9) -> Array:
    """Old boards side by side: long grain, knots, scratches and dark joints."""
    v = np.arange(size)[:, None] / size * count
    board = np.floor(v).astype(int)
    lengthwise = np.arange(size)[None, :] / size
    coarse, fine = fractal(rng, size, start=16, gain=0.75, stretch=16), fractal(rng, size, start=64, gain=0.9, stretch=32)
    knots, _, _ = cellular(rng, size, 5)
    tone = 0.5 * coarse + 0.28 * fine + 0.22 * rng.random(count)[board % count]
    rings = np.sin(40 * warp(fractal(rng, size, start=4, gain=0.4, stretch=4), rng, 0.01) + 7 * np.exp(-6 * knots))
    tone = tone + 0.09 * rings - 0.5 * np.exp(-((knots / 0.07) ** 2))
    wood = ramp(tone.astype(np.float32), colors("2e1d12", "5b3a22", "84583a", "a97a52", "c79a6c"))
    ends = (lengthwise + rng.random(count)[board % count]) % 1.0
    joint = np.minimum(np.abs(v - np.round(v)) / 0.02, np.minimum(ends, 1 - ends) / 0.0015).clip(0, 1)
    stain = fractal(rng, size, start=3, gain=0.6)
    return np.asarray(wood * (0.25 + 0.75 * joint[..., None]) * (0.8 + 0.35 * stain[..., None]), np.float32).clip(0, 1)


def kilim(rng: np.random.Generator, height: int = 1024, width: int = 1536) -> Array:
    """A woven rug: bands of diamonds, zigzags, crosses and stripes in faded wool."""
    wool = colors("8c2f27", "1f3a56", "d9a441", "efe3cb", "2f6b5e", "b5562b", "40222b")
    y, x = np.meshgrid(np.arange(height) / height, np.arange(width) / width * 1.5, indexing="ij")
    y, x = np.floor(y * 220) / 220, np.floor(x * 220) / 220  # one step = one knot
    picture = np.empty((height, width, 3), np.float32)
    left = 0.0
    while left < 1.5:
        wide = float(rng.choice([0.03, 0.06, 0.12, 0.2]))
        inside = (x >= left) & (x < left + wide)
        across, pick = (x - left) / wide - 0.5, rng.permutation(len(wool))
        cells = 1.0 / max(wide, 0.06)
        along = (y * cells * 1.2) % 1.0 - 0.5
        motif = int(rng.integers(5)) if wide > 0.05 else 4
        if motif == 0:
            level = np.floor((np.abs(across) + np.abs(along)) * 5)
        elif motif == 1:
            level = np.floor((across + np.abs(along)) * 6) + 4
        elif motif == 2:
            level = np.floor(np.minimum(np.abs(across), np.abs(along)) * 8) + 3 * (np.maximum(np.abs(across), np.abs(along)) > 0.4)
        elif motif == 3:
            level = np.floor(np.maximum(np.abs(across), np.abs(along)) * 6)
        else:
            level = np.floor(np.abs(across) * 5)
        picture[inside] = wool[pick[(level.astype(int) % 5)[inside]]]
        left += wide
    border = (np.minimum(y, 1 - y) < 0.05) | (np.minimum(x, 1.5 - x) < 0.03)
    picture[border] = wool[6]
    threads = rng.normal(1, 0.07, (220, 1, 1))[np.minimum((np.arange(height) * 220) // height, 219)]
    weave = 0.86 + 0.14 * np.abs(np.sin(np.arange(height) / height * 220 * np.pi))[:, None, None]
    grain = _noise(rng, height, width, 24, 0.85)
    worn = _noise(rng, height, width, 3, 0.6)
    return np.asarray((picture * threads * weave * (0.72 + 0.5 * grain) * (0.85 + 0.25 * worn)).clip(0, 1), np.float32)


def painted_ceramic(rng: np.random.Generator, size: int = 1024) -> Array:
    """Cream glaze with cobalt and rust bands, petals, waves and dots; the first row is the rim."""
    y, x = np.meshgrid(np.arange(size) / size, np.arange(size) / size, indexing="ij")
    wobble = 0.004 * (2 * fractal(rng, size, start=8) - 1)
    y, x = y + wobble, x + wobble
    cobalt, rust, ochre = colors("1d3f7a", "a4452c", "d29a3a")
    speck = fractal(rng, size, start=32, gain=0.9)
    glaze = ramp(0.35 * fractal(rng, size, start=4) + 0.65 * speck, colors("cbb994", "e9dcc0", "f4ecd9"))
    picture = glaze
    bands = ((0.03, 0.06, rust), (0.2, 0.215, cobalt), (0.23, 0.25, rust), (0.62, 0.64, cobalt), (0.655, 0.665, rust), (0.9, 0.97, cobalt))
    for low, high, paint in bands:
        picture = mix(picture, paint, _brush((y > low) & (y < high), rng))
    petal = np.abs((x * 12) % 1 - 0.5) < 0.42 * np.sqrt(np.clip(1 - ((y - 0.43) / 0.15) ** 2, 0, 1))
    heart = np.abs((x * 12) % 1 - 0.5) < 0.2 * np.sqrt(np.clip(1 - ((y - 0.45) / 0.09) ** 2, 0, 1))
    picture = mix(mix(picture, cobalt, _brush(petal, rng)), ochre, _brush(heart, rng))
    wave = np.abs(y - 0.13 - 0.03 * np.sin(2 * np.pi * 14 * x)) < 0.012
    tooth = (y > 0.7) & (y < 0.7 + 0.16 * np.abs((x * 18) % 1 - 0.5) * 2)
    dots = ((x * 36) % 1 - 0.5) ** 2 + ((y - 0.88) * 36) ** 2 < 0.09
    picture = mix(mix(mix(picture, cobalt, _brush(wave, rng)), rust, _brush(tooth, rng)), cobalt, _brush(dots, rng))
    near, _, index = cellular(rng, size, 70)
    freckle = np.clip((rng.uniform(-0.2, 0.3, index.max() + 1)[index] - near) * 10, 0, 1)
    picture = mix(picture, colors("6b4a2c")[0], 0.75 * freckle)
    _, crack, _ = cellular(rng, size, 48)
    return np.asarray(picture * (0.7 + 0.3 * np.clip(crack / 0.06, 0, 1))[..., None], np.float32)


def skin(rng: np.random.Generator, tones: Array, *, streaks: float, spots: Array, size: int = 512) -> Array:
    """Fruit: streaks from pole to pole and freckles."""
    streak = fractal(rng, size, start=32, gain=0.8, stretch=1)
    streak = 0.5 * streak + 0.5 * fractal(rng, size, start=24, gain=0.7, stretch=8).T
    patch = fractal(rng, size, start=3, gain=0.5)
    picture = ramp((streaks * streak + (1 - streaks) * patch).astype(np.float32), tones)
    near, _, index = cellular(rng, size, 46)
    reach = rng.uniform(0.05, 0.28, index.max() + 1)[index]
    picture = mix(picture, spots, np.clip((reach - near) * 8, 0, 1) * 0.8)
    return grained(picture, rng, 0.3)


def cover(rng: np.random.Generator, base: str, ink: str, size: int = 512) -> Array:
    """Book cloth with a stamped frame, ornament and lines of 'text'."""
    cloth, gold = colors(base, ink)
    y, x = np.meshgrid(np.arange(size) / size, np.arange(size) / size, indexing="ij")
    weave = fractal(rng, size, start=64, gain=1.0)
    picture = cloth * (0.7 + 0.45 * (0.6 * weave + 0.4 * fractal(rng, size, start=3)))[..., None]
    edge = np.minimum(np.minimum(x, 1 - x), np.minimum(y, 1 - y))
    frame = (np.abs(edge - 0.06) < 0.008) | (np.abs(edge - 0.085) < 0.004)
    r, angle = np.hypot(x - 0.5, y - 0.36), np.arctan2(y - 0.36, x - 0.5)
    star = np.abs(r - 0.13 - 0.05 * np.cos(8 * angle)) < 0.012
    sun = (r < 0.07) | ((r < 0.11) & (np.cos(16 * angle) > 0.4))
    words = fractal(rng, size, start=64, gain=0.4, stretch=2) > 0.5
    text = words & (np.abs(x - 0.5) < 0.3) & (y > 0.62) & (y < 0.86) & ((y * 16) % 1 < 0.55)
    worn = np.clip(fractal(rng, size, start=12, gain=0.8) * 2.2, 0, 1)
    return mix(np.asarray(picture.clip(0, 1), np.float32), gold, _brush(frame | star | sun | text, rng) * worn)


def pages(rng: np.random.Generator, size: int = 256) -> Array:
    """Edges of paper: fine layers, a few darker."""
    layers = fractal(rng, size, start=64, gain=1.0, stretch=64)
    return ramp(0.8 * layers + 0.2 * fractal(rng, size, start=4), colors("8f7d5c", "cdbb94", "efe4c8"))


def granite(rng: np.random.Generator, tones: Array, size: int = 512) -> Array:
    """Stone: crystals of several sizes and a few veins."""
    _, _, small = cellular(rng, size, 90)
    _, _, large = cellular(rng, size, 30)
    value = 0.45 * rng.random(small.max() + 1)[small] + 0.25 * rng.random(large.max() + 1)[large] + 0.3 * fractal(rng, size, start=4)
    vein = np.exp(-(((warp(fractal(rng, size, start=3), rng, 0.05) - 0.5) / 0.02) ** 2))
    return mix(ramp(value.astype(np.float32), tones), colors("efe9dd")[0], 0.7 * vein)


def _noise(rng: np.random.Generator, height: int, width: int, start: int, gain: float) -> Array:
    side = int(2 ** np.ceil(np.log2(max(height, width))))
    return fractal(rng, side, start=start, gain=gain)[:height, :width, None]


def _brush(shape: NDArray[np.bool_], rng: np.random.Generator) -> Array:
    """Cover `[H, W]` of paint in a shape, thinner in places."""
    thin = fractal(rng, shape.shape[0], start=16, gain=0.8)
    return np.asarray(shape * np.clip(0.55 + 0.7 * thin, 0, 1), np.float32)
