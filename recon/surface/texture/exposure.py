"""Gain of each photograph's colour channels that makes the same places equally bright in all of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_DARK, _BRIGHT = 8, 247
_ROUNDS = 8
_HUBER = 0.05
_PRIOR = 0.01
_SAMPLES = 50_000


def view_gains(colors: NDArray[np.uint8], visible: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Robust least squares over the overlaps: log colour plus the view's log gain should be the same for all views of a vertex.

    A gain in sRGB is one in linear light to a power, so it stands for exposure, and per channel for white balance. Highlights and
    wrong surface are outliers (Huber weights). Clipped colours do not count. The median gain is 1, so the photos keep their
    brightness as a whole; a view without overlap keeps 1.

    Args:
        colors: `[N, V, 3]` uint8.
        visible: `[N, V]` where they hold.

    Returns:
        `[N, 3]` float32 factors.
    """
    shared = np.flatnonzero(visible.sum(axis=0) >= 2)
    shared = shared[:: max(1, len(shared) // _SAMPLES)]
    gains = np.ones((len(colors), 3), np.float32)
    if not len(shared):
        return gains
    valid = visible[:, shared] & ((colors[:, shared] >= _DARK) & (colors[:, shared] <= _BRIGHT)).all(axis=-1)
    for channel in range(3):
        logs = np.log(np.maximum(colors[:, shared, channel], 1).astype(np.float64))
        gains[:, channel] = np.exp(_log_gains(logs, valid))
    return gains


def _log_gains(logs: NDArray[np.float64], valid: NDArray[np.bool_]) -> NDArray[np.float64]:
    """`[N]` from log values `[N, S]`: iteratively reweighted, each vertex's own level eliminated."""
    gain = np.zeros(len(logs))
    weight = valid.astype(np.float64)
    for _ in range(_ROUNDS):
        total = np.maximum(weight.sum(axis=0), 1e-9)
        level = (weight * logs).sum(axis=0) / total
        matrix = np.diag(weight.sum(axis=1)) - (weight / total) @ weight.T
        matrix += np.eye(len(logs)) * (_PRIOR * max(weight.sum() / len(logs), 1.0))
        gain = np.linalg.solve(matrix, -(weight * (logs - level)).sum(axis=1))
        even = (weight * (logs + gain[:, None])).sum(axis=0) / total
        error = np.abs(logs + gain[:, None] - even)
        weight = valid * np.minimum(1.0, _HUBER / np.maximum(error, 1e-9))
    overlaps = valid.any(axis=1)
    gain = np.where(overlaps, gain, np.median(gain[overlaps]) if overlaps.any() else 0.0)
    return gain - np.median(gain)
