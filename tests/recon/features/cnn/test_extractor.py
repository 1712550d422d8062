import cv2
import numpy as np
import pytest
import torch

from recon.errors import ShapeError, WeightsError
from recon.features.cnn.extractor import CnnExtractor, load_network
from recon.features.cnn.network import FeatureNetwork
from recon.features.cnn.photos import DrawnPictures
from recon.features.cnn.tiles import tiles
from recon.features.extractor import make_extractor
from recon.features.reduce import shared_out
from recon.features.stage import FeaturesConfig, FeaturesStage
from recon.learning.card import ModelCard
from recon.learning.weights import save_weights


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """Weights that were never trained, except that the score is a bump detector."""
    torch.manual_seed(0)
    network = FeatureNetwork()
    with torch.no_grad():
        for parameter in (*network.context.parameters(), network.fine.weight, network.score.weight):
            parameter.zero_()
        stem = network.architecture.stem
        for field in range(stem):
            network.fine.weight[field, field, 0, 1, 1] = 1.0
        network.lift.weight.zero_()
        y, x = np.mgrid[-2:3, -2:3]
        blob = np.exp(-(x**2 + y**2) / 2) - 0.5 * np.exp(-(x**2 + y**2) / 8)
        network.lift.weight[0, 0] = torch.from_numpy(blob - blob.mean())
        network.score.weight[0, 0, :, 1, 1] = 0.12
    path = tmp_path_factory.mktemp("weights") / "features.safetensors"
    from dataclasses import asdict

    save_weights(network.state_dict(), path, ModelCard("features", "features", asdict(network.architecture)))
    return path


def dots(width, height, places):
    """White round dots of about 3 pixels on grey, at sub-pixel places."""
    y, x = np.mgrid[:height, :width]
    grey = np.full((height, width), 90.0)
    for u, v in places:
        grey += 150 * np.exp(-((x - u) ** 2 + (y - v) ** 2) / (2 * 1.3**2))
    return np.repeat(grey.clip(0, 255).astype(np.uint8)[..., None], 3, 2)


def photo(index=0, size=320):
    return np.repeat((DrawnPictures(size=size)[index] * 255).astype(np.uint8)[..., None], 3, 2)


def test_keypoints_are_in_pixels_with_the_centre_of_the_first_at_zero(weights):
    places = np.array([[40.3, 30.6], [90.0, 70.5], [150.7, 20.2]])
    found = CnnExtractor(weights, least_score=0.1).extract(dots(200, 100, places))
    distance = np.linalg.norm(found.keypoints[:3, None, :2] - places, axis=2)
    assert distance.min(0).max() < 0.3
    assert found.size == (200, 100)


def test_keypoints_of_a_reduced_photo_are_in_pixels_of_the_full_one(weights):
    places = np.array([[80.0, 60.0], [240.0, 120.0]])
    big = cv2.resize(dots(200, 100, (places + 0.5) / 2 - 0.5), (400, 200), interpolation=cv2.INTER_CUBIC)
    found = CnnExtractor(weights, max_size=200, least_score=0.1).extract(big)
    assert np.linalg.norm(found.keypoints[:2, None, :2] - places, axis=2).min(0).max() < 0.6


def test_half_the_resolution_finds_the_same_places(weights):
    picture = dots(256, 128, [(60.0, 60.0)])
    found = CnnExtractor(weights, max_features=10, half=0.5).extract(cv2.GaussianBlur(picture, (0, 0), 2))
    coarse = found.keypoints[found.keypoints[:, 2] > 6]
    assert np.linalg.norm(coarse[:, :2] - [60, 60], axis=1).min() < 1.0


@pytest.mark.parametrize(("width", "height"), [(1, 1), (7, 3), (33, 200), (640, 20)])
def test_photos_of_any_size_are_taken(weights, width, height):
    rng = np.random.default_rng(0)
    found = CnnExtractor(weights).extract(rng.integers(0, 255, (height, width, 3), np.uint8))
    assert found.descriptors.shape == (len(found), 64)
    assert np.all(found.keypoints[:, :2] < [width, height])


def test_masked_parts_have_no_keypoints(weights):
    mask = np.zeros((320, 320), bool)
    mask[:, 160:] = True
    found = CnnExtractor(weights).extract(photo(), mask)
    assert len(found) > 20
    assert found.keypoints[:, 0].min() > 159


def test_the_noise_of_a_dark_background_has_no_keypoints(weights):
    picture = dots(200, 100, [(40, 30), (60, 60)])
    picture[:, 100:] = np.random.default_rng(0).integers(3, 6, (100, 100, 1))
    found = CnnExtractor(weights).extract(picture).keypoints
    assert len(found)
    assert found[:, 0].max() < 110


def test_the_limit_holds_and_the_strongest_come_first(weights):
    every, few = CnnExtractor(weights).extract(photo()), CnnExtractor(weights, max_features=50).extract(photo())
    assert len(few) == 50
    assert np.array_equal(few.keypoints[0], every.keypoints[0])


def test_the_same_photo_gives_the_same_bytes(weights):
    first, second = (CnnExtractor(weights).extract(photo()) for _ in range(2))
    assert first.keypoints.tobytes() == second.keypoints.tobytes()
    assert first.descriptors.tobytes() == second.descriptors.tobytes()


def test_pieces_find_what_the_whole_picture_shows(weights):
    picture = photo(1, 480)
    whole = CnnExtractor(weights, max_features=20000).extract(picture)
    pieces = CnnExtractor(weights, max_features=20000, tile=256).extract(picture)
    distance = np.linalg.norm(whole.keypoints[:, None, :2] - pieces.keypoints[None, :, :2], axis=2)
    assert (distance.min(1) < 0.5).mean() > 0.95
    assert abs(len(whole) - len(pieces)) < 0.05 * len(whole)


@pytest.mark.parametrize(("width", "height"), [(100, 5000), (1536, 1024), (2000, 3000), (1537, 1570)])
def test_pieces_cover_a_picture_once_and_stay_small(width, height):
    count = np.zeros((height, width), np.uint8)
    for tile in tiles(width, height):
        left, top, right, bottom = (int(v) for v in tile.core)
        count[top:bottom, left:right] += 1
        assert tile.x <= left
        assert right <= tile.x + tile.width <= width
        assert max(tile.width, tile.height) <= 1536
        assert tile.x % 32 == tile.y % 32 == 0
    assert (count == 1).all()


def test_keypoints_are_shared_out_over_the_picture():
    points = np.concatenate([np.full((50, 2), 10.0), [[90.0, 90.0]]])
    strength = np.r_[np.linspace(1, 0.9, 50), 0.1]
    assert 50 in shared_out(points, strength, 10, (100, 100))
    assert shared_out(points, strength, 100, (100, 100)).tolist() == list(range(51))


def test_bad_pictures_and_masks_are_refused(weights):
    with pytest.raises(ShapeError, match="uint8"):
        CnnExtractor(weights).extract(np.zeros((4, 4, 3), np.float32))
    with pytest.raises(ShapeError, match="mask"):
        CnnExtractor(weights).extract(np.zeros((4, 4, 3), np.uint8), np.ones((5, 4), bool))


def test_weights_are_named_by_the_setting_and_belong_to_the_key(weights):
    config = FeaturesConfig(extractor="cnn", weights=str(weights))
    assert make_extractor(config).weights == weights
    assert FeaturesStage().weights_digest(config) == load_network(weights, "cpu")[1].sha256
    assert FeaturesStage().weights_digest(FeaturesConfig()) == ""


def test_missing_weights_are_told(tmp_path):
    with pytest.raises(WeightsError, match="no such file"):
        CnnExtractor(tmp_path / "none.safetensors").extract(photo(0, 64))
