"""The network's parts against plain definitions, and the whole before any training."""

import numpy as np
import pytest
import torch
from torch.nn.functional import conv3d, grid_sample, interpolate

from recon.errors import ShapeError
from recon.mvs.cnn.examples import assemble
from recon.mvs.cnn.features import CHANNELS, FeaturePyramid, contrast
from recon.mvs.cnn.network import COUNTS, MvsNetwork, Part, regress
from recon.mvs.cnn.regularise import PlaneConvolution, Refinement, Upsampler
from recon.mvs.cnn.task import MvsTask, rays_of, run
from recon.mvs.cnn.toy import toy_set
from recon.mvs.cnn.volume import Gathering, similarities
from recon.mvs.costs import Zncc
from recon.mvs.warp import project, row_rays

SIZE = (96, 64)


@pytest.fixture(scope="module")
def views():
    return toy_set(3, 5, SIZE, 1, 0.15)


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return MvsNetwork().eval()


def batch_of(views, chosen=(0, 1, 2)):
    return MvsTask(None).collate([assemble(views, list(chosen))])


def error_px(result, batch):
    """Errors in pixels of parallax."""
    return (result.inverse_depth - batch["inverse_depth"]).abs()[0] / result.levels[-1].step[0] * 0.5


@torch.no_grad()
def test_an_untrained_network_matches_already(views, network):
    batch = batch_of(views, (0, 1, 2, 3, 4))
    error = error_px(run(network, batch), batch)[8:-8, 8:-8]
    assert (error < 1).float().mean() > 0.7


@torch.no_grad()
@pytest.mark.parametrize("coarsest", [2, 3])
def test_shapes_and_ranges(views, network, coarsest):
    batch = batch_of(views)
    result = run(network, batch, coarsest=coarsest)
    assert result.inverse_depth.shape == result.confidence.shape == (1, 64, 96)
    for level, (count, scale) in zip(result.levels[:0:-1], zip(COUNTS[:coarsest], (1, 2, 4)[:coarsest], strict=True), strict=True):
        assert level.logits.shape == (1, count, 64 // scale, 96 // scale)
        assert level.weights.shape == (1, 2, 64 // scale, 96 // scale)
        assert 0 <= level.peak.min() <= level.peak.max() <= 1.00001
        assert (level.step > 0).all()
    assert result.levels[0].logits.shape[1] % 8 == 0
    sure = result.confidence.sigmoid()
    assert 0 <= sure.min() <= sure.max() <= 1


@pytest.mark.parametrize("shape", [(1, 1, 3, 64, 96), (1, 3, 3, 60, 96), (3, 3, 64, 96)])
def test_wrong_shapes_are_refused(network, views, shape):
    batch = batch_of(views)
    with pytest.raises(ShapeError):
        network(torch.zeros(shape), rays_of(batch), batch["near"], batch["far"])


@torch.no_grad()
@pytest.mark.parametrize("count", [1, 2, 4])
def test_any_number_of_sources(views, network, count):
    batch = batch_of(views, range(1 + count))
    result = run(network, batch)
    assert torch.isfinite(result.inverse_depth).all()
    assert (error_px(result, batch) < 2).float().mean() > 0.3


@torch.no_grad()
def test_the_order_of_the_sources_does_not_matter(views, network):
    a, b = (run(network, batch_of(views, order)).inverse_depth for order in ((0, 1, 2, 3), (0, 3, 1, 2)))
    torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_a_batch_is_its_items(views, network):
    other = toy_set(4, 5, SIZE, 1, 0.15)
    task = MvsTask(None)
    both = [assemble(v, [0, 1, 2]) for v in (views, other)]
    # The number of planes is the same for a whole batch, so the range has to be as well.
    near, far = min(e["near"] for e in both), max(e["far"] for e in both)
    both = [{**e, "near": near, "far": far} for e in both]
    together = run(network, task.collate(both)).inverse_depth
    for i, example in enumerate(both):
        alone = run(network, task.collate([example])).inverse_depth[0]
        assert (alone - together[i]).abs().median() < 2e-3


@torch.no_grad()
def test_same_input_gives_the_same_bytes(views, network):
    a, b = (run(network, batch_of(views)).inverse_depth for _ in range(2))
    assert torch.equal(a, b)


@torch.no_grad()
def test_hypotheses_of_the_sweep_span_the_range(views, network):
    batch = batch_of(views)
    level = run(network, batch).levels[0]
    last = level.first + level.step * (level.logits.shape[1] - 1)
    torch.testing.assert_close(level.first, (1 / batch["far"]).expand_as(level.first), rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(last, (1 / batch["near"]).expand_as(last), rtol=1e-4, atol=1e-6)
    known = batch["inverse_depth"] > 0
    assert (batch["inverse_depth"][known] < float(last.max())).all()
    assert (batch["inverse_depth"][known] > float(level.first.min())).all()


@torch.no_grad()
def test_a_part_is_computed_as_in_the_whole(views, network):
    batch = batch_of(views)
    whole = run(network, batch)
    part = run(network, batch, Part(4, 8, 24, 32))
    assert part.inverse_depth.shape == (1, 48, 64)
    inner = (whole.inverse_depth[:, 8:56, 16:80] - part.inverse_depth)[:, 16:-16, 16:-16].abs() / whole.levels[-1].step.mean()
    assert inner.median() < 0.05


@torch.no_grad()
def test_bands_of_rows_change_nothing(views, network):
    batch = batch_of(views)
    whole = run(network, batch)
    try:
        network.band_bytes = 1 << 18
        banded = run(network, batch)
    finally:
        network.band_bytes = None
    torch.testing.assert_close(banded.inverse_depth, whole.inverse_depth, rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_similarities_are_products_of_samples_at_projected_pixels(views):
    batch = batch_of(views)
    rng = torch.Generator().manual_seed(0)
    reference, sources = torch.randn(1, 6, 64, 96, generator=rng), torch.randn(1, 2, 6, 64, 96, generator=rng)
    field = batch["inverse_depth"]
    hypotheses = torch.stack([field, 1.1 * field], 1)
    rows = row_rays(rays_of(batch)[0], 64, 96)
    found, valid = similarities(reference, sources, rows, hypotheses, 3)
    for n in range(2):
        grid, inside = project(rows, hypotheses[0, n])
        sampled = grid_sample(sources[0], grid, padding_mode="border", align_corners=True)
        expected = (sampled * reference).view(2, 3, 2, 64, 96).sum(2) * inside[:, None]
        torch.testing.assert_close(found[0, :, :, n], expected, rtol=1e-4, atol=1e-5)
        assert torch.equal(valid[0, :, n], inside)


@torch.no_grad()
def test_an_occluded_source_counts_little():
    gather = Gathering().eval()
    # Three sources agree on hypothesis 2, the fourth sees something else and likes none.
    similarity = torch.full((1, 4, 2, 5, 8, 8), 0.05)
    similarity[:, :3, :, 2] = 0.45
    similarity[:, 3, :, 0] = 0.12
    mean, weights = gather(similarity, torch.ones(1, 4, 5, 8, 8, dtype=torch.bool), None)
    assert weights[:, 3].max() < 0.3 * weights[:, :3].min()
    assert (mean[:, -1].argmax(1) == 2).all()
    alone = gather(similarity[:, :3], torch.ones(1, 3, 5, 8, 8, dtype=torch.bool), None)[0]
    assert (mean[:, -1, 2] > 0.9 * alone[:, -1, 2]).all()


@torch.no_grad()
def test_a_source_that_does_not_see_the_point_does_not_count():
    gather = Gathering().eval()
    similarity = torch.rand(1, 3, 2, 4, 6, 6)
    valid = torch.ones(1, 3, 4, 6, 6, dtype=torch.bool)
    valid[:, 2] = False
    similarity[:, 2] = 0
    with_it, without = gather(similarity, valid, None)[0], gather(similarity[:, :2], valid[:, :2], None)[0]
    torch.testing.assert_close(with_it, without, rtol=5e-3, atol=1e-3)


@torch.no_grad()
def test_features_before_training_correlate_as_zncc_does():
    torch.manual_seed(0)
    image = interpolate(torch.rand(1, 3, 16, 16), (32, 32), mode="bilinear")
    brighter = (0.5 * image + 0.2).clamp(0, 1)
    pyramid = FeaturePyramid().eval()
    for layer in pyramid.learned:
        torch.nn.init.zeros_(layer.weight)
    one, two = pyramid(image)[0][0], pyramid(brighter)[0][0]
    assert one.shape[1] == CHANNELS[0]
    assert (one * two).sum(1)[:, 4:-4, 4:-4].min() > 0.97
    grey = (image[0] * torch.tensor([0.299, 0.587, 0.114])[:, None, None]).sum(0) - 0.5
    shifted = torch.roll(grey, 1, 1)
    zncc = Zncc(2)
    expected = zncc.similarity(zncc.reference(grey[None]), shifted[None, None])[0]
    moved = pyramid(torch.roll(image, 1, 3))[0][0]
    found = (one * moved).sum(1)[0, 2:-2, 2:-2]
    inner = np.s_[6:-6, 6:-6]
    assert np.corrcoef(found.numpy()[inner].ravel(), expected.numpy()[inner].ravel())[0, 1] > 0.6


def test_contrast_is_free_of_exposure_and_finite_on_black():
    grey = torch.rand(1, 1, 20, 20)
    a, b = contrast(grey, 3)[0], contrast(0.5 * grey + 0.3, 3)[0]
    torch.testing.assert_close(a, b, rtol=5e-3, atol=5e-3)
    flat, spread = contrast(torch.zeros(1, 1, 20, 20), 3)
    assert flat.abs().max() == 0
    assert torch.isfinite(spread).all()


@torch.no_grad()
@pytest.mark.parametrize("stride", [1, 2])
def test_plane_convolution_equals_a_3d_convolution(stride):
    torch.manual_seed(0)
    layer = PlaneConvolution(3, 5, stride)
    layer.bias.normal_()
    x = torch.randn(2, 40, 3, 10, 12)
    # Answer k of plane n goes to plane n + 1 - k: kernel slice 2 - k of the 3D convolution is answer 2 - k... in order.
    kernel = layer.layer.weight.view(3, 5, 3, 3, 3).permute(1, 2, 0, 3, 4)
    expected = conv3d(x.transpose(1, 2), kernel, layer.bias, stride=stride, padding=1).transpose(1, 2)
    torch.testing.assert_close(layer(x), expected, rtol=1e-4, atol=1e-5)
    with torch.enable_grad():
        torch.testing.assert_close(layer(x), expected, rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_upsampling_before_training_is_bilinear():
    field = torch.rand(2, 9, 11)
    found = Upsampler(4)(field, torch.zeros(2, 4, 9, 11))
    expected = interpolate(field[:, None], scale_factor=2, mode="bilinear", align_corners=False)[:, 0]
    assert (found - expected).abs().max() < 0.1
    assert (found - expected).abs().mean() < 0.02


@torch.no_grad()
def test_refinement_stays_within_its_neighbours():
    field = torch.rand(1, 9, 11)
    found = Refinement(4)(field, torch.randn(1, 4, 9, 11))
    assert field.min() <= found.min()
    assert found.max() <= field.max()
    flat = Refinement(4)(torch.full((1, 9, 11), 0.3), torch.randn(1, 4, 9, 11))
    torch.testing.assert_close(flat, torch.full((1, 9, 11), 0.3))


def test_regression_is_exact_between_two_hypotheses_and_deaf_to_a_second_mode():
    logits = torch.full((1, 12, 1, 1), -20.0)
    logits[0, 3] = logits[0, 4] = 2.0
    logits[0, 10] = 1.9
    index, peak = regress(logits)
    assert index.item() == pytest.approx(3.5, abs=1e-3)
    assert peak.item() == pytest.approx(2 / (2 + np.exp(-0.1)), abs=1e-3)
