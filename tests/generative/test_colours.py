"""Colourisation: several samples, where they begin, and large photographs."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from generative.networks.unet2d import unet2d, unet_settings
from generative.priors.prior import DiffusionPrior
from generative.schedules import linear
from generative.tasks import colours
from generative.tasks.problem import make_problem
from generative.tasks.recipe import Recipe
from generative.tasks.restore import restore
from generative.training.pictures import Crops


def picture(height: int = 20, width: int = 24) -> Tensor:
    """A drawn photograph `[1, 3, H, W]`."""
    return Crops(None, "train", 64).draw(np.random.default_rng(3))[None, :, :height, :width]


@pytest.fixture(scope="module")
def prior() -> DiffusionPrior:
    torch.manual_seed(0)
    return DiffusionPrior(unet2d(unet_settings(16, 8)).eval(), linear(), "eps", 16)


def test_colours_of_a_large_photograph_are_those_of_a_small_one_and_its_brightness_is_all_its_own(prior, monkeypatch) -> None:
    monkeypatch.setattr(colours, "SIDE", 16)
    x, sizes = picture(40, 32), set()
    posed = make_problem(x, "colorize")
    small = colours.reduced(posed)
    assert small is not None
    ideal = colours.enlarged(posed, torch.nn.functional.interpolate(x, size=small.y.shape[-2:], mode="area"))
    grey = posed.degraded
    assert float((ideal - x).square().mean()) < 0.4 * float((grey - x).square().mean())
    result = restore(posed, prior, Recipe("ddnm", steps=2, samples=1), lambda done, total, x0: sizes.add(tuple(x0.shape[-2:])))
    assert sizes == {(16, 13)}
    assert result.misfit is not None
    assert result.misfit < 1e-4
    assert colours.reduced(make_problem(x, "colorize", sigma=5.0)) is None


def test_ddnm_begins_with_the_picture_as_it_is_and_strays_further_from_it_the_later_t0(prior) -> None:
    posed, off = make_problem(picture(), "colorize"), []
    for t0 in (0.0, 0.3, 0.9):
        result = restore(posed, prior, Recipe("ddnm", steps=3, samples=1, t0=t0))
        off.append(float((result.picture - posed.degraded).abs().mean()))
        assert result.misfit is not None
        assert result.misfit < 1e-4
    assert off == sorted(off)
    assert off[0] < 0.05


def test_the_mean_of_several_samples_begins_with_the_one_of_the_seed_and_still_fits(prior) -> None:
    posed, told = make_problem(picture(), "colorize"), []
    one = restore(posed, prior, Recipe("ddnm", steps=2, samples=1)).picture
    clean: list[Tensor] = []

    def on_step(done: int, total: int, x0: Tensor) -> None:
        told.append((done, total))
        if done % 2 == 0:
            clean.append(x0)

    result = restore(posed, prior, Recipe("ddnm", steps=2, samples=3), on_step)
    assert told == [(i, 6) for i in range(1, 7)]
    assert torch.equal(posed.finished(clean[0]), one)
    assert not torch.allclose(clean[0], clean[1], atol=0.01)
    assert torch.allclose(posed.finished(torch.stack(clean).mean(0)), result.picture, atol=1e-5)
    assert result.misfit is not None
    assert result.misfit < 1e-4
