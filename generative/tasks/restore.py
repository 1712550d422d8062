"""Restoring a photograph by any method, at any size."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from generative.priors.prior import ColdPrior, DiffusionPrior, Prior, ResidualPrior
from generative.samplers import (
    sample_cold_tacos,
    sample_ddim,
    sample_ddnm,
    sample_ddnm_plus,
    sample_ddpm,
    sample_ddrm,
    sample_rddm,
    sample_sdedit_vp,
)
from generative.samplers.protocols import OnStep, ignore
from generative.schedules import below, pairs, severities, time_travel, trailing
from generative.tasks.classical import classical
from generative.tasks.problem import TASKS, Problem
from generative.tasks.tiling import Tiles, tiled, tiled_residual
from recon.errors import SettingsError

METHODS = {
    "classical": ("denoise", "inpaint", "sr", "deblur"),
    "rddm": ("denoise", "inpaint", "sr", "deblur"),
    "ddnm": ("inpaint", "sr", "colorize"),
    "ddnm+": TASKS,
    "ddrm": TASKS,
    "sdedit": ("denoise", "sr", "deblur"),
    "ddpm": ("denoise",),
    "ddim": ("denoise",),
    "cold": ("inpaint", "sr", "deblur"),
}
"""Method -> tasks it can do. DDNM and Cold Diffusion know of no noise; they are left to the tasks that are usually without."""
PRIORS = {"rddm": "photo-rddm", "cold": "photo-cold"} | dict.fromkeys(("ddnm", "ddnm+", "ddrm", "sdedit", "ddpm", "ddim"), "photo-prior")
"""Method -> the prior it takes when none is named."""
BEST = {"denoise": "rddm", "inpaint": "classical", "sr": "classical", "deblur": "classical", "colorize": "ddnm"}
"""Task -> the method that did best in tests/bench/results/restore.md with what is shipped; colours need a prior."""
RESIDUAL_TILE, RESIDUAL_OVERLAP = 256, 32
BYTES_PER_PIXEL = 16_000
"""Memory a U-Net takes for a pixel, about."""


@dataclass(frozen=True)
class Recipe:
    """How a photograph is restored.

    Args:
        method: A key of METHODS.
        steps: Of the sampler; None: 1 for RDDM and 3 for Cold Diffusion, which need no more, else 20.
        eta: Noise drawn anew in a step, see each sampler; None: its usual value.
        t0: Where SDEdit begins, 0 to 1.
        travel: Length and repeats of time travel (DDNM, DDNM+), or None.
        seed: Of all noise.
        memory: Bytes the network may take at once.
    """

    method: str
    steps: int | None = None
    eta: float | None = None
    t0: float = 0.4
    travel: tuple[int, int] | None = None
    seed: int = 0
    memory: int = 2 << 30

    @property
    def step_count(self) -> int:
        """Steps asked for, or the usual number."""
        return self.steps or {"rddm": 1, "cold": 3}.get(self.method, 20)

    def check(self, task: str) -> None:
        """Whether the method can do the task.

        Raises:
            SettingsError: It cannot; says which can.
        """
        if self.method not in METHODS:
            raise SettingsError(f"There is no method '{self.method:.40}'.", f"There are: {', '.join(METHODS)}.", "Choose one of them.")
        if task not in METHODS[self.method]:
            able = [name for name, tasks in METHODS.items() if task in tasks]
            if not able:
                known = ", ".join(dict.fromkeys(name for tasks in METHODS.values() for name in tasks))
                raise SettingsError(f"There is no task '{task:.40}'.", f"There are: {known}.", "Choose one of them.")
            raise SettingsError(f"'{self.method}' cannot do '{task:.40}'.", f"These can: {', '.join(able)}.", "Choose one of them.")
        if self.travel is not None and self.method not in ("ddnm", "ddnm+"):
            raise SettingsError(f"'{self.method}' does not travel in time.", "", "Leave --travel out, or choose ddnm or ddnm+.")


def restore(problem: Problem, prior: Prior | None, recipe: Recipe, on_step: OnStep = ignore) -> Tensor:
    """The restored photograph `[1, 3, H, W]` in [-1, 1], on the CPU.

    Args:
        problem: What was measured.
        prior: For all methods but 'classical'.
        recipe: How.
        on_step: Told of every step; an exception from it ends the work.

    Raises:
        SettingsError: The method cannot do the task, or takes another prior.
    """
    recipe.check(problem.task)
    generator = torch.Generator().manual_seed(recipe.seed)
    if recipe.method == "classical":
        return problem.finished(classical(problem))
    if recipe.method == "rddm" and isinstance(prior, ResidualPrior):
        return problem.finished(_by_rddm(problem, prior, recipe, generator, on_step).cpu())
    if recipe.method == "cold" and isinstance(prior, ColdPrior):
        return problem.finished(_by_cold(problem, prior, recipe, on_step).cpu())
    if recipe.method not in ("rddm", "cold") and isinstance(prior, DiffusionPrior):
        return problem.finished(_by_diffusion(problem, prior, recipe, generator, on_step).cpu())
    what = PRIORS[recipe.method]
    raise SettingsError(f"'{recipe.method}' needs a prior of another kind.", f"It takes a {what}.", f"Give --prior with a {what}.")


def _by_rddm(problem: Problem, prior: ResidualPrior, recipe: Recipe, generator: Generator, on_step: OnStep) -> Tensor:
    degraded = problem.degraded.to(prior.device)
    tiles = Tiles.within(RESIDUAL_TILE, RESIDUAL_OVERLAP, recipe.memory, BYTES_PER_PIXEL // 4)
    noise = torch.randn(degraded.shape, generator=generator).to(degraded)
    steps = prior.schedule.steps(pairs(trailing(prior.schedule.T, min(recipe.step_count, prior.schedule.T))))
    denoise = tiled_residual(prior.denoiser(), tiles)
    return sample_rddm(denoise, noise, steps, degraded=degraded, eta=recipe.eta or 0.0, generator=generator, on_step=on_step)


def _by_cold(problem: Problem, prior: ColdPrior, recipe: Recipe, on_step: OnStep) -> Tensor:
    if problem.degrade is None:
        raise SettingsError("Cold Diffusion cannot undo this blur.", "It knows Gaussian blur only.", "Choose ddrm or ddnm+.")
    tiles = Tiles.within(RESIDUAL_TILE, RESIDUAL_OVERLAP, recipe.memory, BYTES_PER_PIXEL // 4)

    def restorer(x: Tensor, s: float) -> Tensor:
        (x0,) = tiles.blend(lambda patches: (prior.network.restored(patches, s * problem.strength),), x)
        return x0

    x, degrade = problem.operator.A_pinv(problem.y) if problem.task == "sr" else problem.y, problem.degrade
    return sample_cold_tacos(restorer, x.to(prior.device), severities(recipe.step_count), degrade=degrade, on_step=on_step)


def _by_diffusion(problem: Problem, prior: DiffusionPrior, recipe: Recipe, generator: Generator, on_step: OnStep) -> Tensor:
    denoise = tiled(prior.denoiser(), Tiles.within(prior.size, prior.size // 4, recipe.memory, BYTES_PER_PIXEL))
    T = prior.schedule.T
    guide = problem.degraded.to(prior.device)
    if recipe.method == "sdedit":
        steps = prior.schedule.steps(pairs(below(recipe.t0, T, recipe.step_count)))
        eta = 1.0 if recipe.eta is None else recipe.eta
        return sample_sdedit_vp(denoise, guide, steps, generator=generator, eta=eta, on_step=on_step)
    if recipe.method in ("ddpm", "ddim"):  # the noise of the picture is that of a level: begin there
        level = prior.schedule.nearest(problem.sigma_y)
        steps = prior.schedule.steps(pairs(trailing(level, min(recipe.step_count, level))))
        x = guide * prior.schedule.level(level).signal
        if recipe.method == "ddpm":
            return sample_ddpm(denoise, x, steps, generator=generator, on_step=on_step)
        return sample_ddim(denoise, x, steps, eta=recipe.eta or 0.0, generator=generator, on_step=on_step)
    visited = pairs(trailing(T, min(recipe.step_count, T)))
    steps = prior.schedule.steps(time_travel(visited, *recipe.travel) if recipe.travel else visited)
    noise = torch.randn(guide.shape, generator=generator).to(guide)
    y, eta = problem.y.to(prior.device), 0.85 if recipe.eta is None else recipe.eta
    if recipe.method == "ddnm":
        return sample_ddnm(denoise, noise, steps, operator=problem.operator, y=y, generator=generator, eta=eta, on_step=on_step)
    sample = sample_ddrm if recipe.method == "ddrm" else sample_ddnm_plus
    return sample(
        denoise, noise, steps, operator=problem.operator, y=y, sigma_y=problem.sigma_y, generator=generator, eta=eta, on_step=on_step
    )
