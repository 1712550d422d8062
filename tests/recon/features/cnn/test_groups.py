import pytest
import torch

from recon.features.cnn.groups import TURNS, Block, FieldConv, Lift
from recon.features.cnn.network import Architecture, FeatureNetwork

SMALL = Architecture(2, (2, 2, 3, 3, 2), (1, 1, 1, 1, 1), 4, 4)


@pytest.fixture
def network():
    torch.manual_seed(0)
    result = FeatureNetwork(SMALL).eval()
    for module in result.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.2)
            module.running_var.uniform_(0.5, 2)
    return result


@pytest.mark.parametrize("times", [1, 2, 3])
def test_a_turned_picture_turns_the_fields_and_moves_their_orientations_on(times):
    torch.manual_seed(0)
    layers = torch.nn.Sequential(Lift(1, 2, 5), Block(2, 3), FieldConv(3, 2)).eval()
    picture = torch.rand(1, 1, 12, 18)
    torch.testing.assert_close(layers(torch.rot90(picture, times, (2, 3))), turn(layers(picture), times))


@pytest.mark.parametrize("times", [1, 2, 3])
def test_descriptors_of_a_turned_picture_are_the_moved_descriptors(network, times):
    picture = torch.rand(1, 1, 64, 96)
    points = torch.rand(1, 20, 2) * torch.tensor([95.0, 63.0])
    turned = points
    for size in [(96, 64), (64, 96), (96, 64)][:times]:  # a quarter turn to the left: x' = y, y' = width - 1 - x
        turned = torch.stack([turned[..., 1], size[0] - 1 - turned[..., 0]], -1)
    first, second = network(picture), network(torch.rot90(picture, times, (2, 3)))
    torch.testing.assert_close(torch.rot90(first.score, times, (2, 3)), second.score, atol=1e-4, rtol=1e-4)
    expected = turn_descriptors(network.describe(first, points), times)
    torch.testing.assert_close(network.describe(second, turned), expected, atol=1e-4, rtol=1e-4)


def test_folding_the_normalisation_changes_nothing(network):
    picture, points = torch.rand(2, 1, 64, 64), torch.rand(2, 9, 2) * 63
    plain = network.folded()
    maps, expected = plain(picture), network(picture)
    torch.testing.assert_close(maps.score, expected.score, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(plain.describe(maps, points), network.describe(expected, points), atol=1e-4, rtol=1e-4)
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in plain.modules())


def test_gain_and_offset_of_the_light_do_not_change_the_descriptors(network):
    picture, points = torch.rand(1, 1, 96, 96), torch.rand(1, 30, 2) * 95
    darker = 0.1 + 0.5 * picture
    first, second = (network.describe(network(p), points) for p in (picture, darker))
    assert (first * second).sum(-1).min() > 0.98


def test_the_shipped_sizes_are_small_enough():
    network = FeatureNetwork()
    assert sum(p.numel() for p in network.parameters()) < 1_000_000


def turn(maps, times):
    """What `times` quarter turns (those of `torch.rot90`) of the picture do to feature fields `[B, 4 * fields, H, W]`."""
    batch, channels, height, width = maps.shape
    moved = maps.reshape(batch, TURNS, channels // TURNS, height, width).roll(times, 1)
    return torch.rot90(moved.reshape(batch, channels, height, width), times, (2, 3))


def turn_descriptors(descriptors, times):
    """Descriptors `[..., 4 * fields]` that the same points have after `times` quarter turns of the picture."""
    return descriptors.roll(times * (descriptors.shape[-1] // TURNS), -1)
