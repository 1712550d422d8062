"""Clouds that a generator makes or completes. Whatever was not measured says so: its origin is GENERATED."""

from __future__ import annotations

import numpy as np
import torch

from generative.priors.prior import CloudGanPrior, Prior
from generative.samplers.protocols import OnStep, ignore
from generative.tasks.cloud_inversion import invert_cloud, missing
from recon.errors import InputError, SettingsError, ShapeError
from recon.points.shapes import unit_sphere
from recon.scene import PointCloud
from recon.scene.origin import Origin

MOST = 1024
"""Measured points that a search looks at."""


def generate_cloud(prior: Prior, kind: str, points: int, seed: int) -> PointCloud:
    """A cloud of a class, in the unit sphere, z up.

    Raises:
        SettingsError: The prior makes no clouds, or none of that class.
    """
    generator = _of_clouds(prior).network.generator
    classes = generator.architecture.classes
    if kind not in classes:
        raise SettingsError(f"No '{kind}' can be made.", f"The network knows: {', '.join(classes)}.", "Choose one of them.")
    with torch.no_grad():
        made, _ = generator.draw(classes.index(kind) + 1, torch.Generator().manual_seed(seed), points)
    return PointCloud(made[-1].cpu().numpy(), origin=np.full(points, Origin.GENERATED, np.uint8))


def complete_cloud(prior: Prior, cloud: PointCloud, *, points: int, steps: int, seed: int, on_step: OnStep = ignore) -> PointCloud:
    """The measured points, and made ones where nothing was measured, as GAN inversion finds them.

    Args:
        prior: The generator.
        cloud: `[N, 3]` points, z up and turned like the shapes of the training; any place and size.
        points: Of the made cloud; those near measured points are left out.
        steps: Of the search.
        seed: Fixes the result.
        on_step: Told of every step.

    Raises:
        SettingsError: The prior makes no clouds.
        InputError: The cloud has no extent.
    """
    gan, generator = _of_clouds(prior).network, torch.Generator().manual_seed(seed)
    try:
        centre, radius = unit_sphere(cloud.points)
    except ShapeError as error:
        raise InputError("The cloud cannot be completed.", f"{error}.", "Give one with more points.") from error
    measured = torch.from_numpy(((cloud.points - centre) / radius).astype(np.float32))
    seen = measured[torch.randperm(len(measured), generator=generator)[:MOST]].to(prior.device)
    made = invert_cloud(gan, seen[None], partial=True, steps=steps, generator=generator, points=points, on_step=on_step)[0]
    added = missing(seen, made).cpu().numpy() * radius + centre
    origin = np.concatenate([np.asarray(cloud.origin), np.full(len(added), Origin.GENERATED, np.uint8)])
    return PointCloud(np.concatenate([cloud.points, added.astype(np.float32)]), origin=origin)


def _of_clouds(prior: Prior) -> CloudGanPrior:
    if not isinstance(prior, CloudGanPrior):
        raise SettingsError(
            "This needs a network that makes clouds.", "The weights are of another kind.", "Give --weights with a clouds-gan."
        )
    return prior
