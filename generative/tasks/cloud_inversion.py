"""Completion of clouds by GAN inversion: the cloud that a generator can make and that explains the measured points best."""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from generative.networks.cloud_gan import CloudGan, on_sphere
from generative.samplers.protocols import OnStep, ignore
from generative.tasks.latent_search import find_latents
from generative.training.chamfer import one_sided

UNEXPLAINED = 0.05
"""Standard deviation of what the generator cannot make, in a cloud in the unit sphere."""
PLACE = 0.2
"""Standard deviation of place and logarithmic size of the whole: nobody knows them exactly from a part."""
STARTS = 4
"""Searches of a cloud, of which the best is taken: the distance has many local minima."""
REACH = 0.95
"""Part of the measured points that are taken to lie on what was made."""


def invert_cloud(
    gan: CloudGan,
    measured: Tensor,
    *,
    partial: bool,
    steps: int,
    generator: Generator,
    sigma: float = 0.0,
    points: int | None = None,
    on_step: OnStep = ignore,
) -> Tensor:
    """`argmin Σ d²(measured, s G(z, c) + t)/σ² + ‖z‖² + (‖t‖² + log² s)/PLACE²` over z, t, s and the classes c, see `find_latents`.

    d is the distance to the nearest point. Of a whole cloud the made points have to be near the measured ones, too.

    Args:
        gan: The generator.
        measured: Clouds `[B, N, 3]`, turned like those of the training and about where and as large as they are.
        partial: Whether parts may be missing.
        steps: Of Adam altogether.
        generator: Draws where z begins, and the seeds of the points.
        sigma: Standard deviation of the measured points.
        points: Of each result; those of the training when left out.
        on_step: Told of every step; an exception from it ends the search.

    Returns:
        The made clouds `[B, points, 3]`.
    """
    architecture, clouds = gan.generator.architecture, measured.repeat(STARTS, 1, 1)
    z = torch.randn(len(clouds), architecture.latent, generator=generator).to(measured)
    begin = torch.cat([z, z.new_zeros(len(z), 4)], 1)
    seeds = on_sphere(torch.randn(points or architecture.points, 3, generator=generator)).to(measured).expand(len(clouds), -1, -1)
    weight = measured.shape[1] / (UNEXPLAINED**2 + sigma**2)

    def made(latents: Tensor, labels: Tensor) -> Tensor:
        z, place, size = latents.split([architecture.latent, 3, 1], 1)
        cloud: Tensor = gan.generator(z, labels, seeds) * torch.exp(PLACE * size[:, None]) + PLACE * place[:, None]
        return cloud

    def errors(found: Tensor) -> Tensor:
        there = one_sided(clouds, found)
        return weight * (there if partial else there + one_sided(found, clouds))

    latents, labels = find_latents(made, errors, lambda each: each, begin, len(architecture.classes), steps, on_step)
    with torch.no_grad():
        found = made(latents, labels)
        best = (errors(found) + latents.square().sum(1)).view(STARTS, -1).argmin(0)
    result: Tensor = found.unflatten(0, (STARTS, -1))[best, torch.arange(len(measured), device=best.device)]
    return result


def missing(measured: Tensor, made: Tensor) -> Tensor:
    """Those of the made points `[M, 3]` where nothing was measured, `[K, 3]`: what completes the measured points `[N, 3]`.

    They are farther from every measured point than nearly all measured points are from what was made.
    """
    distances = torch.cdist(measured, made)
    reach = distances.amin(1).quantile(REACH)
    return made[distances.amin(0) > reach]
