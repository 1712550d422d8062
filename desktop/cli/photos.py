"""`photolith photos`: photographs restored."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recon.errors import InputError, SettingsError

if TYPE_CHECKING:
    from torch import Tensor

photos_app = typer.Typer(name="photos", help="Photographs: noise, blur, holes, small size.", no_args_is_help=True)


@photos_app.callback()
def _group() -> None:
    """Photographs: noise, blur, holes, small size."""


@photos_app.command("restore")
def restore_command(
    photos: Annotated[list[Path], typer.Argument(help="Photos, or a folder of photos.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for the results (PNG).")],
    task: Annotated[str, typer.Option(help="denoise, inpaint, sr, deblur or colorize.")],
    method: Annotated[str, typer.Option(help="classical, rddm, cold, ddnm, ddnm+, ddrm, sdedit, ddpm or ddim.")] = "classical",
    prior: Annotated[str, typer.Option(help="A shipped prior, a weights file, or a folder of diffusers.")] = "",
    mask: Annotated[Path | None, typer.Option(help="inpaint: folder of masks named as the photos; dark is filled in.")] = None,
    scale: Annotated[int, typer.Option(help="sr: how many times larger.")] = 4,
    sigma: Annotated[str, typer.Option(help="Noise in grey levels of 255, or auto.")] = "auto",
    kernel: Annotated[str, typer.Option(help="deblur: gaussian:WIDTH in pixels, a picture of the kernel, or auto: estimated.")] = "",
    steps: Annotated[int | None, typer.Option(help="Steps of the sampler; 1 for rddm, 3 for cold, else 20.", min=1, max=1000)] = None,
    eta: Annotated[float | None, typer.Option(help="Part of the noise drawn anew in a step.", min=0, max=1)] = None,
    t0: Annotated[float, typer.Option(help="sdedit: 0 keeps the photo, 1 makes another.", min=0, max=1)] = 0.4,
    travel: Annotated[str, typer.Option(help="ddnm, ddnm+: LENGTH,REPEATS of time travel.")] = "",
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    seed: Annotated[int, typer.Option(help="Of all noise.")] = 0,
    previews: Annotated[bool, typer.Option("--previews", help="Writes the estimate after every step.")] = False,
) -> None:
    """Takes noise, blur or holes out of photos, enlarges or colours them."""
    from generative.priors.load import load_prior
    from generative.tasks.restore import BEST, PRIORS, Recipe
    from recon.pipeline.machine import resolve_device

    method = BEST.get(task, "classical") if method == "auto" else method
    recipe = Recipe(method, steps, eta, t0, _travel(travel), seed)
    recipe.check(task)
    files = _files(photos)
    loaded = load_prior(prior or PRIORS[method], resolve_device(device)) if method in PRIORS else None
    output.mkdir(parents=True, exist_ok=True)
    settings = {"scale": scale, "sigma": _sigma(sigma), "kernel": _kernel(kernel)}
    failed = 0
    for file in files:
        try:
            _restore(file, output, task, recipe, loaded, mask, settings, previews)
        except InputError as error:
            failed += 1
            typer.secho(f"{file.name}: {error}", fg=typer.colors.RED, err=True)
    if failed == len(files):
        raise InputError("No photo was restored.", "None could be used.", "See what is said of each.")


def _restore(
    file: Path, output: Path, task: str, recipe: Any, prior: Any, masks: Path | None, settings: dict[str, Any], previews: bool
) -> None:
    """One photo."""
    import torch

    from generative.tasks.problem import make_problem
    from generative.tasks.restore import restore
    from recon.photos import read_image, read_mask

    picture = torch.from_numpy(read_image(file)).permute(2, 0, 1)[None].float() / 127.5 - 1
    known = None
    if masks is not None and task == "inpaint":
        known = torch.from_numpy(read_mask(_mask_of(file, masks), picture.shape[-1], picture.shape[-2]))
    problem = make_problem(picture, task, known=known, **settings)

    def on_step(done: int, total: int, x0: Tensor) -> None:
        typer.echo(f"\r{file.name}: step {done} of {total}", nl=done == total, err=True)
        if previews:
            _write(problem.finished(x0.cpu()), output / "previews" / f"{file.stem}_{done:04d}.png")

    result = restore(problem, prior, recipe, on_step)
    _write(result, output / f"{file.stem}.png")
    assumed = f"; assumed: {', '.join(problem.assumed)}" if problem.assumed else ""
    typer.echo(f"{file.name} -> {output / file.stem}.png{assumed}")


def _write(picture: Tensor, path: Path) -> None:
    """`[1, 3, H, W]` in [-1, 1]; the file appears whole or not at all."""
    from PIL import Image

    from recon.io.atomic import replacing

    path.parent.mkdir(parents=True, exist_ok=True)
    values = ((picture[0].clamp(-1, 1) + 1) * 127.5).round().byte().permute(1, 2, 0).numpy()
    with replacing(path) as temporary:
        Image.fromarray(values).save(temporary, format="PNG")


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


def _travel(text: str) -> tuple[int, int] | None:
    if not text:
        return None
    parts = text.split(",")
    if len(parts) != 2 or not all(part.strip().isdigit() and 1 <= int(part) <= 1000 for part in parts):
        raise SettingsError(f"'{text:.40}' is no time travel.", "", "Give LENGTH,REPEATS, for example 5,3.")
    return int(parts[0]), int(parts[1])


def _sigma(text: str) -> float | None:
    if text == "auto":
        return None
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 255:
        raise SettingsError(f"'{text:.40}' is no level of noise.", "", "Give a number from 0 to 255, or auto.")
    return value


def _kernel(text: str) -> Tensor | None:
    """A blur kernel `[h, w]`, or None: estimated."""
    if text in ("", "auto"):
        return None
    from generative.operators import gaussian_kernel_2d

    kind, _, width = text.partition(":")
    if kind == "gaussian":
        try:
            sigma = float(width)
        except ValueError:
            sigma = 0.0
        if not 0.2 <= sigma <= 50:
            raise SettingsError(f"'{text:.40}' is no blur.", "", "Give gaussian:WIDTH with a width from 0.2 to 50 pixels.")
        return gaussian_kernel_2d(sigma, sigma)
    return _kernel_picture(Path(text))


def _kernel_picture(path: Path) -> Tensor:
    """The brightness of a picture as a kernel of sum 1."""
    import torch

    from recon.photos import read_image

    values = torch.from_numpy(read_image(path)).double().mean(-1)
    if max(values.shape) > 512 or float(values.sum()) == 0:
        raise InputError(f"'{path.name}' is no blur kernel.", "It is black, or too large.", "Give a picture of a blurred point.")
    return values / values.sum()
