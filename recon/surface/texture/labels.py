"""One view for every face: good views, few seams."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recon.surface.topology import edge_keys

_NEVER = np.float32(1e6)
_DAMPING = 0.2


def face_pairs(faces: NDArray[np.int32]) -> NDArray[np.int64]:
    """Pairs of faces that share an edge `[E, 2]`; edges of more than two faces join none."""
    _, keys = edge_keys(faces)
    order = np.argsort(keys, kind="stable")
    _, first, counts = np.unique(keys[order], return_index=True, return_counts=True)
    first = first[counts == 2]
    pairs: NDArray[np.int64] = np.stack([order[first] // 3, order[first + 1] // 3], axis=1)
    return np.asarray(pairs[pairs[:, 0] != pairs[:, 1]])


def choose_views(
    candidates: NDArray[np.int32], quality: NDArray[np.float32], pairs: NDArray[np.int64], seam_cost: float, rounds: int = 20
) -> NDArray[np.int32]:
    """Least total cost of lost quality and seams, approximately, by min-sum belief propagation.

    A face's cost of a view is the share of its best view's quality that is lost; two neighbours with different views cost
    `seam_cost` (the energy of Lempitsky and Ivanov 2007, "Seamless mosaicing of image-based texture maps"; messages as in
    Felzenszwalb and Huttenlocher 2006, "Efficient belief propagation for early vision", section 3.1, over each face's own views).

    Args:
        candidates: `[F, K]` view numbers, -1 = none.
        quality: `[F, K]`, 0 = no candidate.
        pairs: `[E, 2]` neighbouring faces.
        seam_cost: Of a seam edge.
        rounds: Of message passing.

    Returns:
        `[F]` int32 view of each face, -1 where it has no candidate.
    """
    cost = 1 - quality / np.maximum(quality.max(axis=1, keepdims=True), 1e-30)
    cost = np.where(candidates >= 0, cost, _NEVER).astype(np.float32)
    belief = cost
    seen = np.asarray((candidates >= 0).any(axis=1))
    pairs = pairs[seen[pairs].all(axis=1)]
    if len(pairs) and seam_cost > 0:
        belief = _propagate(cost, candidates, pairs, np.float32(seam_cost), rounds)
    best = belief.argmin(axis=1)
    return np.where(seen, np.take_along_axis(candidates, best[:, None], axis=1)[:, 0], -1).astype(np.int32)


def components(labels: NDArray[np.int32], pairs: NDArray[np.int64]) -> tuple[NDArray[np.int64], int]:
    """Patch of each face `[F]` and the number of patches: connected faces with the same view; a face without a view is one of its own."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    same = pairs[(labels[pairs[:, 0]] == labels[pairs[:, 1]]) & (labels[pairs[:, 0]] >= 0)]
    graph = coo_array((np.ones(len(same), bool), (same[:, 0], same[:, 1])), shape=(len(labels), len(labels)))
    count, patch = connected_components(graph, directed=False)
    return np.asarray(patch, np.int64), int(count)


def _propagate(
    cost: NDArray[np.float32], candidates: NDArray[np.int32], pairs: NDArray[np.int64], seam: np.float32, rounds: int
) -> NDArray[np.float32]:
    """Beliefs `[F, K]`: cost plus all messages that reach a face."""
    source, target = np.concatenate([pairs, pairs[:, ::-1]]).T
    back = np.roll(np.arange(len(source)), len(pairs))
    same = candidates[target][:, :, None] == candidates[source][:, None, :]
    same &= (candidates[target] >= 0)[:, :, None]
    place, common = same.argmax(axis=2), same.any(axis=2)
    messages = np.zeros((len(source) + 1, cost.shape[1]), np.float32)  # the last one is nobody's
    inbox = _inbox(target, len(cost))
    belief = cost
    for _ in range(rounds):
        outgoing = belief[source] - messages[back]
        lowest = outgoing.min(axis=1, keepdims=True)
        kept = np.where(common, np.take_along_axis(outgoing, place, axis=1), _NEVER)
        fresh = np.minimum(kept, lowest + seam)
        fresh -= fresh.min(axis=1, keepdims=True)
        messages[:-1] += (1 - _DAMPING) * (fresh - messages[:-1])
        belief = cost + messages[inbox].sum(axis=1)
    return belief


def _inbox(target: NDArray[np.int64], faces: int) -> NDArray[np.int64]:
    """The messages that reach each face `[F, 3]`; `len(target)` stands for none."""
    order = np.argsort(target, kind="stable")
    counts = np.bincount(target, minlength=faces)
    starts = np.cumsum(counts) - counts
    box = np.full((faces, 3), len(target), np.int64)
    box[target[order], np.arange(len(target)) - starts[target[order]]] = order
    return box
