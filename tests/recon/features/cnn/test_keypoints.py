import numpy as np
import pytest
import torch

from recon.features.cnn.keypoints import detect, local_maxima, refine, sharpness
from recon.features.cnn.sampling import sample, sample_patches


def hills(tops, size=32, sharpness=1.0):
    """A score map with a paraboloid at each top."""
    y, x = torch.meshgrid(torch.arange(size, dtype=torch.float32), torch.arange(size, dtype=torch.float32), indexing="ij")
    heights = [4 - sharpness * ((x - u) ** 2 + (y - v) ** 2) for u, v in tops]
    return torch.stack(heights).amax(0)[None, None]


def test_sub_pixel_positions_are_those_of_the_hills():
    tops = [(8.3, 12.7), (20.0, 9.5), (15.6, 22.1)]
    found = detect(hills(tops), 3, border=2)
    distance = torch.cdist(found.points[0], torch.tensor(tops))
    assert found.valid.all()
    assert distance.min(0).values.max() < 0.05


def test_the_position_can_be_trained():
    score = hills([(8.0, 8.0)], 16).requires_grad_()
    points, _ = refine(score, torch.tensor([[[8, 8]]]))
    points[0, 0, 0].backward()
    assert score.grad[0, 0, 8, 9] > 0 > score.grad[0, 0, 8, 7]


def test_a_ridge_is_less_sharp_than_a_peak():
    y, x = torch.meshgrid(torch.arange(16.0), torch.arange(16.0), indexing="ij")
    ridge, peak = (4 - flat * (x - 8) ** 2 - (y - 8) ** 2 for flat in (0.1, 1.0))
    pixel = torch.tensor([[[8, 8]]])
    torch.testing.assert_close(sharpness(ridge[None, None], pixel).item(), 0.2, atol=1e-4, rtol=0)
    torch.testing.assert_close(sharpness(peak[None, None], pixel).item(), 2.0, atol=1e-4, rtol=0)


def test_a_maximum_at_the_corner_stays_in_the_picture():
    score = torch.zeros(1, 1, 8, 8)
    score[0, 0, 0, 0] = 20.0
    points, logits = refine(score, torch.tensor([[[0, 0]]]))
    assert points.abs().max() < 1e-3
    assert logits.item() == 20.0


def test_lesser_maxima_nearby_are_suppressed_and_the_border_is_left_out():
    score = torch.zeros(1, 1, 20, 20)
    score[0, 0, 10, 10], score[0, 0, 10, 12], score[0, 0, 1, 10] = 2.0, 1.0, 5.0
    found = local_maxima(score, border=4)[0]
    assert found[10, 10]
    assert not found[10, 12]
    assert not found[1, 10]


def test_fewer_maxima_than_asked_for_are_marked():
    score = hills([(8.0, 8.0)], 16)
    found = detect(score, 5, border=2)
    assert found.valid.sum() == 1
    assert found.valid[0, 0]


@pytest.mark.parametrize("step", [1, 4])
def test_samples_lie_at_the_centres_of_pixels(step):
    y, x = np.mgrid[:6, :9]
    ramps = torch.from_numpy(np.stack([(x + 0.5) * step - 0.5, (y + 0.5) * step - 0.5]).astype(np.float32))[None]
    points = torch.tensor([[[step * 2.3, step * 3.1], [step * 5.0, step * 1.0]]])
    torch.testing.assert_close(sample(ramps, points, step), points)


def test_patches_are_ordered_as_a_kernel():
    maps, kernel = torch.rand(1, 3, 9, 9), torch.rand(2, 3, 3, 3)
    expected = torch.nn.functional.conv2d(maps, kernel)[0, :, 4, 3]
    got = torch.nn.functional.linear(sample_patches(maps, torch.tensor([[[4.0, 5.0]]]), 1), kernel.flatten(1))[0, 0]
    torch.testing.assert_close(got, expected)
