"""Cold Diffusion and RDDM: what has to be equal is equal."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from generative import samplers, schedules
from generative.samplers.ddim import ddim_sigma
from tests.generative.exact import gaussian_data
from tests.generative.operator_cases import signals
from tests.generative.sampler_runs import DENOISE, SCHEDULE, SEVERITIES, SHAPE, STEPS, generator, rddm_network, x_T


def test_tacos_undoes_a_linear_degradation_with_any_restorer_and_the_naive_sampler_does_not() -> None:
    x_0, e = signals(SHAPE, 2, torch.float64), signals(SHAPE, 1, torch.float64, seed=6)
    iterates: list[Tensor] = []

    def degrade(x: Tensor, s: float) -> Tensor:
        return x + s * e

    def restorer(x: Tensor, s: float) -> Tensor:
        iterates.append(x)
        return torch.sin(3 * x) + s

    result = samplers.sample_cold_tacos(restorer, degrade(x_0, 1.0), SEVERITIES, degrade=degrade)
    assert torch.allclose(result, x_0, atol=1e-12)
    for x, (s, _) in zip(iterates, SEVERITIES, strict=True):
        assert torch.allclose(x, degrade(x_0, s), atol=1e-12)
    naive = samplers.sample_cold_naive(restorer, degrade(x_0, 1.0), SEVERITIES, degrade=degrade)
    assert not torch.allclose(naive, x_0, atol=0.1)


def test_both_cold_samplers_are_right_with_a_perfect_restorer() -> None:
    x_0 = signals(SHAPE, 2, torch.float64)
    for sample in (samplers.sample_cold_naive, samplers.sample_cold_tacos):
        result = sample(lambda x, s: x_0, (1 - 0.9) * x_0, SEVERITIES, degrade=lambda x, s: (1 - 0.9 * s) * x)
        assert torch.allclose(result, x_0, atol=1e-12)


@pytest.mark.parametrize("eta", [0.0, 0.7, 1.0])
def test_rddm_is_ddim_under_conversion(eta: float) -> None:
    pairs = schedules.pairs(schedules.uniform(1000, 20))
    steps = schedules.as_residual_schedule(SCHEDULE).steps(pairs)
    z, nothing = x_T(), torch.zeros_like(x_T())
    ours = samplers.sample_rddm(
        samplers.generation_as_restoration(DENOISE),
        z,
        steps,
        degraded=nothing,
        sigmas=[ddim_sigma(t, s, eta) for t, s in STEPS],
        generator=generator(),
    )
    start = STEPS[0][0].noise * z
    assert torch.allclose(ours, samplers.sample_ddim(DENOISE, start, STEPS, eta=eta, generator=generator()), atol=1e-9)


@pytest.mark.parametrize("method", ["res", "noise", "res+noise"])
def test_the_three_samplers_of_rddm_agree_when_both_heads_do(method) -> None:
    data = gaussian_data((1, 2, 2))
    degraded, z = signals((1, 2, 2), 3, torch.float64), signals((1, 2, 2), 3, torch.float64, seed=9)
    schedule = schedules.power(50)
    levels = {level.times: level for level in map(schedule.level, range(51))}

    def network(x: Tensor, inputs: Tensor, times: Tensor) -> tuple[Tensor, Tensor]:
        return tuple(data.residual(x, inputs, levels[tuple(times[0].tolist())]))

    steps = schedule.steps(schedules.pairs(schedules.trailing(50, 5)))
    believed = samplers.ResidualDenoiser(network, method)
    result = samplers.sample_rddm(believed, z, steps, degraded=degraded)
    assert torch.allclose(result, samplers.sample_rddm(data.residual, z, steps, degraded=degraded), atol=1e-9)


def test_each_sampler_of_rddm_believes_its_own_head() -> None:
    x, degraded, level = signals(SHAPE, 2), signals(SHAPE, 2, seed=5), schedules.power(10).level(6)
    residual, eps = rddm_network(x, degraded, torch.tensor(level.times).expand(2, 2))
    by_residual = samplers.ResidualDenoiser(rddm_network, "res")(x, degraded, level)
    by_noise = samplers.ResidualDenoiser(rddm_network, "noise")(x, degraded, level)
    assert torch.equal(by_residual.residual, residual)
    assert torch.equal(by_noise.eps, eps)
    for prediction in (by_residual, by_noise):
        rebuilt = degraded + (level.alpha_bar - 1) * prediction.residual + level.beta_bar * prediction.eps
        assert torch.allclose(rebuilt, x, atol=1e-5)
    top = schedules.power(10).level(10)
    assert torch.equal(samplers.ResidualDenoiser(rddm_network, "noise")(x, degraded, top).residual, residual_at(x, degraded, top))


def residual_at(x: Tensor, degraded: Tensor, level) -> Tensor:
    return rddm_network(x, degraded, torch.tensor(level.times).expand(2, 2))[0]


def test_the_schedule_may_change_at_test_time_only_when_the_network_is_path_independent() -> None:
    """A perfect path-independent network restores along any path; one that was told times of its own schedule does not."""
    x_0, degraded = signals(SHAPE, 2, torch.float64), signals(SHAPE, 2, torch.float64, seed=5)
    trained = schedules.power(100, beta_bar_T=0.5)

    def network_of(schedule: schedules.ResidualSchedule):
        """Knows the residual, and takes the noise for what it is at the β̄ that belongs to the time it is told."""

        def network(x: Tensor, inputs: Tensor, times: Tensor) -> tuple[Tensor, Tensor]:
            if schedule.path_independent:
                a, b = (times[0] / schedule.T).tolist()
            else:
                level = schedule.level(int(times[0, 1]) + 1)
                a, b = level.alpha_bar, level.beta_bar
            residual = inputs - x_0
            return residual, (x - x_0 - a * residual) / b if b > 0 else torch.zeros_like(x)

        return samplers.ResidualDenoiser(network, "res+noise")

    pairs = schedules.pairs(schedules.trailing(100, 5))
    z = signals(SHAPE, 2, torch.float64, seed=2)
    for independent in (True, False):
        other = schedules.power(100, beta=("average", 1.0), beta_bar_T=0.5, path_independent=independent)
        own = schedules.power(100, beta_bar_T=0.5, path_independent=independent)
        denoise = network_of(own if independent else trained)
        same = samplers.sample_rddm(denoise, z, own.steps(pairs), degraded=degraded)
        assert torch.allclose(same, x_0, atol=1e-9)
        changed = samplers.sample_rddm(denoise, z, other.steps(pairs), degraded=degraded)
        assert torch.allclose(changed, x_0, atol=1e-9) == independent
        if independent:
            for first in ("noise", "residual"):
                apart = samplers.sample_rddm(denoise, z, own.steps_apart(pairs, first), degraded=degraded)
                assert torch.allclose(apart, x_0, atol=1e-9)
