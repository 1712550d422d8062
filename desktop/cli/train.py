"""`photolith train`: trains one of the networks, or makes the data for it."""

from __future__ import annotations

from importlib import import_module
from typing import Annotated

import typer

from recon.errors import InputError

TRAININGS = {
    "features": ("recon.features.cnn.train", "keypoints and descriptors"),
    "mvs": ("recon.mvs.cnn.train", "depth from several views"),
    "pointnet2-denoise": ("recon.points.train", "clouds without noise and outliers"),
    "pointnet2-cls": ("recon.points.class_task", "classes of meshes, in folders as ModelNet has them"),
    "photo-rddm": ("generative.training.rddm_task", "photographs without noise, blur and holes"),
    "photo-cold": ("generative.training.cold_task", "photographs without blur, holes and coarse pixels, by Cold Diffusion"),
    "pictures-ddpm": ("generative.training.ddpm_task", "small pictures of a class, by diffusion"),
    "pictures-gan": ("generative.training.gan_task", "small pictures of a class, by two networks against each other"),
    "clouds-gan": ("generative.training.clouds_gan_task", "clouds of a class, by two networks against each other"),
    "clouds-ddpm": ("generative.training.clouds_ddpm_task", "clouds of a class, by diffusion"),
    "photo-prior": ("generative.training.prior_task", "patches of photographs, for restoration by diffusion"),
    "direct-points": ("recon.direct.point_task", "points of an object from a few photographs"),
    "direct-voxels": ("recon.direct.voxel_task", "voxels of an object from a few photographs"),
    "direct-data": ("recon.direct.pack", "makes the pictures of shapes that the direct networks learn from"),
    "data": ("recon.synth.training.__main__", "makes the pictures that the others learn from"),
}
"""Name -> (module with `main(argv) -> exit code`, what it is)."""


def train_command(
    context: typer.Context, name: Annotated[str, typer.Argument(help="Which one; the names are listed when it is left out.")] = ""
) -> None:
    """Trains a network; further options go to the training, see `train NAME -- --help`."""
    if not name:
        width = max(map(len, TRAININGS))
        typer.echo("\n".join(f"{known.ljust(width)}  {meaning}" for known, (_, meaning) in TRAININGS.items()))
        return
    if name not in TRAININGS:
        raise InputError(f"There is no training '{name}'.", f"There are: {', '.join(TRAININGS)}.", "Choose one of them.")
    raise typer.Exit(int(import_module(TRAININGS[name][0]).main(list(context.args))))
