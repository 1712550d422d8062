import numpy as np

from recon.features.matching import match_descriptors
from recon.features.turned import best_turn, turned


def units(count, seed=0):
    rows = np.random.default_rng(seed).standard_normal((count, 64)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_the_turn_between_two_photos_is_found():
    first = units(200)
    for times in range(4):
        second = turned(first, times)[::-1].copy()
        assert best_turn(first, second) == times
        assert len(match_descriptors(turned(first, times), second)) == 200


def test_four_turns_are_none():
    assert np.array_equal(turned(units(5), 4), units(5))
    assert np.array_equal(turned(turned(units(5), 1), 2), turned(units(5), 3))


def test_photos_that_have_nothing_in_common_are_not_turned():
    assert best_turn(units(300), units(300, seed=1)) == 0
    assert best_turn(units(0), units(300)) == 0
