"""`photolith photos`: photographs restored."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recon.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

photos_app = typer.Typer(name="photos", help="Photographs: noise, blur, holes, small size.", no_args_is_help=True)


@photos_app.callback()
def _group() -> None:
    """Photographs: noise, blur, holes, small size."""


@photos_app.command("restore")
def restore_command(
    photos: Annotated[list[Path], typer.Argument(help="Photos, or a folder of photos.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for the results (PNG).")],
    task: Annotated[str, typer.Option(help="denoise, inpaint, sr, deblur, colorize or cs (compressed sensing).")],
    method: Annotated[
        str, typer.Option(help="auto (the best measured), classical, rddm, cold, ddnm, ddnm+, ddrm, sdedit, ddpm, ddim or gan-inversion.")
    ] = "auto",
    prior: Annotated[str, typer.Option(help="A shipped prior, a weights file, or a folder of diffusers.")] = "",
    mask: Annotated[Path | None, typer.Option(help="inpaint: folder of masks named as the photos; dark is filled in.")] = None,
    scale: Annotated[str | None, typer.Option(help="sr: how many times larger (4), or auto: undoes an enlargement that shows.")] = None,
    kernel: Annotated[str | None, typer.Option(help="deblur: gaussian:WIDTH in pixels, a picture of the kernel, or auto.")] = None,
    ratio: Annotated[float | None, typer.Option(help="cs: part of the coefficients that is taken as measured (0.25).")] = None,
    sigma: Annotated[str, typer.Option(help="Noise in grey levels of 255, or auto: estimated for denoise and deblur, else none.")] = "auto",
    steps: Annotated[int | None, typer.Option(help="Of the sampler; 1 for rddm, 3 for cold, 300 for an inversion, else 20.", min=1)] = None,
    eta: Annotated[
        float | None,
        typer.Option(help="Part of the noise drawn anew in a step (1 for ddnm, ddnm+, ddrm and sdedit, else 0).", min=0, max=1),
    ] = None,
    t0: Annotated[
        str | None,
        typer.Option(
            help="sdedit, ddnm, ddnm+: 0 keeps the photo, 1 begins with noise (0.4; 1, or 0.8 for colorize); "
            "LOW,HIGH tries the middle and says how to go on."
        ),
    ] = None,
    travel: Annotated[str | None, typer.Option(help="ddnm, ddnm+: LENGTH,REPEATS of time travel.")] = None,
    samples: Annotated[
        int | None, typer.Option(help="rddm, ddnm, ddnm+, ddrm: the mean of so many; 8 for colorize, else 1.", min=1)
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    precision: Annotated[
        str, typer.Option(help="Products of the network: fp32, bf16, or auto, which is bf16 where that is fast.")
    ] = "auto",
    seed: Annotated[int, typer.Option(help="Of all noise.")] = 0,
    previews: Annotated[bool, typer.Option("--previews", help="Writes the estimate after every step.")] = False,
) -> None:
    """Takes noise, blur or holes out of photos, enlarges or colours them.

    Beside NAME.png lies NAME.origin.png: which pixels were measured (0), corrected (1) or generated (2).
    """
    from desktop.cli.restore_options import check_task, dial_of, kernel_of, next_dials, scale_of, sigma_of, travel_of
    from generative.priors.load import load_prior
    from generative.tasks.recipe import BEST, PRIORS, Recipe
    from recon.pipeline.machine import resolve_device

    method = BEST.get(task, "classical") if method == "auto" else method
    dial = dial_of(t0)
    recipe = Recipe(method, steps, eta, dial.t0 if dial else None, travel_of(travel), samples, seed)
    recipe.check(task)
    check_task(task, {"mask": mask, "scale": scale, "kernel": kernel, "ratio": ratio})
    settings = {"scale": scale_of(scale), "sigma": sigma_of(sigma), "kernel": kernel_of(kernel), "ratio": 0.25 if ratio is None else ratio}
    files = _files(photos)
    loaded = load_prior(prior or PRIORS[method], resolve_device(device), precision) if method in PRIORS else None
    output.mkdir(parents=True, exist_ok=True)
    failed = 0
    for file in files:
        try:
            _restore(file, output, task, recipe, loaded, mask, settings, previews)
        except InputError as error:
            failed += 1
            typer.secho(f"{file.name}: {error}", fg=typer.colors.RED, err=True)
    if failed == len(files):
        raise InputError("No photo was restored.", "None could be used.", "See what is said of each.")
    if dial and next_dials(dial):
        typer.echo(next_dials(dial))


def _restore(
    file: Path, output: Path, task: str, recipe: Any, prior: Any, masks: Path | None, settings: dict[str, Any], previews: bool
) -> None:
    """One photo."""
    import torch

    from generative.tasks.problem import make_problem
    from generative.tasks.provenance import in_words, origins
    from generative.tasks.restore import restore
    from recon.photos import read_image, read_mask

    picture = torch.from_numpy(read_image(file)).permute(2, 0, 1)[None].float() / 127.5 - 1
    known = None
    if masks is not None:
        known = torch.from_numpy(read_mask(_mask_of(file, masks), picture.shape[-1], picture.shape[-2]))
    problem = make_problem(picture, task, known=known, **settings)
    progress = _Progress(file.name)

    def on_step(done: int, total: int, x0: Tensor) -> None:
        progress.step(done, total)
        if previews:
            _write(problem.finished(x0.cpu()), output / "previews" / f"{file.stem}_{done:04d}.png")

    result = restore(problem, prior, recipe, on_step, progress.part)
    origin = origins(problem, recipe.method)
    _write(result.picture, output / f"{file.stem}.png")
    _write_origin(origin, output / f"{file.stem}.origin.png")
    typer.echo(f"{file.name} -> {output / file.stem}.png, by {recipe.method}")
    for assumption in problem.assumed:
        typer.echo(f"  assumed: {assumption}")
    if result.misfit is not None:
        typer.echo(f"  consistency: |A x - y| <= {result.misfit:.1e} in the range [-1, 1], before rounding to 8 bits")
    typer.echo(f"  origin: {in_words(origin)}")


class _Progress:
    """One line on stderr: the step at work, and how much of it is done."""

    def __init__(self, name: str) -> None:
        self._name, self._done = name, 0

    def step(self, done: int, total: int) -> None:
        """A step is finished."""
        self._done = done
        typer.echo(f"\r{self._name}: step {done} of {total}      ", nl=done == total, err=True)

    def part(self, done: int, total: int) -> None:
        """Patches of the next one are."""
        if total > 1:
            typer.echo(f"\r{self._name}: step {self._done + 1}, {100 * done // total} %", nl=False, err=True)


def _write(picture: Tensor, path: Path) -> None:
    """`[1, 3, H, W]` in [-1, 1]; the file appears whole or not at all."""
    from PIL import Image

    from recon.io.atomic import replacing

    path.parent.mkdir(parents=True, exist_ok=True)
    values = ((picture[0].clamp(-1, 1) + 1) * 127.5).round().byte().permute(1, 2, 0).numpy()
    with replacing(path) as temporary:
        Image.fromarray(values).save(temporary, format="PNG")


def _write_origin(origin: NDArray[np.uint8], path: Path) -> None:
    """Codes of `recon.scene.origin` as the indices of a palette, in the colours of the viewport."""
    from PIL import Image

    from desktop.viewport.colors import ORIGINS
    from recon.io.atomic import replacing

    picture = Image.fromarray(origin, "P")
    picture.putpalette(ORIGINS.flatten().tolist())
    with replacing(path) as temporary:
        picture.save(temporary, format="PNG", optimize=True)


def _files(photos: list[Path]) -> list[Path]:
    """The photos asked for, in order; no two results may have one name."""
    from recon.project.imports import collect

    files, _ = collect(photos)
    stems = [file.stem for file in files]
    if twice := next((stem for stem in stems if stems.count(stem) > 1), None):
        raise InputError(f"Two photos are called '{twice}'.", "Their results would have one name.", "Restore them one by one.")
    return files


def _mask_of(file: Path, masks: Path) -> Path:
    found = [path for path in (masks / file.name, masks / f"{file.stem}.png", masks / f"{file.name}.png") if path.is_file()]
    if not found:
        raise InputError(f"There is no mask for '{file.name}'.", f"'{masks}' has none of that name.", "Name masks as the photos.")
    return found[0]
