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
    from recon.io.formats import CLOUD_WRITERS, read_cloud, write_cloud
    from recon.pipeline.machine import resolve_device
    from recon.points.methods import refine_by

    if output.suffix.lower() not in CLOUD_WRITERS:
        raise InputError(f"'{output.name}' cannot be written.", f"Formats: {', '.join(CLOUD_WRITERS)}.", "Choose one of these suffixes.")
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
