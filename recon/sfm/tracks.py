"""Tracks: keypoints of several photos that matches join, since they show the same point."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from recon.features.matches_npz import PairMatches
from recon.sfm.database import Pair, verified


@dataclass(frozen=True, eq=False)
class Followers:
    """Keypoints of one photo, and the keypoint of another photo that leads the track of each.

    Args:
        leader: `[N]` int64 keypoints of the other photo.
        follower: `[N]` int64 keypoints of this photo.
    """

    leader: NDArray[np.int64]
    follower: NDArray[np.int64]


def followers(counts: Mapping[str, int], matches: Mapping[Pair, PairMatches]) -> dict[Pair, Followers]:
    """Every keypoint that has a match, with the leader of its track: the keypoint with the most matches.

    Args:
        counts: Photo id -> number of keypoints.
        matches: Pair of ids -> matches; only the inliers of verified pairs count.

    Returns:
        (photo of the leaders, photo of the followers) -> both, in the order of the photos.
    """
    names = list(counts)
    starts = dict(zip(names, np.cumsum([0, *counts.values()])[:-1], strict=True))
    total = sum(counts.values())
    joined = [found.inliers + [starts[a], starts[b]] for (a, b), found in matches.items() if verified(found)]
    edges = np.concatenate([np.zeros((0, 2), np.int64), *joined])
    leader = _leaders(edges, total)
    photo = np.repeat(np.arange(len(names)), list(counts.values()))
    follower = np.flatnonzero(photo[leader] != photo)  # a lone keypoint leads itself
    pair = photo[leader[follower]] * len(names) + photo[follower]
    result = {}
    for number in np.unique(pair):
        (a, b), chosen = (names[i] for i in divmod(int(number), len(names))), follower[pair == number]
        result[a, b] = Followers(leader[chosen] - starts[a], chosen - starts[b])
    return result


def _leaders(edges: NDArray[np.int64], total: int) -> NDArray[np.int64]:
    """For every keypoint the one with the most matches in its track, the first of several."""
    degree = np.bincount(edges.ravel(), minlength=total)
    _, track = connected_components(coo_array((np.ones(len(edges)), edges.T), shape=(total, total)), directed=False)
    order = np.lexsort((-degree, track))
    first = np.r_[True, np.diff(track[order]) > 0][: len(order)]
    return np.asarray(order[first][track], np.int64)
