"""Zero surface of distances at the corners of voxels of several sizes, without cracks where the size changes.

Surface nets (Gibson 1998): a vertex in every voxel that the surface passes, in the middle of where it cuts the voxel's edges, and a
face around every edge that it cuts. On voxels of several sizes the edges that no smaller voxel divides are taken (Ju et al. 2002,
"Dual contouring of Hermite data"): every face of a voxel is then crossed evenly often, so the surface closes by construction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recon.surface.blocks import Blocks, pack, unpack

_TURN = ((0, 0), (-1, 0), (-1, -1), (0, -1))
"""The voxels around an edge, counter-clockwise seen against its direction: steps along the next two axes."""


@dataclass(frozen=True, eq=False)
class Cuts:
    """Edges of voxels that the surface cuts.

    Args:
        axis: Of the edges.
        level: Of the voxels.
        start: `[E]` packed places where the edges start.
        share: `[E]` float32 part of the edge up to the cut.
        rising: `[E]` bool whether the edge leads from inside to outside.
    """

    axis: int
    level: int
    start: NDArray[np.int64]
    share: NDArray[np.float32]
    rising: NDArray[np.bool_]


def find_cuts(distance: NDArray[np.float32], known: NDArray[np.bool_], corners: NDArray[np.int64], level: int) -> list[Cuts]:
    """Cut edges in blocks of one level, along each axis.

    Args:
        distance: `[B, n, n, n]` at the corners of the voxels, positive outside.
        known: `[B, n, n, n]` where it holds.
        corners: `[B, 3]` first places of the blocks.
        level: Of the blocks.
    """
    inside = distance <= 0
    last = distance.shape[-1] - 1
    found = []
    for axis in range(3):
        front, back = ([slice(None)] * 4 for _ in range(2))
        front[axis + 1], back[axis + 1] = slice(0, last), slice(1, None)
        a, b = tuple(front), tuple(back)
        block, *steps = np.nonzero((inside[a] != inside[b]) & known[a] & known[b])
        near, far = (distance[side][(block, *steps)] for side in (a, b))
        start = pack(corners[block] + (np.stack(steps, axis=1) << level))
        found.append(Cuts(axis, level, start, near / (near - far), inside[a][(block, *steps)]))
    return found


def surface(cuts: Sequence[Cuts], blocks: Blocks) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """Vertices `[V, 3]` in edges of the smallest voxel and triangles `[F, 3]` that face outside, in an order of their own.

    Args:
        cuts: Of all blocks; edges that several blocks share may come more than once.
        blocks: The blocks.
    """
    quads = [_quads([c for c in cuts if c.axis == axis], blocks, axis) for axis in range(3)]
    voxels, points, inner = (np.concatenate(parts) for parts in zip(*quads, strict=True))
    count, corners = _vertices(voxels, inner)
    each = np.bincount(corners.reshape(-1), minlength=count)
    sums = [np.bincount(corners.reshape(-1), points[:, k].repeat(4), minlength=count) for k in range(3)]
    vertices = np.stack(sums, axis=1) / np.maximum(each, 1)[:, None]
    return vertices, _triangles(vertices, corners)


def _quads(cuts: Sequence[Cuts], blocks: Blocks, axis: int) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]:
    """Faces around the cut edges along one axis.

    Returns:
        Packed voxels `[E, 4]` in the order of the face, where the edge is cut `[E, 3]`, and packed the end of it that is inside `[E]`.
    """
    start, share, rising = (np.concatenate([getattr(c, name) for c in cuts]) for name in ("start", "share", "rising"))
    level = np.concatenate([np.full(len(c.start), c.level, np.int8) for c in cuts])
    place = unpack(start)
    around = np.empty((len(start), 4), np.int64)
    whole = np.ones(len(start), bool)
    for k, steps in enumerate(_TURN):
        beside = place.copy()
        beside[:, (axis + 1) % 3] += steps[0]
        beside[:, (axis + 2) % 3] += steps[1]
        size = blocks.level_at(beside)
        whole &= size >= level  # there are voxels on all sides, and none divides the edge
        width = np.maximum(size, 0)[:, None]
        around[:, k] = pack((beside >> width) << width)
    chosen = np.flatnonzero(whole)[np.unique(start[whole], return_index=True)[1]]
    around, place, rising, width = around[chosen], place[chosen], rising[chosen], 1 << level[chosen].astype(np.int64)
    point, inner = place.astype(np.float64), place.copy()
    point[:, axis] += share[chosen] * width
    inner[:, axis] += np.where(rising, 0, width)
    return np.where(rising[:, None], around, around[:, ::-1]), point, pack(inner)


def _vertices(voxels: NDArray[np.int64], inner: NDArray[np.int64]) -> tuple[int, NDArray[np.int64]]:
    """Number of vertices and those of each quad `[E, 4]`: one for each sheet of the surface in a voxel, so that sheets do not touch.

    Two quads are of one sheet where they meet in the side between two voxels. A side that four quads cross has two sheets, each around
    a corner that is inside (Schaefer et al. 2007, "Manifold dual contouring", by the sides' own lines instead of a table).
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    _, cell = np.unique(voxels, return_inverse=True)
    cell = cell.reshape(-1, 4)
    node = np.arange(cell.size).reshape(-1, 4)
    ends, nodes = (np.stack([x, np.roll(x, -1, axis=1)], axis=-1).reshape(-1, 2) for x in (cell, node))
    inner = inner.repeat(4)
    turned = ends[:, 0] > ends[:, 1]
    ends, nodes = (np.where(turned[:, None], x[:, ::-1], x) for x in (ends, nodes))
    order = np.lexsort((inner, ends[:, 1], ends[:, 0]))
    order = order[ends[order, 0] != ends[order, 1]]  # a voxel that is twice in a quad has no side to itself
    ends, nodes, inner = ends[order], nodes[order], inner[order]
    side = np.cumsum(np.append(False, (ends[1:] != ends[:-1]).any(axis=1)))[: len(ends)]
    size, same = np.bincount(side)[side], inner[1:] == inner[:-1]
    apart = np.zeros(len(same), bool)
    apart[1:-1] = (size[1:-2] == 4) & same[:-2] & ~same[1:-1] & same[2:] & (side[:-3] == side[3:])
    joined = np.flatnonzero((side[1:] == side[:-1]) & ~apart)
    twice = np.flatnonzero(cell == np.roll(cell, -1, axis=1))
    a = np.concatenate([nodes[joined].reshape(-1), node.reshape(-1)[twice]])
    b = np.concatenate([nodes[joined + 1].reshape(-1), np.roll(node, -1, axis=1).reshape(-1)[twice]])
    count, vertex = connected_components(coo_array((np.ones(len(a), bool), (a, b)), shape=(node.size, node.size)), directed=False)
    return int(count), np.asarray(vertex, np.int64).reshape(-1, 4)


def _triangles(vertices: NDArray[np.float64], quads: NDArray[np.int64]) -> NDArray[np.int32]:
    """Quads `[E, 4]` cut along the shorter diagonal; a quad with a voxel twice is one triangle."""
    a, b, c, d = (vertices[quads[:, k]] for k in range(4))
    short = ((a - c) ** 2).sum(axis=1) <= ((b - d) ** 2).sum(axis=1)
    quads = np.where(short[:, None], quads, np.roll(quads, -1, axis=1))
    faces = quads[:, [[0, 1, 2], [0, 2, 3]]].reshape(-1, 3)
    x, y, z = faces.T
    result: NDArray[np.int32] = faces[(x != y) & (y != z) & (z != x)].astype(np.int32)
    return result
