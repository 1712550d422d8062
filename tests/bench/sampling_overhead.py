"""What samplers cost besides the networks and operators they call."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from generative import operators, samplers, schedules
from generative.degradations import Blur
from generative.priors.load import load_prior
from generative.priors.prior import ColdPrior, DiffusionPrior, ResidualPrior
from generative.tasks.tiling import Tiles, tiled
from tests.bench.support.machine import machine_lines
from tests.bench.support.tables import cell, table

RESULTS = Path(__file__).parent / "results"
SIDE, STEPS = 128, 20
WORDS = f"""\
One picture of {SIDE}x{SIDE}, {STEPS} steps, by `photo-prior` (its patches of 64 blended in every step); RDDM by `photo-rddm`, Cold
Diffusion by `photo-cold`. Processor time of a step, and which part of it is spent in the network, in the operator (4x super-resolution;
Cold Diffusion: the degradation, a blur) and in the loop: all the rest, patches and noise included."""


class Clock:
    """Processor seconds of functions, by name."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {"network": 0.0, "operator": 0.0}

    def timed(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, with its time taken."""

        def run(*arguments: Any) -> Any:
            begun = time.process_time()
            result = function(*arguments)
            self.spent[name] += time.process_time() - begun
            return result

        return run


class TimedOperator:
    """An operator as samplers see it, with the time taken."""

    def __init__(self, operator: operators.SVDOperator, clock: Clock) -> None:
        self.singular_values = operator.singular_values
        self.A, self.A_pinv, self.V, self.Vt = (clock.timed("operator", f) for f in (operator.A, operator.A_pinv, operator.V, operator.Vt))


def run_overhead() -> None:
    """Writes the page."""
    clock = Clock()
    rows = [[name, *_measured(run, clock)] for name, run in (_by_diffusion(clock) | _by_residual(clock)).items()]
    header = ["", "ms a step", "network", "operator", "loop"]
    lines = ["# Overhead of the samplers", "", *machine_lines(), "", *WORDS.split("\n"), "", *table(header, rows), ""]
    (RESULTS / "sampling_overhead.md").write_text("\n".join(lines), encoding="utf-8")
    print("\n".join(lines))


def _measured(run: Callable[[], Tensor], clock: Clock) -> list[str]:
    """Cells of a row."""
    clock.spent = dict.fromkeys(clock.spent, 0.0)
    begun = time.process_time()
    run()
    total = time.process_time() - begun
    network, operator = (clock.spent[name] / total for name in ("network", "operator"))
    return [cell(1000 * total / STEPS, 1), *(f"{100 * share:.2f} %" for share in (network, operator, 1 - network - operator))]


def _by_diffusion(clock: Clock) -> dict[str, Callable[[], Tensor]]:
    """Name -> a run of each sampler with a diffusion prior."""
    prior = load_prior("photo-prior")
    assert isinstance(prior, DiffusionPrior)
    patch = prior.denoiser()
    denoise = tiled(replace(patch, network=clock.timed("network", patch.network)), Tiles(prior.size, prior.size // 4))
    x = torch.randn(1, 3, SIDE, SIDE, generator=_generator())
    steps = prior.schedule.steps(schedules.pairs(schedules.trailing(prior.schedule.T, STEPS)))
    exploding = schedules.ve_steps(prior.schedule, schedules.geometric_sigmas(STEPS))
    pool = operators.AveragePool(4)
    measured = {"operator": TimedOperator(pool, clock), "y": pool.A(x.clamp(-1, 1))}
    runs = {
        "DDPM": partial(samplers.sample_ddpm, denoise, x, steps),
        "DDIM, η = 0": partial(samplers.sample_ddim, denoise, x, steps),
        "DDIM, η = 1": partial(samplers.sample_ddim, denoise, x, steps, eta=1.0),
        "SDEdit, VP": partial(samplers.sample_sdedit_vp, denoise, x.clamp(-1, 1), steps),
        "SDEdit, VE": partial(samplers.sample_sdedit_ve, denoise, x.clamp(-1, 1), exploding),
        "DDNM": partial(samplers.sample_ddnm, denoise, x, steps, **measured),
        "DDNM+": partial(samplers.sample_ddnm_plus, denoise, x, steps, sigma_y=0.05, **measured),
        "DDRM": partial(samplers.sample_ddrm, denoise, x, steps, sigma_y=0.05, **measured),
    }
    drawn = {name: lambda run=run: run(generator=_generator()) for name, run in runs.items()}
    return drawn | {"DPM-Solver++ 2M": lambda: samplers.sample_dpm_solver(denoise, x, steps)}


def _by_residual(clock: Clock) -> dict[str, Callable[[], Tensor]]:
    """RDDM and Cold Diffusion, whose networks see the whole picture."""
    rddm, cold = load_prior("photo-rddm"), load_prior("photo-cold")
    assert isinstance(rddm, ResidualPrior)
    assert isinstance(cold, ColdPrior)
    x = torch.randn(1, 3, SIDE, SIDE, generator=_generator()).clamp(-1, 1)
    steps = rddm.schedule.steps(schedules.pairs(schedules.trailing(rddm.schedule.T, STEPS)))
    denoise = replace(rddm.denoiser(), network=clock.timed("network", rddm.denoiser().network))
    severities, restore, blur = (
        schedules.severities(STEPS),
        clock.timed("network", cold.restorer()),
        clock.timed("operator", Blur(3.0)),
    )
    return {
        "RDDM": lambda: samplers.sample_rddm(denoise, x, steps, degraded=x),
        "Cold Diffusion, naive": lambda: samplers.sample_cold_naive(restore, x, severities, degrade=blur),
        "Cold Diffusion, TACoS": lambda: samplers.sample_cold_tacos(restore, x, severities, degrade=blur),
    }


def _generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)
