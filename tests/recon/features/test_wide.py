"""Matching by place, against a slow reference."""

from __future__ import annotations

import numpy as np
import pytest

from recon.features.second_look import likely_pairs, lonely
from recon.features.wide import match_places


def unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def scattered(seed: int, places: int = 60, copies: int = 3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points and descriptors of two photos with several keypoints a place, and the partner's place of each place."""
    rng = np.random.default_rng(seed)
    partner = rng.permutation(places)
    at = rng.permutation(400)[:places, None] * np.array([[40.0, 0.0]]) + np.array([[3.0, 7.0]])
    base = rng.normal(size=(places, 24))
    points = np.repeat(at, copies, 0) + rng.uniform(-1, 1, (places * copies, 2))
    first = unit(np.repeat(base, copies, 0) + rng.normal(size=(places * copies, 24)) * 0.15)
    second = unit(np.repeat(base[partner], copies, 0) + rng.normal(size=(places * copies, 24)) * 0.15)
    return points.astype(np.float32), first, second


def reference(points: np.ndarray, first: np.ndarray, second: np.ndarray, ratio: float, radius: float) -> set[tuple[int, int]]:
    """Pairs of places, by loops."""

    def clear(a: np.ndarray, b: np.ndarray) -> dict[int, int]:
        found = {}
        for i, row in enumerate(a):
            distance = np.linalg.norm(b - row, axis=1)
            best = int(distance.argmin())
            elsewhere = np.linalg.norm(points - points[best], axis=1) > radius
            if distance[best] < ratio * distance[elsewhere].min() and distance[best] <= 0.7:
                found[i] = best
        return found

    there, back = clear(first, second), clear(second, first)
    return {(i // 3, j // 3) for i, j in there.items() if j in back and np.linalg.norm(points[back[j]] - points[i]) <= radius}


@pytest.mark.parametrize("tile", [1 << 10, 16 << 20])
def test_pairs_of_places_equal_the_slow_reference_and_come_once(tile: int) -> None:
    points, first, second = scattered(0)
    pairs = match_places((points, first), (points, second), ratio=0.8, radius=4.0, tile_bytes=tile)
    found = [(int(i) // 3, int(j) // 3) for i, j in pairs]
    assert len(found) > 30
    assert len(set(found)) == len(found)
    assert set(found) == reference(points, first, second, 0.8, 4.0)


def test_copies_of_one_place_do_not_compete_but_repeated_places_do() -> None:
    points, first, second = scattered(1)
    apart, together = (len(match_places((points, first), (points, second), ratio=0.8, radius=radius)) for radius in (1e-3, 4.0))
    assert together > 4 * apart
    twice = np.concatenate([points, points + 4000]), np.concatenate([second, second])
    assert len(match_places((points, first), twice, ratio=0.8, radius=4.0)) == 0


def test_nothing_to_match() -> None:
    none = np.zeros((0, 2), np.float32), np.zeros((0, 24), np.float32)
    assert match_places(none, none).shape == (0, 2)


def test_lonely_photos_are_those_with_few_good_pairs() -> None:
    counts = {(a, b): 500 for i, a in enumerate("abcd") for b in "abcd"[i + 1 :]} | {(a, "x"): 20 for a in "abcd"}
    assert lonely(counts) == {"x"}
    assert lonely({("a", "b"): 900}) == set()
    assert lonely({("a", "b"): 50}) == {"a", "b"}


def test_a_lonely_photo_is_compared_with_its_most_similar_ones_only() -> None:
    similarity = {("x", str(i)): i for i in range(20)}
    assert likely_pairs({"x"}, similarity) == [("x", str(i)) for i in range(12, 20)]
    assert len(likely_pairs({"x", "0"}, similarity)) == 9
