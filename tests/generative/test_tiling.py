"""Sampling pictures larger (or smaller) than the patches of a network."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from generative import operators as ops
from generative import samplers, schedules
from generative.tasks.tiling import Tiles, starts, tiled, tiled_residual
from tests.generative.operator_cases import signals

SCHEDULE = schedules.linear(100, 1e-3, 0.1)
STEPS = SCHEDULE.steps(schedules.pairs(schedules.trailing(100, 6)))
KERNEL = torch.randn(3, 3, 5, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64) / 9


def network(x: Tensor, time: Tensor) -> Tensor:
    """Looks two pixels far; would be refused other sizes by a real network."""
    return torch.tanh(F.conv2d(x, KERNEL, padding=2)) * (0.5 + time.view(-1, 1, 1, 1) / 200)


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@pytest.mark.parametrize(
    ("side", "tile", "overlap"), [(64, 64, 16), (65, 64, 16), (300, 64, 0), (4000, 128, 32), (20, 64, 16), (112, 64, 16)]
)
def test_patches_cover_a_side_and_overlap_enough(side: int, tile: int, overlap: int) -> None:
    found = starts(side, tile, overlap)
    assert found[0] == 0
    assert found[-1] == max(side - tile, 0)
    assert all(0 < b - a <= tile - overlap for a, b in itertools.pairwise(found))


@pytest.mark.parametrize("shape", [(3, 41, 30), (3, 16, 50), (3, 9, 7), (3, 3, 20)])
def test_estimates_of_patches_that_agree_are_kept(shape) -> None:
    x = signals(shape, 2, torch.float64)
    (result,) = Tiles(16, 5).blend(lambda patches: [2 * patches], x)
    assert torch.allclose(result, 2 * x, atol=1e-12)


@pytest.mark.parametrize("batch", [2, 5, 1000])
def test_how_many_patches_are_computed_at_once_changes_nothing(batch: int) -> None:
    x, y = signals((3, 40, 53), 2, torch.float64), signals((3, 10, 13), 2, torch.float64)

    def run(size: int) -> Tensor:
        denoise = tiled(samplers.Denoiser(network), Tiles(16, 4, size))
        return samplers.sample_ddnm(denoise, x[..., :52], STEPS, operator=ops.AveragePool(4), y=y, generator=generator())

    result = run(batch)
    assert torch.allclose(result, run(1), atol=1e-9)
    assert torch.allclose(ops.AveragePool(4).A(result), y, atol=1e-9)


def test_the_inside_of_patches_is_what_the_network_says_of_the_whole_picture() -> None:
    """With an overlap wider than what the network sees, only the outermost pixels of patches differ, and they weigh little."""
    x = signals((3, 64, 64), 1, torch.float64)
    level = SCHEDULE.level(50)
    whole, parts = samplers.Denoiser(network)(x, level), tiled(samplers.Denoiser(network), Tiles(32, 16))(x, level)
    for a, b in zip(whole, parts, strict=True):
        assert float((a - b).abs().mean()) < 0.02 * float(a.abs().mean())
    assert torch.allclose(level.signal * parts.x0 + level.noise * parts.eps, x, atol=1e-9)


def test_blended_inside_the_loop_there_are_no_seams() -> None:
    """Patches restored one by one and pasted jump where they meet."""
    x = signals((3, 64, 64), 1, torch.float64)

    def largest_jump(result: Tensor) -> float:
        """Between neighbouring columns."""
        return float((result[..., 1:] - result[..., :-1]).abs().mean((0, 1, 2)).max())

    def smooth(patch: Tensor, t) -> samplers.Prediction:
        x0 = patch.mean((-1, -2), keepdim=True).expand_as(patch)  # every patch has an opinion of its own
        return samplers.Prediction(x0, (patch - t.signal * x0) / t.noise)

    pasted = torch.cat([samplers.sample_ddim(smooth, part, STEPS) for part in x.split(16, -1)], -1)
    blended = samplers.sample_ddim(tiled(smooth, Tiles(16, 8)), x, STEPS)
    assert largest_jump(blended) < 0.25 * largest_jump(pasted)


def test_residual_networks_see_the_same_place_of_both_pictures() -> None:
    x, degraded = signals((3, 30, 22), 1, torch.float64), signals((3, 30, 22), 1, torch.float64, seed=4)
    plain = samplers.ResidualDenoiser(lambda i, d, t: (d - 0.2 * i, i))
    level = schedules.power(10).level(5)
    for a, b in zip(plain(x, degraded, level), tiled_residual(plain, Tiles(16, 4, 3))(x, degraded, level), strict=True):
        assert torch.allclose(a, b, atol=1e-12)


def test_a_budget_is_kept_and_memory_that_runs_out_halves_the_batch() -> None:
    assert Tiles.within(64, 16, budget=10 * 64 * 64 * 1000, bytes_per_pixel=1000).batch == 10
    assert Tiles.within(64, 16, budget=1, bytes_per_pixel=1000).batch == 1
    sizes: list[int] = []

    def small_machine(patches: Tensor) -> list[Tensor]:
        sizes.append(len(patches))
        if len(patches) > 2:
            raise torch.OutOfMemoryError
        return [patches]

    x, tiles = signals((3, 40, 40), 1, torch.float64), Tiles(16, 4, 9)
    assert torch.allclose(tiles.blend(small_machine, x)[0], x, atol=1e-12)
    assert sizes[:3] == [9, 4, 2]
    assert tiles.batch == 2
    with pytest.raises(torch.OutOfMemoryError):
        Tiles(16, 4, 1).blend(lambda patches: small_machine(torch.cat([patches] * 3)), x)


def test_impossible_tiles_are_refused() -> None:
    for tile, overlap, batch in ((16, 16, 1), (16, -1, 1), (16, 4, 0)):
        with pytest.raises(ValueError):
            Tiles(tile, overlap, batch)
