"""`photolith cloud`: works on cloud files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from recon.errors import InputError

cloud_app = typer.Typer(name="cloud", help="Works on cloud files.", no_args_is_help=True)


@cloud_app.callback()
def _group() -> None:
    """Works on cloud files."""


@cloud_app.command("refine")
def refine_command(
    source: Annotated[Path, typer.Argument(help="Cloud to refine, a PLY file.", show_default=False)],
    output: Annotated[Path, typer.Option("-o", "--output", help="File to write; its suffix says the format.", show_default=False)],
    method: Annotated[str, typer.Option(help="pointnet2, statistical, radius, bilateral or mls.")] = "pointnet2",
    weights: Annotated[str, typer.Option(help="Weights of the network; the shipped ones when left out.")] = "",
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
) -> None:
    """Removes outliers and noise. Points that were moved carry the origin 'moved'."""
    from recon.io.formats import read_cloud, write_cloud
    from recon.pipeline.machine import resolve_device
    from recon.points.methods import refine_by

    _check_suffix(output)
    cloud = read_cloud(source)
    with typer.progressbar(length=1000, label="Refining") as bar:
        refined = refine_by(
            method,
            cloud,
            device=resolve_device(device),
            weights=weights,
            progress=lambda done, total: bar.update(1000 * done // total - bar.pos),
        )
    write_cloud(refined, output)
    typer.echo(f"Wrote {output}: {len(refined)} of {len(cloud)} points")


@cloud_app.command("generate")
def generate_command(
    kind: Annotated[str, typer.Argument(help="What it is to be, e.g. chair.", show_default=False)],
    output: Annotated[Path, typer.Option("-o", "--output", help="File to write; its suffix says the format.", show_default=False)],
    points: Annotated[int, typer.Option(help="How many.", min=1, max=1_000_000)] = 2048,
    seed: Annotated[int, typer.Option(help="Another one makes another cloud.")] = 0,
    weights: Annotated[str, typer.Option(help="A network of 'train clouds-gan'.")] = "clouds-gan",
) -> None:
    """Makes a cloud of a class; its points carry the origin 'generated'."""
    from generative.priors.load import load_prior
    from generative.tasks.clouds import generate_cloud
    from recon.io.formats import write_cloud

    _check_suffix(output)
    write_cloud(generate_cloud(load_prior(weights), kind, points, seed), output)
    typer.echo(f"Wrote {output}: {points} points, all generated")


@cloud_app.command("complete")
def complete_command(
    source: Annotated[Path, typer.Argument(help="Cloud with parts missing, a PLY file; z up.", show_default=False)],
    output: Annotated[Path, typer.Option("-o", "--output", help="File to write; its suffix says the format.", show_default=False)],
    points: Annotated[int, typer.Option(help="Of the shape that is made; those where something was measured are left out.", min=64)] = 2048,
    steps: Annotated[int, typer.Option(help="Of the search.", min=1, max=100_000)] = 300,
    seed: Annotated[int, typer.Option(help="Another one may find another shape.")] = 0,
    weights: Annotated[str, typer.Option(help="A network of 'train clouds-gan'.")] = "clouds-gan",
) -> None:
    """Adds points where a shape of a known class has to go on; they carry the origin 'generated'. Points alone are written."""
    from generative.priors.load import load_prior
    from generative.tasks.clouds import complete_cloud
    from recon.io.formats import read_cloud, write_cloud

    _check_suffix(output)
    cloud = read_cloud(source)
    with typer.progressbar(length=1000, label="Searching") as bar:
        completed = complete_cloud(
            load_prior(weights),
            cloud,
            points=points,
            steps=steps,
            seed=seed,
            on_step=lambda done, total, x: bar.update(1000 * done // total - bar.pos),
        )
    write_cloud(completed, output)
    typer.echo(f"Wrote {output}: {len(cloud)} points measured, {len(completed) - len(cloud)} generated")


def _check_suffix(output: Path) -> None:
    from recon.io.formats import CLOUD_WRITERS

    if output.suffix.lower() not in CLOUD_WRITERS:
        raise InputError(f"'{output.name}' cannot be written.", f"Formats: {', '.join(CLOUD_WRITERS)}.", "Choose one of these suffixes.")
