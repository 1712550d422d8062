"""How similar photos look, by one global descriptor each: VLAD of the local descriptors over words learned in the scene itself.

It takes whatever the extractor gives, so with learned features it comes from their network; true pairs are found about as often as
with SIFT.

Jegou et al., Aggregating local image descriptors into compact codes, PAMI 2012; residuals normalised per word after
Arandjelovic and Zisserman, All about VLAD, CVPR 2013.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

_PER_PHOTO = 1000
_TRAINING = 60_000
_ROUNDS = 12
Load = Callable[[int], NDArray[np.float32]]


def similarity(count: int, load: Load, *, words: int = 64, seed: int = 0, check: Callable[[], None] = lambda: None) -> NDArray[np.float32]:
    """Cosine similarity of all photos, `[count, count]`; arguments as for `global_descriptors`."""
    table = global_descriptors(count, load, words=words, seed=seed, check=check)
    return np.asarray(table @ table.T, np.float32)


def global_descriptors(
    count: int, load: Load, *, words: int = 64, seed: int = 0, check: Callable[[], None] = lambda: None
) -> NDArray[np.float32]:
    """One vector a photo, `[count, words * D]`: of unit length, zero where a photo has no features.

    Args:
        count: Number of photos.
        load: Index -> unit descriptors `[N, D]` of a photo, the strongest first.
        words: Size of the vocabulary; less where there are fewer descriptors.
        seed: Of the vocabulary.
        check: Called between photos; may raise to stop.
    """
    rng = np.random.default_rng(seed)
    share = max(1, _TRAINING // max(count, 1))
    samples = []
    for i in range(count):
        check()
        samples.append(load(i)[: min(share, _PER_PHOTO)])
    training = np.concatenate(samples) if samples else np.zeros((0, 1), np.float32)
    if len(training) == 0:
        return np.zeros((count, words), np.float32)
    vocabulary = _kmeans(training, min(words, len(training)), rng)
    codes = []
    for i in range(count):
        check()
        codes.append(_vlad(load(i)[:_PER_PHOTO], vocabulary))
    return np.stack(codes)


def _kmeans(data: NDArray[np.float32], words: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Centres `[words, D]` by Lloyd's algorithm; a centre that loses all its points takes a random one."""
    centres = data[rng.choice(len(data), words, replace=False)]
    for _ in range(_ROUNDS):
        nearest = _nearest(data, centres)
        sums = np.zeros(centres.shape, np.float64)
        np.add.at(sums, nearest, data)
        counts = np.bincount(nearest, minlength=words)
        empty = counts == 0
        centres = (sums / np.maximum(counts, 1)[:, None]).astype(np.float32)
        centres[empty] = data[rng.choice(len(data), int(empty.sum()))]
    return centres


def _nearest(data: NDArray[np.float32], centres: NDArray[np.float32]) -> NDArray[np.intp]:
    return np.asarray(np.argmax(data @ centres.T - 0.5 * (centres**2).sum(axis=1), axis=1), np.intp)


def _vlad(data: NDArray[np.float32], centres: NDArray[np.float32]) -> NDArray[np.float32]:
    """Unit vector `[words * D]`; zero when there are no descriptors."""
    total = np.zeros(centres.shape, np.float32)
    if len(data):
        nearest = _nearest(data, centres)
        np.add.at(total, nearest, data - centres[nearest])
    total /= np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-12)
    return np.asarray(total.ravel() / max(float(np.linalg.norm(total)), 1e-12), np.float32)
