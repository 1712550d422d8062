"""PSNR and SSIM are those of scikit-image."""

import numpy as np
import pytest

from recon.errors import ShapeError
from recon.metrics import psnr, ssim

measure = pytest.importorskip("skimage.metrics")


@pytest.fixture
def pair():
    rng = np.random.default_rng(0)
    truth = np.clip(0.5 + 0.4 * np.sin(np.arange(60 * 80 * 3).reshape(60, 80, 3) / 17), 0, 1)
    return np.clip(truth + rng.normal(0, 0.05, truth.shape), 0, 1), truth


def test_both_agree_with_scikit_image(pair):
    picture, truth = pair
    assert psnr(picture, truth) == pytest.approx(measure.peak_signal_noise_ratio(truth, picture, data_range=1), abs=1e-9)
    options = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 1.0, "channel_axis": 2}
    assert ssim(picture, truth) == pytest.approx(measure.structural_similarity(truth, picture, **options), abs=1e-6)


def test_only_the_mask_counts(pair):
    picture, truth = pair
    mask = np.zeros(truth.shape[:2], bool)
    mask[20:40, 20:50] = True
    spoilt = np.where(mask[..., None], picture, 0)
    assert psnr(spoilt, truth, mask) == pytest.approx(psnr(picture, truth, mask))
    inner = np.zeros_like(mask)
    inner[26:34, 26:44] = True
    assert ssim(spoilt, truth, inner) == pytest.approx(ssim(picture, truth, inner))


def test_equal_pictures_and_what_cannot_be_compared(pair):
    _, truth = pair
    assert psnr(truth, truth) == float("inf")
    assert ssim(truth, truth) == pytest.approx(1)
    with pytest.raises(ShapeError):
        psnr(truth, truth[1:])
    with pytest.raises(ShapeError):
        psnr(truth, truth, np.zeros(truth.shape[:2], bool))
    with pytest.raises(ShapeError):
        ssim(truth[:8], truth[:8])
