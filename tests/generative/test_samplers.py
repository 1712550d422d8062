"""What has to be equal is equal: between methods, with another implementation, and in the limits."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from generative import operators as ops
from generative import samplers, schedules
from tests.generative.exact import gaussian_data, smooth_data
from tests.generative.operator_cases import CASES, SVD_CASES, signals
from tests.generative.sampler_runs import DENOISE, EVERY, SCHEDULE, SHAPE, STEPS, generator, network, rddm_network, x_T


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
    assert torch.equal(a, restore("sample_ddnm", operator, y, x_T(shape), marginal=True))
    b = restore("sample_ddrm", operator, y, x_T(shape), sigma_y=0.0)
    assert torch.allclose(operator.A(b), y, atol=1e-9)
    # and nothing jumps when the noise goes to 0
    c = restore("sample_ddnm_plus", operator, y, x_T(shape), sigma_y=1e-9)
    assert float((operator.A(c) - y).abs().max()) < float((operator.A(DENOISE(c, STEPS[-1][0]).x0) - y).abs().max())


def test_ddnm_is_ddrm_where_all_noise_is_drawn_anew() -> None:
    known = torch.rand(*SHAPE[-2:], generator=generator(3)) > 0.5
    operator, options = ops.Mask(known), {"eta": 1.0}
    y = operator.A(signals(SHAPE, 2, torch.float64, seed=11))
    a = restore("sample_ddnm", operator, y, x_T(), marginal=True, **options)
    b = restore("sample_ddrm", operator, y, x_T(), sigma_y=0.0, **options)
    error = float((a - b).abs().max())
    assert error < 0.01 * float(a.abs().max()), "they differ by the start alone"
    other = restore("sample_ddnm", operator, y, x_T(), **options)
    assert float((other - b).abs().max()) > 10 * error, "DDIM's noise is less"


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


def test_ddrm_is_ddnm_plus_also_when_estimates_are_clamped() -> None:
    denoise = samplers.Denoiser(lambda x, t: 0.7 * x, clamp=0.5)
    known = torch.rand(SHAPE[1:], generator=generator()) > 0.5
    y, sigma_y, top = signals(SHAPE, 2, torch.float64) * known, 0.2, STEPS[0][0]
    begun = top.noise * x_T() + known * (top.signal * y + (math.sqrt(top.noise**2 - (top.signal * sigma_y) ** 2) - top.noise) * x_T())
    options = {"operator": ops.Mask(known), "y": y, "sigma_y": sigma_y}
    a = samplers.sample_ddrm(denoise, x_T(), STEPS, **options, generator=generator())
    b = samplers.sample_ddnm_plus(denoise, begun, STEPS, **options, generator=generator())
    assert torch.allclose(a, b, atol=1e-9)


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
