"""Pieces of a surface that were extracted slab by slab, put together without gaps, overlaps or doubled vertices."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recon.scene import TriMesh
from recon.surface.cleaning import drop_degenerate, keep_faces
from recon.surface.voxels import Slab

_NEAR = 1e-3
"""Vertices of two slabs that are closer than this share of a voxel are one."""


def within(mesh: TriMesh, slab: Slab, block: float, voxel: float) -> TriMesh:
    """The faces whose middle lies in the slab's layers; one that lies right between two slabs belongs to the lower one.

    Args:
        mesh: Surface of everything the slab holds.
        slab: Its layers.
        block: Edge of a block, scene units.
        voxel: Edge of a voxel, scene units.
    """
    middle = mesh.vertices[:, slab.axis].astype(np.float64)[mesh.faces].mean(axis=1) - 1e-4 * voxel
    return keep_faces(mesh, (middle >= slab.low * block) & (middle < slab.high * block))


def joined(parts: Sequence[TriMesh], cut: Sequence[Slab], block: float, voxel: float) -> TriMesh:
    """One mesh; vertices that two parts share at the planes between the slabs become one.

    Args:
        parts: From `within`.
        cut: The slabs, in order.
        block: Edge of a block, scene units.
        voxel: Edge of a voxel, scene units.
    """
    starts = np.cumsum([0, *(len(part.vertices) for part in parts)], dtype=np.int32)
    vertices = np.concatenate([part.vertices for part in parts])
    faces = np.concatenate([part.faces + start for part, start in zip(parts, starts, strict=False)])
    place = vertices[:, cut[0].axis].astype(np.float64)
    seams = np.array([slab.high * block for slab in cut[:-1]])
    near = np.flatnonzero(np.abs(place - seams[_closest(seams, place)]) < 1.5 * voxel)
    cells = np.round(vertices[near].astype(np.float64) / (_NEAR * voxel)).astype(np.int64)
    _, first, same = np.unique(cells, axis=0, return_index=True, return_inverse=True)
    target = np.arange(len(vertices), dtype=np.int32)
    target[near] = near[first[same.reshape(-1)]]
    return drop_degenerate(TriMesh(vertices, target[faces]))


def _closest(seams: NDArray[np.float64], place: NDArray[np.float64]) -> NDArray[np.int64]:
    """Number of the seam next to each place."""
    right = np.clip(np.searchsorted(seams, place), 1, max(len(seams) - 1, 1)) if len(seams) > 1 else np.zeros(len(place), np.int64)
    left = np.maximum(right - 1, 0)
    return np.asarray(np.where(np.abs(place - seams[left]) < np.abs(place - seams[right]), left, right), np.int64)
