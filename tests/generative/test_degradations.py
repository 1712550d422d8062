"""Degradations of Cold Diffusion begin at nothing, grow, and keep the shape."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from generative import degradations as deg
from tests.generative.operator_cases import signals


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


IMAGES = {
    "blur": deg.Blur(3.0),
    "fade": deg.Fade(deg.spot(13, 18, (5, 9), 4.0)),
    "pixelate": deg.Pixelate(6),
    "desaturate": deg.Desaturate(),
    "snow": deg.Snow(deg.snow_layer(13, 18, generator())),
}
CLOUDS = {
    "decimate": deg.Decimate(torch.randperm(50, generator=generator())),
    "quantise": deg.Quantise(0.5),
    "jitter": deg.Jitter(signals((50, 3), 1)[0]),
    "flatten": deg.Flatten(torch.tensor([1.0, 2.0, 0.5])),
    "crop": deg.Crop(torch.tensor([0.0, 1.0, 1.0])),
}
CASES = [(f"image {name}", d, signals((3, 13, 18), 2).clamp(-1, 1)) for name, d in IMAGES.items()]
CASES += [(f"cloud {name}", d, signals((50, 3), 2)) for name, d in CLOUDS.items()]
every = pytest.mark.parametrize(("degrade", "x"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])


@every
def test_severity_0_changes_nothing(degrade, x: Tensor) -> None:
    assert torch.equal(degrade(x, 0.0), x)


@every
def test_severity_grows_and_shape_and_type_stay(degrade, x: Tensor) -> None:
    off = [float((degrade(x, s) - x).abs().mean()) for s in (0.0, 0.25, 0.5, 1.0)]
    assert off == sorted(off)
    assert off[-1] > 1.1 * off[1]
    for kind in (torch.float32, torch.float64):
        degraded = degrade(x.to(kind), 0.7)
        assert degraded.shape == x.shape
        assert degraded.dtype == kind
        assert degraded.isfinite().all()


@every
def test_degrading_twice_is_the_same(degrade, x: Tensor) -> None:
    assert torch.equal(degrade(x, 0.6), degrade(x, 0.6))
    assert torch.allclose(degrade(x, 0.6)[1:], degrade(x[1:], 0.6), atol=1e-6)


def test_pictures_stay_in_range() -> None:
    for name, degrade in IMAGES.items():
        assert float(degrade(signals((3, 13, 18), 2).clamp(-1, 1), 1.0).abs().max()) <= 1 + 1e-5, name


def test_blur_keeps_a_constant_and_pixelate_the_mean_of_whole_blocks() -> None:
    assert torch.allclose(deg.Blur(2.0)(torch.full((1, 3, 5, 4), 0.4), 1.0), torch.full((1, 3, 5, 4), 0.4), atol=1e-6)
    x = signals((3, 12, 12), 1)
    assert torch.allclose(deg.Pixelate(6)(x, 1.0).mean(), x.mean(), atol=1e-6)
    assert deg.Pixelate(6)(x, 1.0)[0, 0].unique().numel() == 4


def test_desaturated_pictures_are_grey_and_faded_spots_are_empty() -> None:
    x = signals((3, 9, 9), 1)
    grey = deg.Desaturate()(x, 1.0)
    assert torch.allclose(grey, grey[:, :1].expand_as(grey), atol=1e-6)
    assert float(deg.Fade(deg.spot(9, 9, (4, 4), 2.0))(x, 1.0)[..., 4, 4].abs().max()) == 0


def test_dropped_points_lie_on_their_nearest_kept_one() -> None:
    x = signals((50, 3), 1)
    for degrade, kept in ((CLOUDS["decimate"], 3), (CLOUDS["crop"], 25)):
        moved = degrade(x, 1.0)[0]
        targets = moved.unique(dim=0)
        assert len(targets) == kept
        nearest = targets[torch.cdist(x[0], targets).argmin(1)]
        assert torch.allclose(moved, nearest, atol=1e-6)


def test_crop_takes_the_far_side_and_flatten_leaves_a_plane() -> None:
    x, direction = signals((50, 3), 1), torch.tensor([0.0, 1.0, 1.0])
    assert float((CLOUDS["crop"](x, 1.0) @ direction).max()) <= float((x @ direction).median())
    assert float((CLOUDS["flatten"](x, 1.0) @ torch.tensor([1.0, 2.0, 0.5])).abs().max()) < 1e-5


def test_flakes_are_drawn_by_the_generator_alone() -> None:
    before = torch.get_rng_state()
    assert torch.equal(deg.snow_layer(8, 9, generator()), deg.snow_layer(8, 9, generator()))
    assert torch.equal(before, torch.get_rng_state())
