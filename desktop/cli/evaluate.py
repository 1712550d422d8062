"""`photolith evaluate`: how good the results of a project are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer


def evaluate_command(
    project: Annotated[Path, typer.Argument(help="The project's folder.", show_default=False)],
    cameras: Annotated[Path | None, typer.Option(help="True cameras: cameras.json or a COLMAP model folder.")] = None,
    surface: Annotated[Path | None, typer.Option(help="True surface: points (.npz, .ply) or a mesh.")] = None,
    threshold: Annotated[list[float] | None, typer.Option(help="Distance of the F-score in the truth's units; may be repeated.")] = None,
    align: Annotated[bool, typer.Option(help="Bring the cameras to the true ones first.")] = True,
    icp: Annotated[
        str, typer.Option(help="Then bring the surface to the true one by ICP: none, rigid, or similarity (with scale).")
    ] = "none",
    distances: Annotated[
        Path | None,
        typer.Option(
            help="Folder for cloud and mesh coloured by distance to the truth, and the colour bar; the window shows PROJECT/outputs."
        ),
    ] = None,
) -> None:
    """Measures cameras, cloud and mesh against the truth; prints JSON."""
    from recon.metrics.evaluate import evaluate
    from recon.project import Project

    outputs = Project.open(project).outputs
    result = evaluate(outputs, cameras=cameras, surface=surface, thresholds=threshold or None, align=align, refine=icp, distances=distances)
    typer.echo(json.dumps(result, indent=1))
    spacing = result.get("truth", {}).get("spacing")
    finest = min((score["threshold"] for part in ("cloud", "mesh") for score in result.get(part, {}).get("scores", ())), default=None)
    if spacing is not None and finest is not None and finest < 2 * spacing:
        typer.echo(f"The true points are {spacing:.3g} apart: F-scores at thresholds below {2 * spacing:.3g} read too low.", err=True)
