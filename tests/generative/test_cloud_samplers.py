"""A cloud has no order: whatever the numbers of its points, noise and measured indices along with them, a sampler makes the same cloud."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from unittest.mock import patch

import pytest
import torch
from torch import Tensor

from generative import degradations as deg
from generative import operators as ops
from generative import samplers, schedules
from tests.generative.operator_cases import rotation, signals
from tests.generative.sampler_runs import SCHEDULE, SEVERITIES, STEPS, generator

N = 9
X, Y, MOVES = (signals((N, 3), 2, torch.float64, seed) for seed in (3, 4, 5))
SEEN = torch.tensor([7, 0, 3, 5])
KNOWN = torch.rand(1, N, 1, generator=generator(1)) > 0.4
VIEW = ops.ViewProjection(rotation())
TRAVEL = SCHEDULE.steps(schedules.time_travel(schedules.pairs(schedules.uniform(1000, 6)), 3, 2))
VE_STEPS = schedules.ve_steps(SCHEDULE, schedules.geometric_sigmas(12))
RESIDUAL_STEPS = schedules.power(10).steps(schedules.pairs(range(1, 11)))
Move = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Numbering:
    """Point i of this numbering is point `order[i]` of the first one."""

    order: Tensor

    def points(self, x: Tensor) -> Tensor:
        """What is said of all points, `[B, N, ...]`, in this numbering."""
        return x[:, self.order]

    def indices(self, first: Tensor) -> Tensor:
        """Numbers of points, in this numbering."""
        return self.order.argsort()[first]


def equivariant(x: Tensor) -> Tensor:
    """A network that lets every point see all others."""
    return torch.tanh(x - torch.softmax(-torch.cdist(x, x), -1) @ x)


def counting(x: Tensor) -> Tensor:
    """A network that looks at the numbers of the points."""
    return torch.tanh(x - 0.5 * torch.roll(x, 1, 1))


def denoiser(move: Move) -> samplers.Denoiser:
    return samplers.Denoiser(lambda x, time: move(x), "x0")


def restore(name: str, operator: str, steps=STEPS, **options) -> Callable[[Move, Numbering], Tensor]:
    """A sampler of restorations with an operator for clouds."""

    def run(move: Move, numbers: Numbering) -> Tensor:
        some = ops.PointSubset(numbers.indices(SEEN), N)
        known = ops.Mask(numbers.points(KNOWN))
        asked = {"subset": some, "view": VIEW, "mask": known, "view of some": ops.Composition(some, VIEW)}[operator]
        y = asked.A(numbers.points(Y))
        sample = getattr(samplers, name)
        return sample(denoiser(move), numbers.points(X), steps, operator=asked, y=y, generator=generator(), **options)

    return run


def cold(sample: Callable[..., Tensor], degradation: Callable[[Numbering], Callable[[Tensor, float], Tensor]]):
    """Cold Diffusion of the points `X`."""

    def run(move: Move, numbers: Numbering) -> Tensor:
        return sample(lambda x, s: x + s * move(x), numbers.points(X), SEVERITIES, degrade=degradation(numbers))

    return run


def rddm(method: str):
    """RDDM of the degraded points `Y`."""

    def run(move: Move, numbers: Numbering) -> Tensor:
        network = samplers.ResidualDenoiser(lambda x, degraded, times: (0.1 * move(degraded - x), move(x)), method)
        noise, degraded = numbers.points(X), numbers.points(Y)
        return samplers.sample_rddm(network, noise, RESIDUAL_STEPS, degraded=degraded, eta=0.5, generator=generator())

    return run


def guided_by_points(sample, steps):
    """SDEdit of the points `Y`, of which some stay."""

    def run(move: Move, numbers: Numbering) -> Tensor:
        keep = numbers.points(torch.arange(N)[None, :, None] < 3)
        return sample(denoiser(move), numbers.points(Y), steps, generator=generator(), keep=keep, repeats=2)

    return run


SAMPLERS: dict[str, Callable[[Move, Numbering], Tensor]] = {
    "ddpm": lambda move, numbers: samplers.sample_ddpm(denoiser(move), numbers.points(X), STEPS, generator=generator()),
    "ddim": lambda move, numbers: samplers.sample_ddim(denoiser(move), numbers.points(X), STEPS),
    "ddim, η = 0.5": lambda move, numbers: samplers.sample_ddim(denoiser(move), numbers.points(X), STEPS, eta=0.5, generator=generator()),
    "ddim, σ̂": lambda move, numbers: samplers.sample_ddim(denoiser(move), numbers.points(X), STEPS, sigma_hat=True, generator=generator()),
    "ddim inversion": lambda move, numbers: samplers.invert_ddim(denoiser(move), numbers.points(X), STEPS),
    "dpm-solver": lambda move, numbers: samplers.sample_dpm_solver(denoiser(move), numbers.points(X), STEPS),
    "sdedit vp": guided_by_points(samplers.sample_sdedit_vp, STEPS[10:]),
    "sdedit ve": guided_by_points(samplers.sample_sdedit_ve, VE_STEPS[4:]),
    "ddrm, subset": restore("sample_ddrm", "subset", sigma_y=0.2),
    "ddrm, view": restore("sample_ddrm", "view", sigma_y=0.2),
    "ddnm, subset": restore("sample_ddnm", "subset"),
    "ddnm, view of some, time travel": restore("sample_ddnm", "view of some", TRAVEL),
    "ddnm+, mask": restore("sample_ddnm_plus", "mask", sigma_y=0.2),
    "ddnm+, subset, time travel": restore("sample_ddnm_plus", "subset", TRAVEL, sigma_y=0.2),
    "cold, naive, crop": cold(samplers.sample_cold_naive, lambda numbers: deg.Crop(torch.tensor([0.0, 1.0, 1.0]))),
    "cold, naive, jitter": cold(samplers.sample_cold_naive, lambda numbers: deg.Jitter(numbers.points(MOVES))),
    "cold, tacos, flatten": cold(samplers.sample_cold_tacos, lambda numbers: deg.Flatten(torch.tensor([1.0, 2.0, 0.5]))),
    "cold, tacos, decimate": cold(samplers.sample_cold_tacos, lambda numbers: deg.Decimate(numbers.indices(torch.arange(N)))),
    "cold, tacos, quantise": cold(samplers.sample_cold_tacos, lambda numbers: deg.Quantise(0.3)),
    "rddm, residual": rddm("res"),
    "rddm, noise": rddm("noise"),
    "rddm, both": rddm("res+noise"),
}
every = pytest.mark.parametrize("name", SAMPLERS)
FIRST, OTHER = Numbering(torch.arange(N)), Numbering(torch.randperm(N, generator=generator()))


def run(name: str, move: Move, numbers: Numbering) -> Tensor:
    """A sampler whose own noise is numbered like the points."""
    draw = torch.randn
    with patch("generative.samplers.gaussian.torch.randn", lambda *shape, **options: numbers.points(draw(*shape, **options))):
        return SAMPLERS[name](move, numbers)


@every
def test_the_order_of_the_points_does_not_matter(name: str) -> None:
    result = run(name, equivariant, FIRST)
    assert result.shape == X.shape
    assert result.isfinite().all()
    assert torch.allclose(run(name, equivariant, OTHER), OTHER.points(result), atol=1e-9)


@every
def test_a_network_that_counts_points_is_found_out(name: str) -> None:
    result = run(name, counting, FIRST)
    assert not torch.allclose(run(name, counting, OTHER), OTHER.points(result), atol=1e-3)
