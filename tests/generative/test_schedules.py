"""Schedules, sub-sequences and conversions."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
import torch

from generative import schedules


@pytest.mark.parametrize("make", [schedules.linear, schedules.cosine])
def test_alpha_bar_falls_from_one_nearly_to_zero(make) -> None:
    schedule = make(1000)
    assert schedule.alpha_bar.dtype == torch.float64
    assert schedule.level(0) == schedules.Level(0.0, 1.0)
    assert schedule.level(1000).alpha_bar < 1e-4
    assert schedule.level(1000).time == 999
    assert schedule.level(0).sigma == 0


def test_cosine_follows_its_formula_where_beta_is_not_cut() -> None:
    schedule = schedules.cosine(1000)
    f = [math.cos((t / 1000 + 0.008) / 1.008 * math.pi / 2) ** 2 for t in (0, 500)]
    assert schedule.level(500).alpha_bar == pytest.approx(f[1] / f[0], rel=1e-12)


def test_levels_of_signal_and_noise_belong_together() -> None:
    for t in (1, 10, 500, 1000):
        level = schedules.linear().level(t)
        assert level.signal**2 + level.noise**2 == pytest.approx(1)
        assert level.sigma == pytest.approx(level.noise / level.signal)


@pytest.mark.parametrize("values", [[0.9, 0.5], [1.0, 0.5, 0.5], [1.0, 0.5, -0.1], [1.0]])
def test_what_is_no_schedule_is_refused(values) -> None:
    with pytest.raises(ValueError):
        schedules.NoiseSchedule(torch.tensor(values, dtype=torch.float64))
    with pytest.raises(ValueError):
        schedules.linear().level(1001)


def test_sub_sequences_are_those_published() -> None:
    assert schedules.uniform(1000, 50) == tuple(range(1, 1000, 20))
    assert schedules.trailing(1000, 4) == (250, 500, 750, 1000)
    assert schedules.quadratic(1000, 10) == tuple(1 + 800 * i**2 // 81 for i in range(10))
    assert schedules.pairs((1, 21, 41)) == ((41, 21), (21, 1), (1, 0))


@pytest.mark.parametrize("choose", [schedules.uniform, schedules.quadratic, schedules.trailing])
@pytest.mark.parametrize(("T", "S"), [(1000, 1), (1000, 30), (1000, 999), (1000, 1000), (7, 5), (7, 7), (1, 1)])
def test_a_sub_sequence_has_the_steps_asked_for(choose, T: int, S: int) -> None:
    """Also where S does not divide T, which a stride of T // S gets wrong."""
    levels = choose(T, S)
    assert len(levels) == S
    assert levels[0] >= 1
    assert levels[-1] <= T
    assert [s for _, s in schedules.pairs(levels)] == [*reversed(levels[:-1]), 0]


def test_too_many_steps_are_refused() -> None:
    with pytest.raises(ValueError):
        schedules.uniform(10, 11)
    with pytest.raises(ValueError):
        schedules.pairs((5, 5))


def test_a_start_below_the_top() -> None:
    assert schedules.below(0.5, 1000, 50)[-1] == 500
    assert len(schedules.below(0.5, 1000, 50)) == 50
    assert schedules.below(0.003, 1000, 50) == (1, 2, 3)
    assert schedules.below(0.0, 1000, 50) == ()
    assert schedules.below(1.0, 1000, 4, 2) == (62, 250, 562, 1000)
    assert len(schedules.below(1.0, 1000, 1000, 2)) < 1000, "levels that fall together are visited once"


def test_time_travel_goes_every_stretch_so_often() -> None:
    steps = schedules.pairs((1, 2, 3, 4, 5))
    travelled = schedules.time_travel(steps, 2, 2)
    assert travelled == ((5, 4), (4, 3), (3, 5), (5, 4), (4, 3), (3, 2), (2, 1), (1, 3), (3, 2), (2, 1), (1, 0), (0, 1), (1, 0))
    assert all(a[1] == b[0] for a, b in pairwise(travelled))
    assert schedules.time_travel(steps, 3, 1) == steps


def test_variance_exploding_levels_meet_the_network_where_it_was_trained() -> None:
    schedule = schedules.linear()
    sigmas = schedules.geometric_sigmas(20, 0.02, 40.0)
    steps = schedules.ve_steps(schedule, sigmas)
    assert len(steps) == 20
    assert steps[-1][1].sigma == 0
    for (t, _), sigma in zip(steps, sigmas, strict=False):
        assert t.sigma == pytest.approx(sigma)
        below, above = schedule.level(math.floor(t.time) + 1), schedule.level(math.ceil(t.time) + 1)
        assert below.sigma * (1 - 1e-9) <= sigma <= above.sigma * (1 + 1e-9)
    assert schedules.ve_steps(schedule, [1e6, 0.0])[0][0].time == 999


def test_karras_sigmas_are_dense_at_the_clean_end() -> None:
    sigmas = schedules.karras_sigmas(10, 0.1, 10.0)
    assert sigmas[0] == pytest.approx(10)
    assert sigmas[-2] == pytest.approx(0.1)
    assert sigmas[-1] == 0
    assert sigmas[0] - sigmas[1] > 20 * (sigmas[-3] - sigmas[-2])


@pytest.mark.parametrize("kind", ["rising", "falling", "average"])
@pytest.mark.parametrize("exponent", [0.5, 1.0, 2.0])
def test_coefficients_of_rddm_are_powers_normalised(kind, exponent: float) -> None:
    T = 100
    schedule = schedules.power(T, alpha=(kind, exponent), beta=(kind, exponent), beta_bar_T=0.1)
    x = torch.arange(1, T + 1, dtype=torch.float64) / T
    increments = {"rising": x**exponent, "falling": (1 - x) ** exponent, "average": torch.ones_like(x)}[kind]
    assert torch.allclose(schedule.alpha_bar.diff(), increments / increments.sum(), atol=1e-12)
    assert torch.allclose((schedule.beta_bar**2).diff(), 0.01 * increments / increments.sum(), atol=1e-12)
    assert float(schedule.alpha_bar[-1]) == pytest.approx(1, abs=1e-12)
    assert float(schedule.beta_bar[-1]) == pytest.approx(0.1)


def test_a_schedule_of_ddim_survives_the_way_to_rddm_and_back() -> None:
    schedule = schedules.cosine(50)
    there = schedules.as_residual_schedule(schedule)
    assert torch.allclose((1 - there.alpha_bar) ** 2 + there.beta_bar**2, torch.ones(51).double())
    assert torch.allclose(schedules.as_noise_schedule(there).alpha_bar, schedule.alpha_bar, atol=1e-14)


def test_path_independent_networks_are_told_coefficients_instead_of_time() -> None:
    told = schedules.power(10, path_independent=True).level(10, 5)
    assert told.times == (10.0, pytest.approx(10 * math.sqrt(15 / 55)))
    assert schedules.power(10).level(10, 5).times == (9.0, 4.0)


@pytest.mark.parametrize("first", ["noise", "residual"])
def test_noise_and_residual_leave_one_after_the_other(first) -> None:
    schedule = schedules.power(10)
    steps = schedule.steps_apart(schedules.pairs((5, 10)), first)
    path = [(t.alpha_bar > 0, t.beta_bar > 0) for t, _ in steps] + [(steps[-1][1].alpha_bar > 0, steps[-1][1].beta_bar > 0)]
    middle = (True, False) if first == "noise" else (False, True)
    assert path == [(True, True), (True, True), middle, middle, (False, False)]
    assert all(a[1][:2] == b[0][:2] for a, b in pairwise(steps))
