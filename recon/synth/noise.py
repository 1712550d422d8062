"""Noise that repeats at its borders: the raw material of textures. Values in [0, 1], arrays `[size, size]` float32."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


def value_noise(rng: np.random.Generator, size: int, cells: int | tuple[int, int]) -> Array:
    """Smooth noise with `cells` bumps across (or a pair down, across)."""
    rows, columns = (cells, cells) if isinstance(cells, int) else cells
    rows, columns = min(rows, size), min(columns, size)
    grid = rng.random((rows, columns), dtype=np.float32)
    pad_y, pad_x = min(4, rows), min(4, columns)
    grid = np.pad(grid, ((pad_y, pad_y), (pad_x, pad_x)), mode="wrap")
    step_y, step_x = size / rows, size / columns
    x = (np.arange(size, dtype=np.float32) + 0.5) / step_x - 0.5 + pad_x
    y = (np.arange(size, dtype=np.float32) + 0.5) / step_y - 0.5 + pad_y
    map_x, map_y = np.meshgrid(x.astype(np.float32), y.astype(np.float32))
    return np.asarray(cv2.remap(grid, map_x, map_y, cv2.INTER_CUBIC), np.float32).clip(0, 1)


def fractal(rng: np.random.Generator, size: int, *, start: int = 4, gain: float = 0.6, stretch: int = 1) -> Array:
    """Octaves of value noise down to single texels, spread to [0, 1].

    Args:
        rng: Randomness.
        size: Side in texels.
        start: Bumps across of the coarsest octave.
        gain: Amplitude of an octave relative to the one before; near 1 gives strong fine detail.
        stretch: How much longer the bumps are across than down.
    """
    total = np.zeros((size, size), np.float32)
    cells, weight = start, 1.0
    while cells <= size:
        total += weight * (value_noise(rng, size, (cells, max(cells // stretch, 1))) - 0.5)
        cells, weight = cells * 2, weight * gain
    low, high = np.quantile(total[::4, ::4], (0.005, 0.995))
    return np.asarray(np.clip((total - low) / max(float(high - low), 1e-6), 0, 1), np.float32)


def cellular(rng: np.random.Generator, size: int, cells: int) -> tuple[Array, Array, NDArray[np.int32]]:
    """Worley noise of `cells` x `cells` scattered seeds.

    Returns:
        Distance to the nearest seed (1 = far), distance to the border between two cells (0 = on it), number of the cell.
    """
    from scipy.spatial import cKDTree

    spots = (np.stack(np.meshgrid(np.arange(cells), np.arange(cells)), -1).reshape(-1, 2) + rng.random((cells * cells, 2))) / cells
    tree = cKDTree(spots % 1.0, boxsize=1.0)
    axis = (np.arange(size) + 0.5) / size
    where = np.stack(np.meshgrid(axis, axis), -1).reshape(-1, 2)
    distance, index = tree.query(where, k=2)
    distance = (distance * cells).astype(np.float32)
    first = distance[:, 0].reshape(size, size)
    edge = (distance[:, 1] - distance[:, 0]).reshape(size, size)
    return first.clip(0, 1), edge.clip(0, 1), index[:, 0].reshape(size, size).astype(np.int32)


def warp(image: NDArray[np.float32], rng: np.random.Generator, amount: float, start: int = 3) -> NDArray[np.float32]:
    """Bends a repeating picture `[size, size(, C)]` by smooth noise of `amount` (share of the size)."""
    size = image.shape[0]
    pad = int(np.ceil(amount * size)) + 2
    padded = np.pad(image, ((pad, pad), (pad, pad)) + ((0, 0),) * (image.ndim - 2), mode="wrap")
    x, y = np.meshgrid(np.arange(size, dtype=np.float32), np.arange(size, dtype=np.float32))
    dx, dy = (amount * size * (2 * fractal(rng, size, start=start, gain=0.45) - 1) for _ in range(2))
    return np.asarray(cv2.remap(padded, x + dx + pad, y + dy + pad, cv2.INTER_LINEAR), np.float32)
