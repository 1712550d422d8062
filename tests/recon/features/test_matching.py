"""Matches against a slow reference that follows the definition."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from recon.errors import ShapeError
from recon.features.matching import match_descriptors


def unit(values: NDArray[np.floating]) -> NDArray[np.float32]:
    return (values / np.linalg.norm(values, axis=1, keepdims=True)).astype(np.float32)


def related(rng: np.random.Generator, count: int, extra: int, spread: float = 0.15) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Two sets `[count, 16]` and `[count + extra, 16]`, the second in another order with noise and strangers."""
    first = unit(rng.normal(size=(count, 16)))
    noisy = first + spread * rng.normal(size=first.shape) / 4
    second = unit(np.concatenate([noisy, rng.normal(size=(extra, 16))])[rng.permutation(count + extra)])
    return first, second


def reference(first: NDArray[np.float32], second: NDArray[np.float32], ratio: float, max_distance: float) -> list[tuple[int, int]]:
    """One pair at a time: mutual nearest neighbours, nearer than `ratio` times the next best from both sides."""
    distance = np.linalg.norm(first[:, None].astype(float) - second[None], axis=2)
    pairs = []
    for i, row in enumerate(distance):
        j = int(row.argmin())
        column = distance[:, j]
        if int(column.argmin()) != i or row[j] > max_distance:
            continue
        next_best = min(np.delete(row, j).min(initial=2.0), np.delete(column, i).min(initial=2.0))
        if row[j] < ratio * next_best:
            pairs.append((i, j))
    return pairs


@pytest.mark.parametrize("ratio", [0.6, 0.8, 0.95, 1.0])
@pytest.mark.parametrize("tile_bytes", [1, 1000, 1 << 24])
@pytest.mark.parametrize("sizes", [(60, 20), (5, 200), (120, 0), (1, 0), (1, 3)])
def test_matches_are_those_of_the_definition_whatever_the_tiles(ratio: float, tile_bytes: int, sizes: tuple[int, int]) -> None:
    first, second = related(np.random.default_rng(7), *sizes, spread=0.6)
    for a, b in ((first, second), (second, first)):
        found = match_descriptors(a, b, ratio=ratio, max_distance=0.7, tile_bytes=tile_bytes)
        assert [tuple(pair) for pair in found.tolist()] == reference(a, b, ratio, 0.7)


def test_the_reference_finds_matches_and_leaves_some_out() -> None:
    first, second = related(np.random.default_rng(7), 60, 20, spread=0.6)
    strict, loose = len(reference(first, second, 0.6, 0.7)), len(reference(first, second, 1.0, 0.7))
    assert 0 < strict < loose <= 60


def test_order_of_the_descriptors_does_not_matter() -> None:
    rng = np.random.default_rng(1)
    first, second = related(rng, 50, 10)
    a, b = rng.permutation(50), rng.permutation(60)
    found = {(i, j) for i, j in match_descriptors(first, second).tolist()}
    shuffled = {(a[i], b[j]) for i, j in match_descriptors(first[a], second[b]).tolist()}
    assert found == shuffled
    assert len(found) > 40


@pytest.mark.parametrize("ratio", [0.8, 1.0])
@pytest.mark.parametrize("tile_bytes", [1, 1 << 24])
def test_ties_never_match(ratio: float, tile_bytes: int) -> None:
    """A repeated pattern: each of the three equal descriptors could be the one."""
    first, second = related(np.random.default_rng(2), 20, 0)
    repeated = np.concatenate([second, second[:1], second[:1]])
    lost = int(reference(first, second, 1.0, 0.7)[0][0])
    found = match_descriptors(first, repeated, ratio=ratio, tile_bytes=tile_bytes)
    assert not ({0, 20, 21} & set(found[:, 1].tolist()))
    assert len(found) >= 18
    found = match_descriptors(repeated, first, ratio=ratio, tile_bytes=tile_bytes)
    assert not ({0, 20, 21} & set(found[:, 0].tolist()))
    assert lost == 0


def test_far_descriptors_do_not_match() -> None:
    eye = np.eye(8, dtype=np.float32)
    assert len(match_descriptors(eye, unit(eye + 0.05), max_distance=0.7)) == 8
    assert len(match_descriptors(eye, unit(eye + 0.05), max_distance=0.01)) == 0


@pytest.mark.parametrize(("n", "m"), [(0, 0), (0, 5), (5, 0)])
def test_nothing_matches_nothing(n: int, m: int) -> None:
    found = match_descriptors(np.zeros((n, 8), np.float32), np.zeros((m, 8), np.float32))
    assert found.shape == (0, 2)
    assert found.dtype == np.int32


def test_wrong_shapes_are_refused() -> None:
    with pytest.raises(ShapeError):
        match_descriptors(np.zeros((2, 8), np.float32), np.zeros((2, 9), np.float32))
    with pytest.raises(ShapeError):
        match_descriptors(np.zeros(8, np.float32), np.zeros((2, 8), np.float32))
