"""What has to be equal is equal: between methods, with another implementation, and in the limits."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from generative import operators as ops
from generative import samplers, schedules
from generative.samplers.ddim import ddim_sigma
from generative.samplers.protocols import Prediction
from tests.generative.exact import gaussian_data, smooth_data
from tests.generative.operator_cases import CASES, SVD_CASES, signals

SCHEDULE = schedules.linear(1000)
STEPS = SCHEDULE.steps(schedules.pairs(schedules.uniform(1000, 20)))
EVERY = schedules.linear(30, 1e-3, 0.3).steps(schedules.pairs(range(1, 31)))
SHAPE = (3, 4, 5)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def network(x: Tensor, time: Tensor) -> Tensor:
    """Some network: neither linear nor the same at all times and pixels."""
    return torch.tanh(0.7 * x + 0.2 * torch.roll(x, 1, -1)) * (0.8 + time.view(-1, *[1] * (x.ndim - 1)) / 4000)


DENOISE = samplers.Denoiser(network)


def x_T(shape: tuple[int, ...] = SHAPE, dtype: torch.dtype = torch.float64) -> Tensor:
    return signals(shape, 2, dtype)


def diffusers_run(scheduler, denoise: samplers.Denoiser, **options) -> list[Tensor]:
    """All iterates of another implementation, in float64."""
    scheduler.alphas_cumprod = scheduler.alphas_cumprod.double()
    x, noise, iterates = x_T(), generator(5), []
    for t in scheduler.timesteps:
        eps = denoise.network(x, torch.full((len(x),), float(t), dtype=x.dtype))
        x = scheduler.step(eps, int(t), x, generator=noise, **options).prev_sample
        iterates.append(x)
    return iterates


def with_alpha_bar_of(scheduler) -> tuple[schedules.NoiseSchedule, samplers.Denoiser]:
    """Its ā as our schedule, and a network that knows about how much noise there is, so that iterates stay bounded."""
    alpha_bar = scheduler.alphas_cumprod.double()

    def network(x: Tensor, time: Tensor) -> Tensor:
        return (1 - alpha_bar[time.long()]).sqrt().view(-1, 1, 1, 1) * (x + 0.3 * torch.sin(torch.roll(x, 1, -1)))

    return schedules.NoiseSchedule(torch.cat([torch.ones(1).double(), alpha_bar])), samplers.Denoiser(network)


def assert_same_iterates(sample, denoise, steps, theirs: list[Tensor], **options) -> None:
    ours = [sample(denoise, x_T(), steps[:i], generator=generator(5), **options) for i in range(1, len(steps) + 1)]
    for a, b in zip(ours, theirs, strict=True):
        assert float(b.abs().max()) < 10
        assert torch.allclose(a, b, atol=1e-5, rtol=0)


@pytest.mark.parametrize("eta", [0.0, 0.5, 1.0])
@pytest.mark.parametrize(("spacing", "choose"), [("leading", schedules.uniform), ("trailing", schedules.trailing)])
def test_ddim_is_that_of_diffusers_step_by_step(eta: float, spacing: str, choose) -> None:
    from diffusers import DDIMScheduler

    other = DDIMScheduler(1000, clip_sample=False, timestep_spacing=spacing)
    other.set_timesteps(20)
    schedule, denoise = with_alpha_bar_of(other)
    steps = schedule.steps(schedules.pairs(choose(1000, 20)))
    assert_same_iterates(samplers.sample_ddim, denoise, steps, diffusers_run(other, denoise, eta=eta), eta=eta)


@pytest.mark.parametrize(("kind", "variance"), [("fixed_small", "posterior"), ("fixed_large", "large")])
def test_ddpm_is_that_of_diffusers_step_by_step(kind: str, variance) -> None:
    from diffusers import DDPMScheduler

    other = DDPMScheduler(40, beta_start=1e-3, beta_end=0.2, clip_sample=False, variance_type=kind)
    schedule, denoise = with_alpha_bar_of(other)
    steps = schedule.steps(schedules.pairs(range(1, 41)))
    assert_same_iterates(samplers.sample_ddpm, denoise, steps, diffusers_run(other, denoise), variance=variance)


def test_ddim_with_eta_1_is_ddpm_to_the_sample() -> None:
    for steps in (EVERY, STEPS):
        a = samplers.sample_ddim(DENOISE, x_T(), steps, eta=1.0, generator=generator())
        assert torch.allclose(a, samplers.sample_ddpm(DENOISE, x_T(), steps, generator=generator()), atol=1e-9)
        a = samplers.sample_ddim(DENOISE, x_T(), steps, sigma_hat=True, generator=generator())
        assert torch.allclose(a, samplers.sample_ddpm(DENOISE, x_T(), steps, generator=generator(), variance="large"), atol=1e-9)


def test_ddim_without_noise_needs_no_generator_and_repeats_itself() -> None:
    assert torch.equal(samplers.sample_ddim(DENOISE, x_T(), STEPS), samplers.sample_ddim(DENOISE, x_T(), STEPS))
    with pytest.raises(ValueError, match="Generator"):
        samplers.sample_ddim(DENOISE, x_T(), STEPS, eta=0.5)


def test_the_first_step_of_dpm_solver_is_ddim() -> None:
    a, b = samplers.sample_dpm_solver(DENOISE, x_T(), STEPS[:1]), samplers.sample_ddim(DENOISE, x_T(), STEPS[:1])
    assert torch.allclose(a, b, atol=1e-12)


def test_inversion_comes_back_the_better_the_more_steps() -> None:
    data = gaussian_data((1, 2, 2))
    x_0 = data.law.draw(50, generator()).reshape(-1, 1, 2, 2)
    errors = []
    for S in (10, 40, 160):
        steps = SCHEDULE.steps(schedules.pairs(schedules.trailing(1000, S)))
        latent = samplers.invert_ddim(data, x_0, steps)
        errors.append(float((samplers.sample_ddim(data, latent, steps) - x_0).abs().max()))
    assert errors[0] > 2 * errors[1] > 4 * errors[2]


def restore(name: str, operator, y: Tensor, x: Tensor, **options) -> Tensor:
    return getattr(samplers, name)(DENOISE, x, STEPS, operator=operator, y=y, generator=generator(), **options)


@pytest.mark.parametrize(("operator", "shape"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_ddnm_explains_the_measurement(operator, shape) -> None:
    x = x_T(shape, torch.float32)
    y = operator.A(signals(shape, 2, seed=11).clamp(-1, 1))
    steps = SCHEDULE.steps(schedules.time_travel(schedules.pairs(schedules.uniform(1000, 4)), 2, 2))
    result = samplers.sample_ddnm(DENOISE, x, steps, operator=operator, y=y, generator=generator())
    assert result.dtype == torch.float32
    assert float((operator.A(result) - y).abs().max()) < 1e-4


@pytest.mark.parametrize(("operator", "shape"), [case[1:] for case in SVD_CASES], ids=[case[0] for case in SVD_CASES])
def test_without_noise_ddnm_plus_is_ddnm_and_ddrm_explains_the_measurement(operator, shape) -> None:
    y = operator.A(signals(shape, 2, torch.float64, seed=11))
    a = restore("sample_ddnm_plus", operator, y, x_T(shape), sigma_y=0.0)
    assert torch.equal(a, restore("sample_ddnm", operator, y, x_T(shape)))
    b = restore("sample_ddrm", operator, y, x_T(shape), sigma_y=0.0)
    assert torch.allclose(operator.A(b), y, atol=1e-9)
    # and nothing jumps when the noise goes to 0
    c = restore("sample_ddnm_plus", operator, y, x_T(shape), sigma_y=1e-9)
    assert float((operator.A(c) - y).abs().max()) < float((operator.A(DENOISE(c, STEPS[-1][0]).x0) - y).abs().max())


def test_ddrm_gives_a_whole_measurement_back_when_it_has_no_noise() -> None:
    y = signals(SHAPE, 2, torch.float64)
    assert torch.allclose(restore("sample_ddrm", ops.Identity(), y, x_T(), sigma_y=0.0), y, atol=1e-12)
    nearly = restore("sample_ddrm", ops.Identity(), y, x_T(), sigma_y=1e-12)
    assert torch.allclose(nearly, y, atol=5 * STEPS[-1][0].sigma)  # the last estimate is the network's, at the lowest level


@pytest.mark.parametrize("name", ["sample_ddnm_plus", "sample_ddrm"])
@pytest.mark.parametrize("sigma_y", [0.1, 0.4])
def test_noise_of_a_whole_measurement_shrinks(name: str, sigma_y: float) -> None:
    data = smooth_data((1, 4, 4))
    x_0 = data.law.draw(500, generator()).reshape(-1, 1, 4, 4)
    y = x_0 + sigma_y * torch.randn(x_0.shape, generator=generator(2), dtype=torch.float64)
    z = torch.randn(x_0.shape, generator=generator(3), dtype=torch.float64)
    options = {"operator": ops.Identity(), "y": y, "sigma_y": sigma_y, "generator": generator()}
    result = getattr(samplers, name)(data, z, STEPS, **options)
    assert float((result - x_0).square().mean()) < 0.7 * sigma_y**2


def test_ddrm_begins_nowhere_without_signal() -> None:
    schedule = schedules.NoiseSchedule(torch.tensor([1.0, 0.5, 0.0], dtype=torch.float64))
    steps = schedule.steps(schedules.pairs((1, 2)))
    with pytest.raises(ValueError, match="without signal"):
        samplers.sample_ddrm(DENOISE, x_T(), steps, operator=ops.Identity(), y=x_T(), sigma_y=0.1, generator=generator())


@pytest.mark.parametrize("sample", [samplers.sample_sdedit_vp, samplers.sample_sdedit_ve])
def test_sdedit_from_time_0_changes_nothing(sample) -> None:
    guide = signals(SHAPE, 2)
    assert sample(DENOISE, guide, (), generator=generator(), repeats=3) is guide


def sdedit_steps(sample, t0: float):
    if sample is samplers.sample_sdedit_vp:
        return SCHEDULE.steps(schedules.pairs(schedules.below(t0, 1000, 10)))
    return schedules.ve_steps(SCHEDULE, schedules.geometric_sigmas(10, 0.01, 4 * t0))


@pytest.mark.parametrize("sample", [samplers.sample_sdedit_vp, samplers.sample_sdedit_ve])
def test_sdedit_keeps_the_masked_part_and_strays_with_t0(sample) -> None:
    guide, keep = signals((1, 2, 2), 400, torch.float64), torch.tensor([[True, False], [False, True]])
    data = gaussian_data((1, 2, 2))
    off = []
    for t0 in (0.1, 0.4, 0.9):
        kept = sample(data, guide, sdedit_steps(sample, t0), generator=generator(), keep=keep, repeats=2)
        assert torch.equal(kept[..., keep], guide[..., keep])
        off.append(float((sample(data, guide, sdedit_steps(sample, t0), generator=generator()) - guide).square().mean()))
    assert off == sorted(off)


def test_the_dial_closes_in_on_what_is_asked_for() -> None:
    dial, wanted = samplers.Dial(), 0.43
    for _ in range(10):
        dial = dial.more_realistic() if dial.t0 < wanted else dial.more_faithful()
    assert dial.t0 == pytest.approx(wanted, abs=1e-3)
    with pytest.raises(ValueError):
        samplers.Dial(0.7, 0.3)


SEVERITIES = [(s / 10, (s - 1) / 10) for s in range(10, 0, -1)]


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


def rddm_network(x: Tensor, degraded: Tensor, times: Tensor) -> tuple[Tensor, Tensor]:
    gain = (1 + times.mean(1) / 100).view(-1, 1, 1, 1)
    return torch.tanh(degraded - 0.3 * x) * gain, torch.tanh(x - degraded)


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


def cloud_denoiser(x: Tensor, t: schedules.Level) -> Prediction:
    """Equivariant to the order of the points: each is drawn to the cloud's middle."""
    eps = torch.tanh(x - 0.5 * x.mean(1, keepdim=True))
    return Prediction((x - t.noise * eps) / t.signal, eps)


CLOUD_SAMPLERS = {
    "ddim": lambda x, y: samplers.sample_ddim(cloud_denoiser, x, STEPS),
    "dpm-solver": lambda x, y: samplers.sample_dpm_solver(cloud_denoiser, x, STEPS),
    "inversion": lambda x, y: samplers.invert_ddim(cloud_denoiser, x, STEPS),
    "ddnm": lambda x, y: samplers.sample_ddnm(
        cloud_denoiser, x, STEPS, operator=ops.ViewProjection(torch.eye(3)), y=y[..., :2], generator=generator(), eta=0.0
    ),
    "cold": lambda x, y: samplers.sample_cold_tacos(lambda c, s: torch.tanh(c), x, SEVERITIES, degrade=lambda c, s: c * (1 - s)),
    "rddm": lambda x, y: samplers.sample_rddm(
        samplers.ResidualDenoiser(lambda i, d, t: (torch.tanh(d - i), torch.sin(i))),
        x,
        schedules.power(10).steps(schedules.pairs(range(1, 11))),
        degraded=y,
    ),
}


@pytest.mark.parametrize("name", CLOUD_SAMPLERS)
def test_the_order_of_points_does_not_matter(name: str) -> None:
    x, y = signals((9, 3), 2, torch.float64), signals((9, 3), 2, torch.float64, seed=4)
    order = torch.randperm(9, generator=generator())
    run = CLOUD_SAMPLERS[name]
    assert torch.allclose(run(x[:, order], y[:, order]), run(x, y)[:, order], atol=1e-9)


@pytest.mark.parametrize("predicts", ["eps", "x0", "v"])
def test_a_network_of_any_parameterisation_gives_the_same_pair(predicts) -> None:
    x_0, eps = signals(SHAPE, 2, torch.float64), signals(SHAPE, 2, torch.float64, seed=6)
    level = SCHEDULE.level(400)
    x = level.signal * x_0 + level.noise * eps
    out = {"eps": eps, "x0": x_0, "v": level.signal * eps - level.noise * x_0}[predicts]

    def told(given: Tensor, time: Tensor) -> Tensor:
        assert torch.equal(time, torch.full((2,), 399.0, dtype=torch.float64))
        return out

    prediction = samplers.Denoiser(told, predicts)(x, level)
    assert torch.allclose(prediction.x0, x_0, atol=1e-12)
    assert torch.allclose(prediction.eps, eps, atol=1e-12)
    assert float(samplers.Denoiser(told, predicts, clamp=0.5)(x, level).x0.abs().max()) == 0.5


def test_guidance_goes_from_unconditional_past_conditional() -> None:
    condition, without, level, x = samplers.Denoiser(network), samplers.Denoiser(lambda x, t: 0.1 * x), SCHEDULE.level(300), x_T()
    for scale, expected in ((0.0, without), (1.0, condition)):
        for a, b in zip(samplers.guided(condition, without, scale)(x, level), expected(x, level), strict=True):
            assert torch.allclose(a, b, atol=1e-12)
    x0, eps = samplers.guided(condition, without, 3.0)(x, level)
    assert torch.allclose(eps, 3 * condition(x, level).eps - 2 * without(x, level).eps, atol=1e-12)
    assert torch.allclose(level.signal * x0 + level.noise * eps, x, atol=1e-12)


class StopHere(Exception):
    pass


def all_samplers() -> dict:
    identity = {"operator": ops.Identity(), "y": signals(SHAPE, 2, torch.float64, seed=1)}
    sdedit_ve = schedules.ve_steps(SCHEDULE, schedules.geometric_sigmas(20))
    rddm = samplers.ResidualDenoiser(rddm_network)
    return {
        "ddpm": lambda **k: samplers.sample_ddpm(DENOISE, x_T(), STEPS, **k),
        "ddim": lambda **k: samplers.sample_ddim(DENOISE, x_T(), STEPS, eta=0.3, **k),
        "dpm-solver": lambda generator, **k: samplers.sample_dpm_solver(DENOISE, x_T(), STEPS, **k),
        "sdedit vp": lambda **k: samplers.sample_sdedit_vp(DENOISE, x_T(), STEPS, **k),
        "sdedit ve": lambda **k: samplers.sample_sdedit_ve(DENOISE, x_T(), sdedit_ve, **k),
        "ddnm": lambda **k: samplers.sample_ddnm(DENOISE, x_T(), STEPS, **identity, **k),
        "ddnm+": lambda **k: samplers.sample_ddnm_plus(DENOISE, x_T(), STEPS, **identity, sigma_y=0.2, **k),
        "ddrm": lambda **k: samplers.sample_ddrm(DENOISE, x_T(), STEPS, **identity, sigma_y=0.2, **k),
        "rddm": lambda **k: samplers.sample_rddm(
            rddm, x_T(), schedules.power(20).steps(schedules.pairs(range(1, 21))), degraded=x_T(), eta=0.5, **k
        ),
    }


@pytest.mark.parametrize("name", all_samplers())
def test_previews_come_after_every_step_and_may_end_it(name: str) -> None:
    run, seen = all_samplers()[name], []
    result = run(generator=generator(), on_step=lambda done, total, x0: seen.append((done, total, x0.shape, bool(x0.isfinite().all()))))
    assert seen == [(i, 20, x_T().shape, True) for i in range(1, 21)]
    assert torch.equal(run(generator=generator()), result), "the same seed has to give the same result"
    calls: list[int] = []

    def stop(done: int, total: int, x0: Tensor) -> None:
        calls.append(done)
        if done == 3:
            raise StopHere

    with pytest.raises(StopHere):
        run(generator=generator(), on_step=stop)
    assert calls == [1, 2, 3]


@pytest.mark.parametrize("name", all_samplers())
def test_samplers_leave_the_global_seed_alone(name: str) -> None:
    before = torch.get_rng_state()
    all_samplers()[name](generator=generator())
    assert torch.equal(before, torch.get_rng_state())


def test_the_last_estimate_is_the_result_without_noise_in_the_last_step() -> None:
    seen: list[Tensor] = []
    result = samplers.sample_ddim(DENOISE, x_T(), STEPS, on_step=lambda done, total, x0: seen.append(x0))
    assert torch.allclose(seen[-1], result, atol=1e-12)
    assert math.isfinite(float(result.sum()))
