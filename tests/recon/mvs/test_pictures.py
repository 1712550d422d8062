"""Which pixels of a picture can be matched at all."""

import numpy as np
import pytest

from recon.mvs.pictures import clipped


def noise(level: float, spread: float, size=(60, 80)) -> np.ndarray:
    values = np.random.default_rng(0).normal(level, spread, (*size, 3))
    return values.round().clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    ("level", "spread", "gone"), [(2, 1.0, True), (255, 0.5, True), (40, 1.0, False), (128, 0.0, False), (10, 6.0, False)]
)
def test_only_black_or_white_without_structure_is_clipped(level: float, spread: float, gone: bool) -> None:
    assert clipped(noise(level, spread)).mean() == pytest.approx(float(gone), abs=0.02)


def test_the_void_ends_at_the_outline_of_what_is_bright() -> None:
    image = noise(2, 1.0)
    image[20:40, 30:50] = noise(120, 20.0, (20, 20))
    outside = np.ones((60, 80), bool)
    outside[20:40, 30:50] = False
    assert np.array_equal(clipped(image), outside)


def test_a_saturated_colour_is_not_white() -> None:
    image = np.zeros((30, 30, 3), np.uint8)
    image[..., 0] = 255
    assert not clipped(image).any()
