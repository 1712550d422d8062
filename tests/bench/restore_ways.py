"""The ways of `bench_restore`: older methods, and those of the program."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import torch
from torch import Tensor

from generative.priors.load import load_prior
from generative.priors.prior import Prior
from generative.tasks.classical import navier_stokes, wiener_filter
from generative.tasks.problem import Problem
from generative.tasks.recipe import METHODS, OPTIONS, PRIORS, Recipe
from generative.tasks.restore import KINDS, DiffusionPrior, restore
from recon.errors import WeightsError

Way = Callable[[Problem], Tensor]
DIFFUSION = tuple(method for method, prior in PRIORS.items() if prior == "photo-prior")
"""Methods with a diffusion prior."""
DRAWS = 8
PUBLISHED = 0.85
"""η in the papers of DDRM and DDNM."""
AVERAGED = {"ddnm": METHODS["ddnm"], "ddrm": ("deblur",)}
"""Methods, and tasks, of which the mean of so many samples is taken too: it is nearer to the truth than one of them."""
RDDM = {
    "rddm, 1 step": Recipe("rddm"),
    f"rddm, mean of {DRAWS}": Recipe("rddm", samples=DRAWS),
    "rddm, 3 steps": Recipe("rddm", steps=3),
}
LEFT_OUT = ("gan-inversion",)
"""Its generator makes other pictures than photographs of this size."""
REACH = 16
"""Of a blur kernel, pixels."""


def older(task: str) -> dict[str, Way]:
    """Name -> what others do."""
    found: dict[str, Way] = {"degraded": lambda p: p.finished(p.degraded)}
    if task in ("sr", "deblur", "colorize", "cs"):
        found["A⁺y"] = lambda p: p.finished(p.operator.A_pinv(p.y))
    if task == "sr":
        found["bicubic"] = found.pop("degraded")
    if task == "denoise":
        found["non-local means"] = _non_local_means
    if task == "inpaint":
        found["Navier-Stokes"] = lambda p: p.finished(navier_stokes(p))
        found["biharmonic"] = _biharmonic
    if task == "deblur":
        found["Wiener"] = lambda p: p.finished(wiener_filter(p))
        found["Richardson-Lucy"] = _richardson_lucy
    return found


def ours(task: str, given: str) -> dict[str, Way]:
    """Name -> a method of the program that needs no diffusion prior; with the prior `given` where it is of the right kind."""
    found: dict[str, Way] = {}
    for method, tasks in METHODS.items():
        prior = _prior_for(method, given)
        if task not in tasks or method in DIFFUSION or method in LEFT_OUT or (method in PRIORS and prior is None):
            continue
        for name, recipe in RDDM.items() if method == "rddm" else ((method, Recipe(method)),):
            found[name] = lambda p, r=recipe, prior=prior: restore(p, prior, r).picture  # type: ignore[misc]
    return found


def diffused(task: str, given: str) -> dict[str, Way]:
    """Name -> a method with a diffusion prior, by one sample and by the mean of several.

    DDNM+ is left out: without noise it is DDNM, with noise DDRM.
    """
    found: dict[str, Way] = {}
    for method in DIFFUSION:
        prior = _prior_for(method, given)
        if task not in METHODS[method] or prior is None or method == "ddnm+":
            continue
        for name, recipe in _recipes(method, task).items():
            found[name] = lambda p, prior=prior, recipe=recipe: restore(p, prior, recipe).picture  # type: ignore[misc]
    return found


def _recipes(method: str, task: str) -> dict[str, Recipe]:
    """Name -> how a method with a diffusion prior is used for a task."""
    exact = task in METHODS["ddnm"]  # a measurement without noise, where DDNM and DDRM are the same with η = 1
    found = {}
    if not (exact and method == "ddrm"):
        found[method] = Recipe(method, samples=1 if method in OPTIONS["samples"] else None)
    if task in AVERAGED.get(method, ()):
        found[f"{method}, mean of {DRAWS}"] = Recipe(method, samples=DRAWS)
    if exact and method in ("ddnm", "ddrm"):
        found[f"{method}, η = {PUBLISHED}"] = Recipe(method, eta=PUBLISHED, samples=1)
    return found


def _prior_for(method: str, given: str) -> Prior | None:
    if method not in PRIORS:
        return None
    prior = _loaded(given) if given else None
    return prior if isinstance(prior, KINDS.get(method, DiffusionPrior)) else _loaded(PRIORS[method])


@cache
def _loaded(name: str) -> Prior | None:
    """None where it is not shipped."""
    try:
        return load_prior(name)
    except WeightsError:
        return None


def array(picture: Tensor) -> np.ndarray:
    """`[H, W, 3]` in [0, 1]."""
    return ((picture[0].clamp(-1, 1) + 1) / 2).permute(1, 2, 0).double().numpy()


def _tensor(picture: np.ndarray) -> Tensor:
    return torch.from_numpy(picture).permute(2, 0, 1)[None].float() * 2 - 1


def _non_local_means(problem: Problem) -> Tensor:
    from skimage.restoration import denoise_nl_means

    sigma = problem.sigma_y / 2
    return _tensor(denoise_nl_means(array(problem.y), 5, 6, h=0.6 * sigma, sigma=sigma, fast_mode=True, channel_axis=2))


def _biharmonic(problem: Problem) -> Tensor:
    from skimage.restoration import inpaint_biharmonic

    missing = (problem.operator.singular_values == 0).numpy()
    return problem.finished(_tensor(inpaint_biharmonic(array(problem.y), missing, channel_axis=2)))


def _richardson_lucy(problem: Problem) -> Tensor:
    """30 iterations (with noise more make it worse) of the picture, mirrored beyond its border."""
    from skimage.restoration import richardson_lucy

    impulse = torch.zeros_like(problem.y)
    height, width = (side // 2 for side in impulse.shape[-2:])
    impulse[..., height, width] = 1
    around = (slice(height - REACH, height + REACH + 1), slice(width - REACH, width + REACH + 1))
    kernel = problem.operator.A(impulse)[0, 0][around].double().clamp(min=0).numpy()
    padded = np.pad(array(problem.y), ((REACH, REACH), (REACH, REACH), (0, 0)), mode="symmetric")
    found = richardson_lucy(padded, (kernel / kernel.sum())[..., None], num_iter=30)
    return _tensor(found[REACH:-REACH, REACH:-REACH])
