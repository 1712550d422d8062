"""Restoring a photograph by any method, at any size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
from torch import Generator, Tensor

from generative.priors.prior import ColdPrior, DiffusionPrior, GanPrior, Prior, ResidualPrior
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
from generative.samplers.protocols import Denoise, OnStep, ignore
from generative.schedules import below, pairs, severities, time_travel, trailing
from generative.tasks.classical import classical
from generative.tasks.colours import enlarged, reduced
from generative.tasks.gan_inversion import invert
from generative.tasks.problem import Problem
from generative.tasks.recipe import PRIORS, Recipe
from generative.tasks.tiling import OnPart, Tiles, nothing, tiled, tiled_residual
from recon.errors import SettingsError

RESIDUAL_TILE, RESIDUAL_OVERLAP = 256, 32
BYTES_PER_PIXEL = 16_000
"""Memory a U-Net takes for a pixel, about."""
ETA = 1.0
"""Usual part of the noise that samplers of a posterior draw anew: few steps forget the network's errors so (the authors take 0.85)."""
SPACING = 2.0
"""Levels of samplers of a posterior are dense where there is little noise: details beside what was measured exactly are found there."""
KINDS = {"rddm": ResidualPrior, "cold": ColdPrior, "gan-inversion": GanPrior}
"""Method -> kind of its prior, where it is no DiffusionPrior."""


@dataclass(frozen=True)
class Restored:
    """What came out.

    Args:
        picture: `[1, 3, H, W]` in [-1, 1], on the CPU.
        misfit: Largest value of `|A x - y|` of a measurement without noise, before the picture was cut to its range; None: there is noise.
    """

    picture: Tensor
    misfit: float | None


def restore(problem: Problem, prior: Prior | None, recipe: Recipe, on_step: OnStep = ignore, on_part: OnPart = nothing) -> Restored:
    """The restored photograph.

    Args:
        problem: What was measured.
        prior: For all methods but 'classical'.
        recipe: How.
        on_step: Told of every step; an exception from it ends the work.
        on_part: Told how much of a step is done, patch by patch, where pictures are larger than what the network sees at once; likewise.

    Raises:
        SettingsError: The method cannot do the task, or takes another prior.
    """
    recipe.check(problem.task)
    if recipe.method in ("ddnm", "cold") and problem.task != "deblur" and problem.sigma_y > 0:
        raise SettingsError(f"'{recipe.method}' knows of no noise.", "", "Leave --sigma out, or choose ddnm+ or ddrm.")
    if recipe.method == "classical":
        x = classical(problem, on_step, on_part)
    else:
        kind = KINDS.get(recipe.method, DiffusionPrior)
        if not isinstance(prior, kind):
            what = PRIORS[recipe.method]
            raise SettingsError(f"'{recipe.method}' needs a prior of another kind.", f"It takes a {what}.", f"Give --prior with a {what}.")
        generator = torch.Generator().manual_seed(recipe.seed)
        count = recipe.sample_count(problem.task)
        x = torch.zeros(())
        for i in range(count):
            given = partial(_by_rddm_turned, i) if kind is ResidualPrior else _WAYS[kind]
            x = x + given(problem, prior, recipe, generator, _of_many(on_step, i, count), on_part).cpu() / count
    return Restored(problem.finished(x), problem.misfit(x) if problem.sigma_y == 0 else None)


def _of_many(on_step: OnStep, i: int, count: int) -> OnStep:
    """Tells of the steps of sample i as a part of those of all samples."""
    return lambda done, total, x0: on_step(i * total + done, count * total, x0)


def _by_rddm(problem: Problem, prior: ResidualPrior, recipe: Recipe, generator: Generator, on_step: OnStep, on_part: OnPart) -> Tensor:
    degraded = problem.degraded.to(prior.device)
    tiles = _residual_tiles(prior.network.architecture.stride, degraded, recipe, on_part)
    noise = torch.randn(degraded.shape, generator=generator).to(degraded)
    steps = prior.schedule.steps(pairs(trailing(prior.schedule.T, min(recipe.step_count, prior.schedule.T))))
    denoise = tiled_residual(prior.denoiser(), tiles)
    return sample_rddm(denoise, noise, steps, degraded=degraded, eta=recipe.eta or 0.0, generator=generator, on_step=on_step)


def _by_rddm_turned(
    i: int, problem: Problem, prior: ResidualPrior, recipe: Recipe, generator: Generator, on_step: OnStep, on_part: OnPart
) -> Tensor:
    """One of the eight ways to lay the picture, 0 as it is: a network errs differently on each (Timofte et al. 2016, section 3.4)."""
    turns, mirrored = i % 4, i % 8 > 3

    def back(x: Tensor) -> Tensor:
        x = torch.rot90(x, -turns, (-2, -1))
        return x.flip(-1) if mirrored else x

    degraded = torch.rot90(problem.degraded.flip(-1) if mirrored else problem.degraded, turns, (-2, -1))
    laid, told = replace(problem, degraded=degraded), lambda done, total, x0: on_step(done, total, back(x0))
    return back(_by_rddm(laid, prior, recipe, generator, told, on_part))


def _residual_tiles(stride: int, picture: Tensor, recipe: Recipe, on_part: OnPart) -> Tiles:
    """Small pictures are taken whole: such a network sees any size that is a multiple of its stride."""
    side = -(-max(picture.shape[-2:]) // stride) * stride
    return Tiles.within(min(side, RESIDUAL_TILE), min(RESIDUAL_OVERLAP, side - 1), recipe.memory, BYTES_PER_PIXEL // 4, on_part)


def _by_cold(problem: Problem, prior: ColdPrior, recipe: Recipe, generator: Generator, on_step: OnStep, on_part: OnPart) -> Tensor:
    if problem.degrade is None:
        raise SettingsError("Cold Diffusion cannot undo this blur.", "It knows Gaussian blur only.", "Choose ddrm or ddnm+.")
    tiles, restored = _residual_tiles(prior.network.architecture.stride, problem.degraded, recipe, on_part), prior.restorer()

    def restorer(x: Tensor, s: float) -> Tensor:
        (x0,) = tiles.blend(lambda patches: (restored(patches, s * problem.strength),), x)
        return x0

    x, degrade = problem.operator.A_pinv(problem.y) if problem.task == "sr" else problem.y, problem.degrade
    return sample_cold_tacos(restorer, x.to(prior.device), severities(recipe.step_count), degrade=degrade, on_step=on_step)


def _by_diffusion(
    problem: Problem, prior: DiffusionPrior, recipe: Recipe, generator: Generator, on_step: OnStep, on_part: OnPart
) -> Tensor:
    if (small := reduced(problem)) is not None:
        return enlarged(problem, _by_diffusion(small, prior, recipe, generator, on_step, on_part).cpu())
    denoise = tiled(prior.denoiser(), Tiles.within(prior.size, prior.size // 4, recipe.memory, BYTES_PER_PIXEL, on_part))
    guide = problem.degraded.to(prior.device)
    if recipe.method == "sdedit":
        steps = prior.schedule.steps(pairs(below(recipe.start(problem.task), prior.schedule.T, recipe.step_count)))
        eta = 1.0 if recipe.eta is None else recipe.eta
        return sample_sdedit_vp(denoise, guide, steps, generator=generator, eta=eta, on_step=on_step)
    if recipe.method in ("ddpm", "ddim"):  # the noise of the picture is that of a level: begin there
        level = prior.schedule.nearest(problem.sigma_y)
        steps = prior.schedule.steps(pairs(trailing(level, min(recipe.step_count, level))))
        x = guide * prior.schedule.level(level).signal
        if recipe.method == "ddpm":
            return sample_ddpm(denoise, x, steps, generator=generator, on_step=on_step)
        return sample_ddim(denoise, x, steps, eta=recipe.eta or 0.0, generator=generator, on_step=on_step)
    return _of_posterior(problem, prior, recipe, generator, denoise, guide, on_step)


def _of_posterior(
    problem: Problem, prior: DiffusionPrior, recipe: Recipe, generator: Generator, denoise: Denoise, guide: Tensor, on_step: OnStep
) -> Tensor:
    """By DDNM, DDNM+ or DDRM: a picture that explains the measurement."""
    t0 = recipe.start(problem.task)
    visited = pairs(below(t0, prior.schedule.T, recipe.step_count, SPACING) or (1,))
    steps = prior.schedule.steps(time_travel(visited, *recipe.travel) if recipe.travel else visited)
    x = torch.randn(guide.shape, generator=generator).to(guide)
    if t0 < 1:  # begins with the picture as it is (Chung et al. 2022, Come-Closer-Diffuse-Faster)
        x = steps[0][0].signal * guide + steps[0][0].noise * x
    measured: dict[str, Any] = {"operator": problem.operator, "y": problem.y.to(prior.device)}
    dials: dict[str, Any] = {"eta": ETA if recipe.eta is None else recipe.eta, "generator": generator, "on_step": on_step}
    if recipe.method == "ddnm":
        return sample_ddnm(denoise, x, steps, **measured, **dials, marginal=True)
    sample = sample_ddrm if recipe.method == "ddrm" else sample_ddnm_plus
    return sample(denoise, x, steps, **measured, sigma_y=problem.sigma_y, **dials)


def _by_gan(problem: Problem, prior: GanPrior, recipe: Recipe, generator: Generator, on_step: OnStep, on_part: OnPart) -> Tensor:
    return invert(problem, prior, recipe.step_count, generator, on_step)


_WAYS: dict[type, Callable[..., Tensor]] = {
    DiffusionPrior: _by_diffusion,
    ResidualPrior: _by_rddm,
    ColdPrior: _by_cold,
    GanPrior: _by_gan,
}
