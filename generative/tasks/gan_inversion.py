"""Restoration by GAN inversion: the picture that a generator can make and that explains the measurement best.

An editing baseline (Zhu et al. 2016; SDEdit's comparisons): what the generator cannot make is lost, also where it was measured. A picture
larger than the generator's is put together of several made ones, which overlap and are searched for together, so that the measurement is
asked about the whole picture.
"""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from generative.priors.prior import GanPrior
from generative.samplers.protocols import OnStep
from generative.tasks.latent_search import find_latents
from generative.tasks.problem import Problem
from generative.tasks.tiling import Tiles
from recon.errors import SettingsError

MOST = 64
"""Made pictures that one result is put together of, at most."""
UNEXPLAINED = 0.1
"""Standard deviation of what the generator cannot make, in a picture in [-1, 1]."""


def invert(problem: Problem, prior: GanPrior, steps: int, generator: Generator, on_step: OnStep) -> Tensor:
    """`argmin ‖A⁺(A G(z, c) - y)‖²/σ² + ‖z‖²` over z and the classes c, see `find_latents`; `[1, 3, H, W]`.

    The error is taken back into the picture by A⁺, where it is known to which patch it belongs.

    Args:
        problem: What was measured.
        prior: The generator.
        steps: Of Adam altogether.
        generator: Draws where z begins.
        on_step: Told of every step; an exception from it ends the search.

    Raises:
        SettingsError: The picture is too large.
    """
    gan, tiles, like = prior.network, Tiles(prior.size, prior.size // 4, MOST), torch.zeros_like(problem.degraded, device=prior.device)
    places, architecture = len(tiles.cut(like[:, :1])), gan.generator.architecture
    if places > MOST:
        height, width = like.shape[-2:]
        why = f"The generator makes {prior.size} x {prior.size} pixels; {width} x {height} take {places} such pictures, of {MOST} at most."
        raise SettingsError("The photo is too large for gan-inversion.", why, "Choose ddrm or ddnm+, which do any size.")
    measured = problem.operator.A_pinv(problem.y.to(prior.device))
    variance = UNEXPLAINED**2 + problem.sigma_y**2

    def made(z: Tensor, labels: Tensor) -> Tensor:
        return tiles.blend(lambda patches: (gan.generator(z, labels),), like)[0]

    def errors(x: Tensor) -> Tensor:
        return (measured - problem.operator.A_pinv(problem.operator.A(x))).square() / variance

    def of_each(found: Tensor) -> Tensor:
        return tiles.cut(found).flatten(1).sum(1)

    begin = torch.randn(places, architecture.latent, generator=generator).to(prior.device)
    z, labels = find_latents(made, errors, of_each, begin, len(architecture.classes), steps, on_step)
    with torch.no_grad():
        return made(z, labels)
