"""Where keypoints lie, how many there are, and what pictures and masks do to them."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from recon.errors import SettingsError, ShapeError
from recon.features.extractor import Features, make_extractor
from recon.features.sift import SiftExtractor, root_descriptors
from recon.features.stage import FeaturesConfig
from recon.pipeline.config import build


def centers(width: int, height: int) -> NDArray[np.float64]:
    """Places `[20, 2]` between the pixels, well apart."""
    x, y = np.meshgrid(np.arange(1, 6) * width / 6, np.arange(1, 5) * height / 5)
    return np.stack([x.ravel(), y.ravel()], 1) + np.random.default_rng(0).uniform(-0.5, 0.5, (20, 2))


def spots(width: int, height: int, sigma: float, where: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Round bright spots `[H, W, 3]` whose middles are exactly `where`; the first pixel's centre is (0, 0)."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    grey = np.full((height, width), 60, np.float32)
    for cx, cy in where:
        grey += 150 * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * sigma**2))
    return np.repeat(np.rint(grey).astype(np.uint8)[..., None], 3, axis=2)


def texture(size: tuple[int, int] = (200, 300)) -> NDArray[np.uint8]:
    """Grains of three sizes, `[H, W, 3]`."""
    rng = np.random.default_rng(0)
    grains = [cv2.GaussianBlur(rng.normal(size=size), (0, 0), sigma) * sigma for sigma in (1.5, 3, 6)]
    grey = np.clip(128 + 90 * sum(grains), 0, 255).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)


def nearest(features: Features, where: NDArray[np.float64]) -> NDArray[np.float32]:
    """The keypoint closest to each place, `[N, 4]`."""
    distance = np.linalg.norm(features.keypoints[:, None, :2] - where[None], axis=2)
    return features.keypoints[distance.argmin(axis=0)]


@pytest.mark.parametrize(
    ("width", "height", "sigma", "max_size"), [(400, 300, 3.0, 2000), (400, 300, 6.0, 2000), (801, 603, 8.0, 400), (800, 600, 9.0, 333)]
)
def test_keypoints_lie_on_the_middle_of_a_spot_whatever_the_reduction(width: int, height: int, sigma: float, max_size: int) -> None:
    where = centers(width, height)
    found = nearest(SiftExtractor(max_size=max_size).extract(spots(width, height, sigma, where)), where)
    offsets = found[:, :2] - where
    assert np.abs(offsets).max() < 0.12
    assert np.abs(offsets.mean(axis=0)).max() < 0.05  # a shift of the whole picture, such as half a pixel
    np.testing.assert_allclose(np.median(found[:, 2]), sigma, rtol=0.2)


def test_size_is_that_of_the_photo_not_of_the_reduced_picture() -> None:
    features = SiftExtractor(max_size=150).extract(texture())
    assert features.size == (300, 200)
    assert features.keypoints[:, 0].max() > 200


def test_a_turned_picture_has_the_same_keypoints_turned() -> None:
    where = centers(400, 300)
    image = spots(400, 300, 4.0, where)
    turned = nearest(SiftExtractor().extract(np.ascontiguousarray(image[::-1, ::-1])), [399, 299] - where)
    np.testing.assert_allclose([399, 299] - turned[:, :2], where, atol=0.1)


@pytest.mark.parametrize("max_size", [2000, 150])
def test_keypoints_stay_inside_the_mask(max_size: int) -> None:
    mask = np.zeros((200, 300), bool)
    mask[50:120, 100:220] = True
    features = SiftExtractor(max_size=max_size).extract(texture(), mask)
    x, y = np.rint(features.keypoints[:, 0]).astype(int), np.rint(features.keypoints[:, 1]).astype(int)
    assert len(features) > 10
    assert mask[y, x].all()


def test_a_mask_that_leaves_nothing_leaves_no_keypoints() -> None:
    assert len(SiftExtractor().extract(texture(), np.zeros((200, 300), bool))) == 0


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (16, 16), (120, 160)])
def test_a_blank_or_tiny_picture_has_no_keypoints_and_no_error(size: tuple[int, int]) -> None:
    features = SiftExtractor().extract(np.full((*size, 3), 128, np.uint8))
    assert features.keypoints.shape == (0, 4)
    assert features.descriptors.shape == (0, 128)
    assert features.descriptors.dtype == np.uint8


def test_the_same_picture_gives_the_same_features() -> None:
    one, two = (SiftExtractor(max_features=100).extract(texture()) for _ in range(2))
    np.testing.assert_array_equal(one.keypoints, two.keypoints)
    np.testing.assert_array_equal(one.descriptors, two.descriptors)


def test_a_limit_keeps_keypoints_in_all_parts_of_the_picture() -> None:
    """Left half: strong contrast; right half: weak. The strongest overall would all be on the left."""
    image = texture((300, 400)).astype(float)
    image[:, 200:] = 128 + 0.15 * (image[:, 200:] - 128)
    features = SiftExtractor(max_features=100).extract(image.astype(np.uint8))
    assert len(features) == 100
    assert (features.keypoints[:, 0] > 210).sum() > 25


def test_a_faint_picture_is_searched_with_a_lower_threshold() -> None:
    faint = (128 + 0.04 * (texture((300, 400)).astype(float) - 128)).astype(np.uint8)
    assert len(SiftExtractor(contrast=0.02).extract(faint)) > 100


def test_descriptors_tell_spots_of_one_picture_from_those_of_another() -> None:
    """A shifted picture: the nearest descriptor is that of the same place."""
    image = texture((150, 200))
    one, two = SiftExtractor().extract(image), SiftExtractor().extract(np.ascontiguousarray(image[10:, 20:]))
    best = (two.unit_descriptors @ one.unit_descriptors.T).argmax(axis=1)
    there = one.keypoints[best, :2] - [20, 10]
    inner = (two.keypoints[:, :2] > 25).all(axis=1)
    assert (np.linalg.norm(there - two.keypoints[:, :2], axis=1) < 1)[inner].mean() > 0.9


def test_root_descriptors_are_unit_vectors_of_512() -> None:
    raw = np.random.default_rng(0).integers(0, 255, (10, 128)).astype(np.float32)
    found = root_descriptors(raw).astype(float) / 512
    np.testing.assert_allclose(found, np.sqrt(raw / raw.sum(axis=1, keepdims=True)), atol=0.5 / 512 + 1e-9)
    assert not root_descriptors(np.zeros((1, 128), np.float32)).any()


def test_wrong_pictures_and_masks_are_refused() -> None:
    for image in (np.zeros((10, 10), np.uint8), np.zeros((10, 10, 3), np.float32), np.zeros((10, 10, 4), np.uint8)):
        with pytest.raises(ShapeError):
            SiftExtractor().extract(image)
    with pytest.raises(ShapeError, match="mask"):
        SiftExtractor().extract(texture(), np.ones((10, 10), bool))


def test_the_extractor_is_chosen_by_config() -> None:
    config = build(FeaturesConfig, {"max_features": 300, "max_size": 500})
    assert make_extractor(config) == SiftExtractor(300, 500, config.contrast)
    with pytest.raises(SettingsError):
        build(FeaturesConfig, {"extractor": "magic"})
