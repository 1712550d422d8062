"""What surfaces look like: photographs, patterns, and above all plain colours with hardly anything to see."""

from __future__ import annotations

import colorsys
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from recon.synth.noise import fractal, value_noise
from recon.synth.scene import TexturedMesh
from recon.synth.textures import mixed_texture
from recon.synth.training.pool import Pool

Array = NDArray[np.float32]


def photo_texture(pool: Pool, rng: np.random.Generator, size: int = 512) -> Array | None:
    """A random square part of a photograph, mirrored so that it repeats without a seam, `[size, size, 3]`; None without photographs."""
    photo = pool.photo(rng, 1024)
    if photo is None:
        return None
    side = int(min(photo.shape[:2]) * rng.uniform(0.5, 1.0))
    top, left = (int(rng.integers(extent - side + 1)) for extent in photo.shape[:2])
    mirrored = rng.random() < 0.5
    part = photo[top : top + side, left : left + side]
    inner = size // 2 if mirrored else size
    part = cv2.resize(part, (inner, inner), interpolation=cv2.INTER_AREA if inner < side else cv2.INTER_CUBIC)
    if mirrored:
        part = np.concatenate([part, part[:, ::-1]], axis=1)
        part = np.concatenate([part, part[::-1]], axis=0)
    return np.asarray(part, np.float32) / np.float32(255)


def rich(pool: Pool, rng: np.random.Generator, size: int = 512) -> Array:
    """Something to match everywhere: mostly a photograph, else a pattern; at times with little contrast."""
    texture = photo_texture(pool, rng, size) if rng.random() < 0.75 else None
    if texture is None:
        texture = mixed_texture(rng, min(size, 256))
    return recolored(texture, rng)


def color(rng: np.random.Generator) -> tuple[float, float, float]:
    """sRGB of paint or plastic: white, dark or any."""
    kind = rng.random()
    if kind < 0.3:
        hue, saturation, value = rng.random(), rng.uniform(0, 0.12), rng.uniform(0.75, 0.97)
    elif kind < 0.55:
        hue, saturation, value = rng.random(), rng.uniform(0, 0.4), rng.uniform(0.06, 0.25)
    else:
        hue, saturation, value = rng.random(), rng.uniform(0.1, 0.95), rng.uniform(0.3, 0.95)
    return colorsys.hsv_to_rgb(float(hue), float(saturation), float(value))


def plain(rng: np.random.Generator, size: int = 256) -> Array:
    """Almost one colour: a soft gradient of a few percent, grain of at most one or two percent, at times a few specks."""
    base = np.asarray(color(rng), np.float32)
    texture = np.broadcast_to(base, (size, size, 3)).copy()
    if rng.random() < 0.6:
        soft = value_noise(rng, size, int(rng.integers(2, 7)))[..., None] - 0.5
        texture *= 1 + np.float32(rng.uniform(0.02, 0.25)) * soft
    if rng.random() < 0.7:
        grain = fractal(rng, size, start=int(rng.choice([8, 32, 64])), gain=0.9)[..., None] - 0.5
        texture *= 1 + np.float32(10 ** rng.uniform(-2.3, -1.0)) * grain
    if rng.random() < 0.15:
        _specks(texture, rng)
    return texture.clip(0, 1)


def _specks(texture: Array, rng: np.random.Generator) -> None:
    for _ in range(int(rng.integers(1, 12))):
        middle, reach = rng.integers(0, texture.shape[0], 2).tolist(), int(rng.integers(1, 5))
        cv2.circle(texture, middle, reach, color(rng), -1, cv2.LINE_AA)


def recolored(texture: Array, rng: np.random.Generator) -> Array:
    """Other brightness, contrast and colour."""
    mean = texture.mean(axis=(0, 1))
    contrast = rng.uniform(0.15, 0.6) if rng.random() < 0.2 else rng.uniform(0.7, 1.15)
    gain = np.exp(rng.normal(0, 0.15)) * np.exp(rng.normal(0, 0.06, 3))
    result = ((texture - mean) * contrast + mean) * gain
    if rng.random() < 0.3:
        result = result[..., rng.permutation(3)]
    return np.asarray(result, np.float32).clip(0.01, 0.99)


def surface(pool: Pool, rng: np.random.Generator, plain_share: float) -> tuple[Array, bool]:
    """A texture, and whether it is plain."""
    if rng.random() < plain_share:
        return plain(rng), True
    return rich(pool, rng), False


def dressed(mesh: TexturedMesh, pool: Pool, rng: np.random.Generator, plain_share: float) -> tuple[TexturedMesh, bool]:
    """A mesh with its own texture in other colours, with another one, or nearly without; and whether it is plain."""
    kind = rng.random()
    if kind < plain_share:
        return glossy(replace(mesh, texture=plain(rng), tint=None), rng, 0.55), True
    if kind < plain_share + 0.12:
        return glossy(replace(mesh, texture=rich(pool, rng), uv=mesh.uv * np.float32(rng.uniform(0.7, 2.0))), rng, 0.3), False
    return glossy(replace(mesh, texture=recolored(mesh.texture, rng) if rng.random() < 0.6 else mesh.texture), rng, 0.35), False


def glossy(mesh: TexturedMesh, rng: np.random.Generator, share: float) -> TexturedMesh:
    """With a highlight and a reflection of the surroundings, at times."""
    if rng.random() >= share:
        return mesh
    gloss = float(10 ** rng.uniform(-1.3, -0.1))
    mirror = float(rng.uniform(0.02, 0.35)) if rng.random() < 0.5 else 0.0
    return replace(mesh, gloss=gloss, shininess=float(10 ** rng.uniform(0.9, 2.4)), mirror=mirror)
