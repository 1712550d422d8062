"""From drawn colours and depths to the finished picture: contours, depth colours, background. All at picture size, in numpy."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from desktop.viewport.backends.base import Picture
from desktop.viewport.colors import color_map
from desktop.viewport.frames import GRID

BACKDROPS = {"dark": ((56, 59, 65), (29, 30, 33)), "light": ((251, 251, 252), (222, 225, 229))}
"""Colour at the top and at the bottom."""


_MOSTLY = 0.52
_DIRECTIONS = ((0, 1), (1, 0), (1, 1), (1, -1))
_ALWAYS = 2  # pixels that are closed whatever the distance between points


def backdrop(width: int, height: int, background: str) -> NDArray[np.float32]:
    """The gradient behind everything, `[H, W, 3]` float32 RGB in 0..255, dithered so that no bands show."""
    top, bottom = (np.array(color, np.float32) for color in BACKDROPS[background])
    t = np.linspace(0.0, 1.0, height, dtype=np.float32)[:, None]
    column = (top * (1.0 - t) + bottom * t)[:, None, :]
    pattern = (np.arange(8, dtype=np.float32) * 5 % 8 / 8 - 0.5)[(np.arange(height)[:, None] * 3 + np.arange(width)[None, :]) % 8]
    return np.asarray(column + pattern[..., None], np.float32)


def merged(first: Picture | None, second: Picture) -> Picture:
    """Both pictures, nearer over farther."""
    if first is None:
        return second
    wins = (second.depth > 0) & ((first.depth == 0) | (second.depth <= first.depth))
    return _pasted(first, second, wins)


def drawn_on(surface: Picture | None, lines: Picture) -> Picture:
    """Lines that lie on a surface over it: they are hidden by what is nearer than the surface about their pixel."""
    if surface is None:
        return lines
    behind = cv2.dilate(surface.depth, np.ones((3, 3), np.uint8)) * 1.0005
    wins = (lines.depth > 0) & ((surface.depth == 0) | (lines.depth <= behind))
    return _pasted(surface, lines, wins)


def thickened(lines: Picture) -> Picture:
    """Lines one pixel wider, for a picture that will be reduced."""
    for axis in (0, 1):
        color, depth = np.roll(lines.color, 1, axis), np.roll(lines.depth, 1, axis)
        lines = merged(lines, Picture(color, depth))
    return lines


def _pasted(first: Picture, second: Picture, wins: NDArray[np.bool_]) -> Picture:
    return Picture(np.where(wins[..., None], second.color, first.color), np.where(wins, second.depth, first.depth))


def filled(picture: Picture, gap: float, most: int) -> Picture:
    """Closes the gaps between points: pixels enclosed by nearer ones, and empty ones among drawn ones, take the mean colour of those.

    The outline of the model stays (a morphological closing of the inverse depth, and a vote among neighbours, in steps of growing
    size; near parts, whose points lie farther apart in the picture, are closed over larger gaps).

    Args:
        picture: As drawn.
        gap: Usual distance between neighbouring points in pixels at depth 1.
        most: Widest gap that is closed, pixels.
    """
    color, depth = picture.color, picture.depth
    reach = 1
    while reach <= most:
        nearness = np.where(depth > 0, 1.0 / np.maximum(depth, 1e-30), 0.0).astype(np.float32)
        if reach > _ALWAYS and gap * float(nearness.max(initial=0.0)) < reach:
            break
        closed = np.maximum(_closed(nearness, reach), _surrounding(nearness, reach))
        holes = closed > nearness * 1.02
        if reach > _ALWAYS:
            holes &= closed * gap >= reach
        color, depth = _mended(color, depth, nearness, holes, reach)
        reach *= 2
    return Picture(color, depth)


def _closed(nearness: NDArray[np.float32], reach: int) -> NDArray[np.float32]:
    """Morphological closing by an octagon, whose holes look less made than those of a square."""
    slant = round((2.0 - 2.0**0.5) * reach)
    square, cross = np.ones((2 * (reach - slant) + 1,) * 2, np.uint8), cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    grown = cv2.dilate(cv2.dilate(nearness, square), cross, iterations=slant)
    return np.asarray(cv2.erode(cv2.erode(grown, cross, iterations=slant), square), np.float32)


def _surrounding(nearness: NDArray[np.float32], reach: int) -> NDArray[np.float32]:
    """Mean nearness about empty pixels that more than half of their surroundings are not empty; 0 elsewhere."""
    size = (2 * reach + 1, 2 * reach + 1)
    cover = cv2.boxFilter((nearness > 0).astype(np.float32), -1, size)
    mean = cv2.boxFilter(nearness, -1, size) / np.maximum(cover, 1e-9)
    return np.where((nearness == 0) & (cover > _MOSTLY), mean, np.float32(0.0))


def _mended(
    color: NDArray[np.uint8],
    depth: NDArray[np.float32],
    nearness: NDArray[np.float32],
    holes: NDArray[np.bool_],
    reach: int,
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Colour and depth with the holes filled from what is about them, the nearer the more."""
    if not holes.any():
        return color, depth
    weight = np.where(holes, 0.0, (nearness / nearness.max()) ** 8).astype(np.float32)
    size = (2 * reach + 1, 2 * reach + 1)
    total = cv2.boxFilter(weight, -1, size, normalize=False)
    mean = cv2.boxFilter(color * weight[..., None], -1, size, normalize=False)
    smooth = cv2.boxFilter(nearness * weight, -1, size, normalize=False)
    holes = holes & (total > 0)
    color, depth, total = color.copy(), depth.copy(), total[holes]
    color[holes] = (mean[holes] / total[:, None]).astype(np.uint8)
    depth[holes] = total / smooth[holes]
    return color, depth


def reduced(picture: Picture, factor: int) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Averages blocks of `factor` x `factor` pixels.

    Returns:
        Colour `[H, W, 3]` float32 in 0..255 already weighted by cover, cover `[H, W]` in [0, 1], nearest depth `[H, W]` (0 = nothing).
    """
    cover = (picture.depth > 0).astype(np.float32)
    if factor == 1:
        return picture.color.astype(np.float32), cover, picture.depth
    height, width = picture.depth.shape[0] // factor, picture.depth.shape[1] // factor
    color = cv2.resize(picture.color, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32)
    depth = np.where(picture.depth > 0, picture.depth, np.inf).reshape(height, factor, width, factor).min(axis=(1, 3))
    depth[~np.isfinite(depth)] = 0.0
    return color, cv2.resize(cover, (width, height), interpolation=cv2.INTER_AREA), depth


def contours(depth: NDArray[np.float32], strength: float, reach: int) -> NDArray[np.float32]:
    """Eye-dome lighting: darkens pixels that lie behind their neighbours, so that points without normals read as a surface.

    Neighbours on opposite sides count together: a surface that is seen aslant keeps its colour.

    Args:
        depth: `[H, W]` z-depth, 0 = nothing.
        strength: Larger is darker; 0 leaves everything as it is.
        reach: Distance to the neighbours in pixels.

    Returns:
        Factor `[H, W]` float32 in (0, 1] on the colours.

    Source: Boucheny, "Interactive scientific visualization of large datasets", 2009, ch. 3.
    """
    height, width = depth.shape
    if strength <= 0 or min(height, width) <= 2 * reach:
        return np.ones_like(depth)
    far = 1e4
    log_depth = np.where(depth > 0, np.log2(np.maximum(depth, 1e-20)), far).astype(np.float32)
    padded: NDArray[np.float32] = cv2.copyMakeBorder(log_depth, reach, reach, reach, reach, cv2.BORDER_REPLICATE)
    behind = np.zeros_like(log_depth)

    def shifted(dy: int, dx: int) -> NDArray[np.float32]:
        return padded[reach + dy * reach : reach + dy * reach + height, reach + dx * reach : reach + dx * reach + width]

    for dy, dx in _DIRECTIONS:
        behind += np.clip(log_depth - 0.5 * (shifted(dy, dx) + shifted(-dy, -dx)), 0.0, 0.05)
    return np.asarray(np.maximum(np.exp(-strength * behind / len(_DIRECTIONS)), 0.25), np.float32)


def depth_colors(depth: NDArray[np.float32]) -> NDArray[np.float32]:
    """Distance as colour, near is warm, `[H, W, 3]` float32 in 0..255, over the range of what is in the picture."""
    grid = depth_grid(depth)
    seen = grid[grid > 0]
    low, high = np.percentile(seen, [1.0, 99.0]) if seen.size else (0.0, 1.0)
    return color_map(0.95 - 0.9 * (depth - low) / max(high - low, 1e-12)).astype(np.float32)


def finished(
    picture: Picture, factor: int, background: str, strength: float, reach: int, by_depth: bool
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The picture over its background.

    Args:
        picture: As drawn, `factor` times the wanted size.
        factor: Supersampling.
        background: 'dark' or 'light'.
        strength: Of the contours.
        reach: Of the contours, pixels.
        by_depth: Colour by distance from the viewer instead.

    Returns:
        `[H, W, 3]` float32 RGB in 0..255 and depth `[H, W]`.
    """
    color, cover, depth = reduced(picture, factor)
    shade = contours(depth, strength, reach)
    if by_depth:
        color = depth_colors(depth) * cover[..., None]
    ground = backdrop(depth.shape[1], depth.shape[0], background)
    return color * shade[..., None] + ground * (1.0 - cover)[..., None], depth


def depth_grid(depth: NDArray[np.float32]) -> NDArray[np.float32]:
    """Nearest depth in blocks of the picture, at most `frames.GRID` blocks, 0 = nothing."""
    height, width = depth.shape
    rows, columns = min(height, GRID[0]), min(width, GRID[1])
    reach = (max(height // rows, 1) | 1, max(width // columns, 1) | 1)
    filled = np.where(depth > 0, depth, np.float32(3e38))
    nearest = cv2.erode(filled, np.ones(reach, np.uint8))
    y, x = ((np.arange(n) + 0.5) * size / n for n, size in ((rows, height), (columns, width)))
    grid = nearest[y.astype(int)[:, None], x.astype(int)[None, :]]
    return np.where(grid < 1e38, grid, np.float32(0.0))


def to_window(color: NDArray[np.floating[Any]]) -> NDArray[np.uint8]:
    """Blue green red and filler `[H, W, 4]` uint8 of RGB `[H, W, 3]` in 0..255."""
    result: NDArray[np.uint8] = cv2.cvtColor(np.clip(color, 0, 255).astype(np.uint8), cv2.COLOR_RGB2BGRA)
    return result
