"""Solid shapes with texture coordinates. Lengths in scene units, z up; `repeat` is the texture's side in scene units."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from recon.scene import Sim3
from recon.synth.scene import TexturedMesh

Float = NDArray[np.float32]
Grid = NDArray[np.float64]


def from_grids(
    name: str,
    grids: list[Grid],
    texture: Float,
    repeat: float,
    *,
    gloss: float = 0.0,
    shifts: bool = True,
    fit: bool = False,
) -> TexturedMesh:
    """A mesh of rectangular patches.

    Args:
        name: What it is.
        grids: Patches of positions `[rows, columns, 3]`, rows x columns counter-clockwise from outside.
        texture: `[H, W, 3]`.
        repeat: The texture's side in scene units.
        gloss: See `TexturedMesh`.
        shifts: Give each patch another part of the texture.
        fit: Lay the texture once over each patch, its bottom row on the patch's first row, instead of by length.
    """
    vertices, faces, uvs, normals, start = [], [], [], [], 0
    for i, grid in enumerate(grids):
        rows, columns = grid.shape[:2]
        number = np.arange(rows * columns).reshape(rows, columns)
        a, b, c, d = number[:-1, :-1], number[:-1, 1:], number[1:, 1:], number[1:, :-1]
        quads = np.concatenate([np.stack([a, b, c], -1).reshape(-1, 3), np.stack([a, c, d], -1).reshape(-1, 3)])
        uv = _fitted_uv(grid) if fit else _arc_length_uv(grid, repeat) + (np.array([0.37, 0.61]) * i if shifts else 0)
        vertices.append(grid.reshape(-1, 3))
        faces.append(quads + start)
        uvs.append(uv.reshape(-1, 2)[quads])
        normals.append(_grid_normals(grid).reshape(-1, 3)[quads])
        start += rows * columns
    all_vertices, all_faces = np.concatenate(vertices).astype(np.float32), np.concatenate(faces).astype(np.int32)
    flat = _areas(all_vertices[all_faces]) > 1e-14
    pick = [np.concatenate(part)[flat].astype(np.float32) for part in (uvs, normals)]
    return TexturedMesh(name, all_vertices, all_faces[flat], pick[0], texture, pick[1], gloss=gloss)


def blob(
    name: str,
    radial: Callable[[Grid], Grid],
    texture: Float,
    *,
    resolution: int = 48,
    repeat: float = 1.0,
    gloss: float = 0.0,
) -> TexturedMesh:
    """A closed surface given by a map from unit directions `[..., 3]` to points `[..., 3]`, as six patches of a cube."""
    axis = np.tan(np.linspace(-1, 1, resolution) * np.pi / 4)
    v, u = np.meshgrid(axis, axis, indexing="ij")
    one = np.ones_like(u)
    cube = [(u, -one, v), (-u, one, v), (one, u, v), (-one, -u, v), (u, v, one), (u, -v, -one)]
    grids = []
    for side in cube:
        direction = np.stack(side, axis=-1)
        grids.append(radial(direction / np.linalg.norm(direction, axis=-1, keepdims=True)))
    return from_grids(name, grids, texture, repeat, gloss=gloss)


def superellipsoid(size: tuple[float, float, float], power: float = 2.0) -> Callable[[Grid], Grid]:
    """Direction map of `|x/a|^p + |y/b|^p + |z/c|^p = 1`: 2 = ellipsoid, large = box with rounded edges."""
    half = np.asarray(size, np.float64) / 2

    def radial(direction: Grid) -> Grid:
        scaled = direction / half if power <= 2 else direction
        radius = (np.abs(scaled) ** power).sum(-1, keepdims=True) ** (-1 / power)
        return np.asarray(direction * radius if power <= 2 else direction * radius * half)

    return radial


def bumpy(
    radial: Callable[[Grid], Grid], rng: np.random.Generator, amount: float, waves: int = 10, frequency: float = 3.0
) -> Callable[[Grid], Grid]:
    """Adds smooth bumps of relative height `amount` to a direction map."""
    axes = rng.normal(size=(waves, 3)) * frequency
    phase = rng.uniform(0, 2 * np.pi, waves)
    weight = rng.uniform(0.3, 1, waves) / np.sqrt(waves)

    def moved(direction: Grid) -> Grid:
        bump = (np.sin(direction @ axes.T + phase) * weight).sum(-1, keepdims=True)
        return np.asarray(radial(direction) * (1 + amount * bump))

    return moved


def lathe(
    name: str,
    profile: NDArray[np.floating],
    texture: Float,
    *,
    resolution: int = 96,
    repeat: float = 1.0,
    gloss: float = 0.0,
    fit: bool = False,
    ribs: Callable[[Grid, Grid], Grid] | None = None,
) -> TexturedMesh:
    """A surface of revolution about z.

    Args:
        name: What it is.
        profile: `[N, 2]` radius and height from bottom to top of the outside (and down again inside for a bowl).
        texture: `[H, W, 3]`.
        resolution: Steps around.
        repeat: The texture's side in scene units.
        gloss: See `TexturedMesh`.
        fit: See `from_grids`.
        ribs: Factor of the radius at (angle, relative height along the profile).
    """
    angle = np.linspace(0, 2 * np.pi, resolution + 1)
    radius, height = np.asarray(profile, np.float64).T
    share = np.linspace(0, 1, len(radius))[:, None]
    wide = radius[:, None] * (np.ones((1, len(angle))) if ribs is None else ribs(angle[None, :], share))
    grid = np.stack([wide * np.cos(angle), wide * np.sin(angle), np.broadcast_to(height[:, None], wide.shape)], axis=-1)
    return from_grids(name, [grid], texture, repeat, gloss=gloss, fit=fit)


def torus(
    name: str, radius: float, tube: float, texture: Float, *, resolution: int = 64, repeat: float = 1.0, gloss: float = 0.0
) -> TexturedMesh:
    """A ring lying on the xy plane, centred at the origin."""
    angle = np.linspace(0, 2 * np.pi, resolution + 1)
    profile = np.stack([radius + tube * np.cos(angle), tube * np.sin(angle)], axis=-1)
    return lathe(name, profile, texture, resolution=resolution * 2, repeat=repeat, gloss=gloss)


def ground(
    name: str, half_size: float, texture: Float, *, repeat: float = 1.0, relief: Callable[[Grid], Grid] | None = None, resolution: int = 2
) -> TexturedMesh:
    """A square on the xy plane; `relief` maps xy `[..., 2]` to heights `[...]`."""
    axis = np.linspace(-half_size, half_size, resolution)
    y, x = np.meshgrid(axis, axis, indexing="ij")
    z = np.zeros_like(x) if relief is None else relief(np.stack([x, y], -1))
    return from_grids(name, [np.stack([x, y, z], axis=-1)], texture, repeat)


def placed(
    mesh: TexturedMesh, position: tuple[float, float, float], *, turn: float = 0.0, tilt: float = 0.0, scale: float = 1.0
) -> TexturedMesh:
    """Scaled, tilted about x, turned about z (degrees), then moved."""
    a, b = np.radians(turn), np.radians(tilt)
    about_z = np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])
    about_x = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    return mesh.moved(Sim3(about_z @ about_x, np.asarray(position, np.float64), scale))


def _arc_length_uv(grid: Grid, repeat: float) -> Grid:
    """Texture coordinates `[rows, columns, 2]` by mean length along the patch's rows and columns; whole repeats around closed rows."""
    across = np.linalg.norm(np.diff(grid, axis=1), axis=-1).max(axis=0)
    down = np.linalg.norm(np.diff(grid, axis=0), axis=-1).mean(axis=1)
    u, v = np.concatenate([[0], np.cumsum(across)]) / repeat, np.concatenate([[0], np.cumsum(down)]) / repeat
    if np.allclose(grid[:, 0], grid[:, -1], atol=1e-9) and u[-1] > 0:
        u *= max(round(u[-1]), 1) / u[-1]
    return np.stack(np.broadcast_arrays(u[None, :], v[:, None]), axis=-1)


def _fitted_uv(grid: Grid) -> Grid:
    """Texture coordinates `[rows, columns, 2]` from 0 to 1 by mean length along rows and columns; v runs down."""
    uv = _arc_length_uv(grid, 1.0)
    return np.asarray(uv / uv[-1, -1] * np.array([1.0, -1.0]) + np.array([0.0, 1.0]))


def _grid_normals(grid: Grid) -> Grid:
    """Unit normals `[rows, columns, 3]` from differences along the patch; periodic where the patch closes."""
    closed = np.allclose(grid[:, 0], grid[:, -1], atol=1e-9)
    padded = np.concatenate([grid[:, -2:-1], grid, grid[:, 1:2]], axis=1) if closed else None
    across = (padded[:, 2:] - padded[:, :-2]) if padded is not None else np.gradient(grid, axis=1)
    normal = np.cross(across, np.gradient(grid, axis=0))
    length = np.linalg.norm(normal, axis=-1, keepdims=True)
    return np.asarray(normal / np.where(length > 1e-12, length, 1))


def _areas(corners: Float) -> Float:
    a, b, c = np.moveaxis(corners.astype(np.float64), 1, 0)
    return np.asarray(np.linalg.norm(np.cross(b - a, c - a), axis=1))
