"""Smooth corrections that make the views agree where they are blended.

Waechter et al., "Let there be color! Large-scale texturing of 3D reconstructions" (2014), section 3.4, after Lempitsky and Ivanov
(2007): one additive colour a vertex and view. Here the views that meet at a vertex are compared over the whole band in which they
are blended, not on the seam alone, so noise and small misplacements average out.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.surface.topology import edge_keys

_SMOOTH = 10.0
_RIDGE = 0.1
_TOLERANCE = 1e-3
_MOST_ROUNDS = 300


def level(faces: NDArray[np.int32], weights: Any, colors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Corrections of the entries of `weights`.

    Args:
        faces: `[F, 3]`.
        weights: Sparse `[V, N]` in row order, from `blending.view_weights`.
        colors: `[E, 3]` colour of the vertex in the view, one for each entry of `weights`.

    Returns:
        `[E, 3]` float32 to be added.
    """
    from scipy.sparse import csr_array, diags_array
    from scipy.sparse.linalg import cg

    rows = np.repeat(np.arange(weights.shape[0]), np.diff(weights.indptr))
    first = np.flatnonzero(rows[1:] == rows[:-1])  # entries whose next one is of the same vertex
    if not len(first):
        return np.zeros((len(rows), 3), np.float32)
    meeting = np.stack([first, first + 1], axis=1)
    along = _along_patches(faces, weights, rows)
    pairs = np.concatenate([meeting, along])
    strength = np.concatenate([np.ones(len(meeting)), np.full(len(along), _SMOOTH)])
    ends = np.arange(len(pairs)).repeat(2)
    signs = np.tile([1.0, -1.0], len(pairs))
    difference = csr_array((signs, (ends, pairs.reshape(-1))), shape=(len(pairs), len(rows)))
    matrix = (difference.T @ diags_array(strength) @ difference + diags_array(np.full(len(rows), _RIDGE))).tocsr()
    wanted = np.zeros((len(pairs), 3))
    wanted[: len(meeting)] = colors[meeting[:, 1]] - colors[meeting[:, 0]]
    right = difference.T @ (strength[:, None] * wanted)
    inverse = diags_array(1 / matrix.diagonal())
    solved = [cg(matrix, right[:, c], rtol=_TOLERANCE, maxiter=_MOST_ROUNDS, M=inverse)[0] for c in range(3)]
    return np.stack(solved, axis=1).astype(np.float32)


def _along_patches(faces: NDArray[np.int32], weights: Any, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Pairs of entries `[P, 2]` of one view at the two ends of an edge."""
    edges, keys = edge_keys(faces)
    edges = edges[np.unique(keys, return_index=True)[1]]
    found = []
    order = np.argsort(weights.indices, kind="stable")
    bounds = np.searchsorted(weights.indices[order], np.arange(weights.shape[1] + 1))
    place = np.full(weights.shape[0], -1, np.int64)
    for view in range(weights.shape[1]):
        entries = order[bounds[view] : bounds[view + 1]]
        place[rows[entries]] = entries
        ends = place[edges]
        found.append(ends[(ends >= 0).all(axis=1)])
        place[rows[entries]] = -1
    return np.concatenate(found)
