"""Which photos are compared, and how alike photos look."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from recon.errors import Cancelled
from recon.features.pairs import EXHAUSTIVE_UP_TO, select_pairs
from recon.features.retrieval import similarity


def not_needed() -> NDArray[np.float32]:
    raise AssertionError("looked at the photos")


def ring(count: int) -> NDArray[np.float32]:
    """Photos on a circle: the nearer the more alike."""
    angle = 2 * np.pi * np.arange(count) / count
    return np.cos(angle[:, None] - angle[None]).astype(np.float32)


@pytest.mark.parametrize("method", ["exhaustive", "auto"])
def test_few_photos_are_all_compared_without_looking_at_them(method: str) -> None:
    assert select_pairs(5, method, similarity=not_needed) == list(combinations(range(5), 2))
    assert len(select_pairs(EXHAUSTIVE_UP_TO, method, similarity=not_needed)) == EXHAUSTIVE_UP_TO * (EXHAUSTIVE_UP_TO - 1) // 2


@pytest.mark.parametrize("method", ["exhaustive", "sequential", "retrieval", "auto"])
@pytest.mark.parametrize("count", [2, 3, 9, 100])
def test_pairs_are_in_order_each_once_and_in_range(method: str, count: int) -> None:
    pairs = select_pairs(count, method, similarity=lambda: ring(count))
    assert pairs == sorted(set(pairs))
    assert all(0 <= a < b < count for a, b in pairs)
    assert {i for pair in pairs for i in pair} == set(range(count))


def test_a_sequence_is_compared_with_what_follows_and_at_doubled_steps() -> None:
    none = np.zeros((40, 40), np.float32)
    steps = {b - a for a, b in select_pairs(40, "sequential", overlap=3, neighbours=1, similarity=lambda: none) if a > 2}
    assert steps == {1, 2, 3, 4, 8, 16}


def test_a_sequence_that_comes_back_is_closed() -> None:
    assert {(0, 79), (1, 79)} <= set(select_pairs(80, "sequential", overlap=2, neighbours=20, similarity=lambda: ring(80)))


def test_retrieval_takes_the_most_similar_and_never_the_photo_itself() -> None:
    pairs = select_pairs(100, "retrieval", neighbours=4, similarity=lambda: ring(100))
    assert set(pairs) == {(min(p), max(p)) for i in range(100) for p in ((i, (i + 1) % 100), (i, (i + 2) % 100))}


def test_many_photos_have_both_their_neighbours_and_those_that_look_alike() -> None:
    shuffled = np.random.default_rng(0).permutation(200)
    pairs = set(select_pairs(200, "auto", overlap=1, neighbours=2, similarity=lambda: ring(200)[np.ix_(shuffled, shuffled)]))
    assert {(i, i + 1) for i in range(199)} <= pairs
    place = np.argsort(shuffled)
    assert {(min(p), max(p)) for p in pairwise(place.tolist())} <= pairs
    assert len(pairs) < 200 * 7


def descriptors(scene: int, photo: int, count: int = 150) -> NDArray[np.float32]:
    """Unit descriptors `[count, 16]` of a photo: a draw from what its scene shows, with noise."""
    shown = np.random.default_rng(scene).normal(size=(300, 16))
    rng = np.random.default_rng([scene, photo])
    found = shown[rng.choice(300, count)] + 0.2 * rng.normal(size=(count, 16))
    return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)


def test_photos_of_one_scene_are_more_alike_than_photos_of_two() -> None:
    table = similarity(12, lambda i: descriptors(i % 3, i), words=32)
    same = np.arange(12)[:, None] % 3 == np.arange(12)[None] % 3
    np.testing.assert_allclose(np.diag(table), 1, atol=1e-5)
    np.testing.assert_allclose(table, table.T, atol=1e-6)
    assert table[same & ~np.eye(12, dtype=bool)].min() > table[~same].max() + 0.05


def test_similarity_is_the_same_every_time() -> None:
    one, two = (similarity(4, lambda i: descriptors(i % 2, i)) for _ in range(2))
    np.testing.assert_array_equal(one, two)


def test_a_photo_without_features_is_like_no_other() -> None:
    table = similarity(7, lambda i: descriptors(i % 2, i) if i else np.zeros((0, 16), np.float32), words=16)
    assert not table[0].any()
    assert table[1, 3] > table[1, 2] + 0.2
    assert not similarity(2, lambda _: np.zeros((0, 16), np.float32)).any()


def test_comparing_looks_can_be_stopped() -> None:
    def stop() -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        similarity(3, lambda i: descriptors(0, i), check=stop)
