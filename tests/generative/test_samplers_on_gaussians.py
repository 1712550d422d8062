"""With an ideal denoiser every sampler is an affine map: its law, the exact recursion, and the data's law it has to go to."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
import torch
from torch import Tensor

from generative import operators as ops
from generative import samplers, schedules
from tests.generative import laws
from tests.generative.exact import GaussianData, Law, MixtureData, gaussian_data, standard

SHAPE = (1, 2, 2)
COUNT = 20_000
T = 200
SCHEDULE = schedules.linear(T, 1e-3, 0.06)
STEPS = SCHEDULE.steps(schedules.pairs(schedules.trailing(T, 7)))


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def noise(shape: tuple[int, ...] = SHAPE, count: int = COUNT, seed: int = 1) -> Tensor:
    return torch.randn(count, *shape, generator=generator(seed), dtype=torch.float64)


def assert_law(samples: Tensor, law: Law) -> None:
    """Mean and covariance within five standard deviations of the Monte-Carlo error."""
    x = samples.flatten(1)
    variances = torch.diag(law.cov)
    mean_error = (variances / len(x)).sqrt()
    cov_error = ((torch.outer(variances, variances) + law.cov**2) / len(x)).sqrt()
    assert ((x.mean(0) - law.mean).abs() <= 5 * mean_error + 1e-9).all()
    assert ((torch.cov(x.T) - law.cov).abs() <= 5 * cov_error + 1e-9).all()


@pytest.fixture(scope="module")
def data() -> GaussianData:
    return gaussian_data(SHAPE)


@pytest.mark.parametrize("variance", ["posterior", "large"])
def test_ddpm(data: GaussianData, variance) -> None:
    samples = samplers.sample_ddpm(data, noise(), STEPS, generator=generator(), variance=variance)
    assert_law(samples, laws.ddpm_law(data, STEPS, variance))


@pytest.mark.parametrize(("eta", "sigma_hat"), [(0.0, False), (0.5, False), (1.0, False), (0.0, True)])
def test_ddim(data: GaussianData, eta, sigma_hat) -> None:
    samples = samplers.sample_ddim(data, noise(), STEPS, eta=eta, sigma_hat=sigma_hat, generator=generator())
    assert_law(samples, laws.ddim_law(data, STEPS, eta, sigma_hat=sigma_hat))


def test_dpm_solver(data: GaussianData) -> None:
    assert_law(samplers.sample_dpm_solver(data, noise(), STEPS), laws.dpm_solver_law(data, STEPS))


@pytest.mark.parametrize("keep", [None, torch.tensor([[True, False], [False, True]])])
def test_sdedit(data: GaussianData, keep) -> None:
    guide = torch.tensor([[[2.0, -1.0], [0.5, 1.0]]], dtype=torch.float64)
    guides, flat = guide.expand(COUNT, *SHAPE), None if keep is None else keep.flatten()
    steps = SCHEDULE.steps(schedules.pairs(schedules.below(0.5, T, 6)))
    samples = samplers.sample_sdedit_vp(data, guides, steps, generator=generator(), keep=keep)
    assert_law(samples, laws.sdedit_vp_law(data, guide.flatten(), steps, 1.0, flat))
    steps = schedules.ve_steps(SCHEDULE, schedules.geometric_sigmas(8, 0.05, 1.5))
    samples = samplers.sample_sdedit_ve(data, guides, steps, generator=generator(), keep=keep)
    assert_law(samples, laws.sdedit_ve_law(data, guide.flatten(), steps, flat))


BLUR = ops.separable_blur(ops.gaussian_kernel(0.7), ops.gaussian_kernel(0.5), 4, 2)
OPERATORS = {
    "inpainting": (ops.Mask(torch.tensor([[True, False], [True, True]])), SHAPE),
    "denoising": (ops.Identity(), SHAPE),
    "super-resolution": (ops.AveragePool(2), (1, 2, 4)),
    "deblurring": (BLUR, (1, 4, 2)),
    "colourisation": (ops.Grey(), (3, 2, 1)),
    "some points": (ops.PointSubset(torch.tensor([1]), 2), (2, 3)),
}
restorations = pytest.mark.parametrize("name", OPERATORS)


def measured(name: str, sigma_y: float) -> tuple[GaussianData, laws.Measured, Tensor]:
    """Data, the measurement of one of them, and y as a batch of one."""
    operator, shape = OPERATORS[name]
    data = gaussian_data(shape, seed=4)
    y = operator.A(data.law.draw(1, generator(7)).reshape(1, *shape))
    y = y + sigma_y * noise(tuple(y.shape[1:]), 1, seed=8)
    return data, laws.Measured(operator, shape, y.flatten()), y


@restorations
@pytest.mark.parametrize("marginal", [False, True])
def test_ddnm(name: str, marginal: bool) -> None:
    data, measurement, y = measured(name, 0.0)
    steps = SCHEDULE.steps(schedules.time_travel(schedules.pairs(schedules.trailing(T, 6)), 3, 2))
    x_T = noise(measurement.shape)
    samples = samplers.sample_ddnm(data, x_T, steps, operator=measurement.operator, y=y, generator=generator(), eta=0.6, marginal=marginal)
    assert_law(samples, laws.ddnm_law(data, steps, measurement, 0.6, marginal))


@restorations
@pytest.mark.parametrize("sigma_y", [0.05, 0.5])
def test_ddnm_plus_and_ddrm(name: str, sigma_y: float) -> None:
    data, measurement, y = measured(name, sigma_y)
    given = {"operator": measurement.operator, "y": y, "sigma_y": sigma_y}
    steps = SCHEDULE.steps(schedules.time_travel(schedules.pairs(schedules.trailing(T, 6)), 3, 2))
    samples = samplers.sample_ddnm_plus(data, noise(measurement.shape), steps, **given, generator=generator(), eta=0.7)
    assert_law(samples, laws.ddnm_plus_law(data, steps, measurement, sigma_y, 0.7))
    samples = samplers.sample_ddrm(data, noise(measurement.shape), STEPS, **given, generator=generator(), eta=0.7, eta_b=0.9)
    assert_law(samples, laws.ddrm_law(data, STEPS, measurement, sigma_y, 0.7, 0.9))


@restorations
def test_ddnm_plus_is_ddrm_in_other_words(name: str) -> None:
    data, measurement, _ = measured(name, 0.2)
    a = laws.ddnm_plus_law(data, STEPS, measurement, 0.2, 0.7)
    b = laws.ddrm_law(data, STEPS, measurement, 0.2, 0.7, 1.0)
    assert a.distance(b) < 0.02, "they differ by the start alone"


@pytest.mark.parametrize("eta", [0.0, 0.6, 1.0])
def test_rddm(data: GaussianData, eta: float) -> None:
    steps = schedules.power(T).steps(schedules.pairs(schedules.trailing(T, 7)))
    degraded = torch.tensor([[[0.3, -0.8], [1.5, 0.1]]], dtype=torch.float64)
    samples = samplers.sample_rddm(data.residual, noise(), steps, degraded=degraded.expand(COUNT, *SHAPE), eta=eta, generator=generator())
    assert_law(samples, laws.rddm_law(data, steps, degraded.flatten(), eta))


def gaps(law_of_steps, counts: tuple[int, ...], data: GaussianData, schedule=SCHEDULE) -> list[float]:
    """Wasserstein distances to the data's law after so many steps."""
    return [law_of_steps(schedule.steps(schedules.pairs(schedules.trailing(schedule.T, S)))).distance(data.law) for S in counts]


LONG = schedules.cosine(1600)
CONVERGING = {
    "ddpm": lambda data: lambda steps: laws.ddpm_law(data, steps),
    "ddpm, large variance": lambda data: lambda steps: laws.ddpm_law(data, steps, "large"),
    "ddim": lambda data: lambda steps: laws.ddim_law(data, steps, 0.0),
    "ddim, half noise": lambda data: lambda steps: laws.ddim_law(data, steps, 0.5),
    "dpm-solver++": lambda data: lambda steps: laws.dpm_solver_law(data, steps),
}


@pytest.mark.parametrize("method", CONVERGING)
def test_the_law_goes_to_that_of_the_data_as_steps_grow(method: str, data: GaussianData) -> None:
    found = gaps(CONVERGING[method](data), (25, 100, 400, 1600), data, LONG)
    assert found == sorted(found, reverse=True)
    assert found[-1] < 0.06 * standard(4).distance(data.law)
    assert found[-1] < found[0] / 8


def test_rddm_goes_to_the_law_of_the_data_with_noise_and_residual_together(data: GaussianData) -> None:
    schedule, degraded = schedules.power(1600), torch.ones(4, dtype=torch.float64)
    for eta in (0.0, 1.0):
        found = gaps(lambda steps, eta=eta: laws.rddm_law(data, steps, degraded, eta), (25, 100, 400, 1600), data, schedule)
        assert found == sorted(found, reverse=True)
        assert found[-1] < 0.02 < found[0]


def test_dpm_solver_is_of_second_order_where_ddim_is_of_first(data: GaussianData) -> None:
    """Against the closed form of the ODE: along an eigenvector of variance v, `x_VE - mean` shrinks like `sqrt(v + σ²)`."""
    values, vectors = torch.linalg.eigh(data.law.cov)
    shrinking = (vectors * ((values + 0.1**2) / (values + 10.0**2)).sqrt()) @ vectors.T
    exact = data.law.mean - shrinking @ data.law.mean

    def error(law_of_steps, S: int) -> float:
        steps = schedules.ve_steps(LONG, torch.logspace(1, -1, S + 1, dtype=torch.float64).tolist())
        return float((law_of_steps(steps).mean / steps[-1][1].signal - exact).norm())

    for method, order in (("ddim", 1), ("dpm-solver++", 2)):
        errors = [error(CONVERGING[method](data), S) for S in (40, 80, 160)]
        slopes = [math.log2(a / b) for a, b in pairwise(errors)]
        assert all(abs(slope - order) < 0.25 for slope in slopes), (method, slopes)


def test_a_mixture_keeps_its_modes_and_their_shares() -> None:
    data = MixtureData(torch.tensor([0.7, 0.3]).double(), torch.tensor([[1.0, 0.5], [-0.8, -0.4]]).double(), 0.15)
    schedule = schedules.cosine(300)
    every = schedule.steps(schedules.pairs(range(1, 301)))
    some = schedule.steps(schedules.pairs(schedules.trailing(300, 100)))
    results = {
        "ddpm": samplers.sample_ddpm(data, noise((2,), 4000), every, generator=generator()),
        "ddim": samplers.sample_ddim(data, noise((2,), 4000), some),
        "dpm-solver++": samplers.sample_dpm_solver(data, noise((2,), 4000), some),
    }
    for name, samples in results.items():
        first = samples[:, 0] > 0.1
        assert abs(float(first.double().mean()) - 0.7) < 0.04, name
        assert torch.allclose(samples[first].mean(0), data.means[0], atol=0.03), name
        assert torch.allclose(samples[first].std(0), torch.tensor(0.15).double(), atol=0.02), name
