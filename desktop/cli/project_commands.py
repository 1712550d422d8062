"""`photolith info`, `export` and `render`: what a project holds, and taking it elsewhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from recon.errors import InputError

_Project = Annotated[Path, typer.Argument(help="The project's folder.", show_default=False)]
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def info_command(project: _Project, as_json: _Json = False) -> None:
    """Says what is there, and which stages are out of date and why."""
    from desktop.compose import stages
    from recon.pipeline.plan import plan
    from recon.project import Project

    opened = Project.open(project)
    states = plan(opened, stages())
    if as_json:
        facts = {"name": opened.name, "preset": opened.preset, "settings": opened.settings, "photos": [p.id for p in opened.photos]}
        typer.echo(json.dumps({**facts, "stages": [item.__dict__ for item in states]}, ensure_ascii=False))
        return
    typer.echo(f"{opened.name}: {len(opened.photos)} photos, preset {opened.preset}")
    for item in states:
        typer.echo(f"  {item.title:<14} {item.state:<8} {item.why}".rstrip())


def export_command(
    project: _Project,
    target: Annotated[Path, typer.Argument(help="File to write; its suffix says the format.", show_default=False)],
    what: Annotated[
        str, typer.Option(help="mesh, cloud, voxels, or auto: the mesh where there is one and the format holds meshes; voxels for .npz.")
    ] = "auto",
    resolution: Annotated[int, typer.Option(help="Voxels along the longest side, 8 to 512.")] = 128,
) -> None:
    """Writes the mesh (OBJ and GLB with its texture) or the cloud as PLY, OBJ, GLB, STL, PTS or XYZ.

    Voxels go into an .npz (origin, voxel, tsdf, weight, occupied) or, as boxes, into a mesh file.
    """
    from desktop.jobs.export import mesh_source
    from recon.io.formats import CLOUD_WRITERS, MESH_WRITERS, read_cloud, read_mesh, write_cloud, write_mesh
    from recon.project import Project

    opened = Project.open(project)
    outputs, suffix = opened.outputs, target.suffix.lower()
    formats = {"mesh": {*MESH_WRITERS}, "cloud": {*CLOUD_WRITERS}, "voxels": {*MESH_WRITERS, ".npz"}}
    formats["auto"] = set.union(*formats.values())
    if what not in formats:
        raise InputError(f"'{what}' cannot be exported.", f"Choices: {', '.join(formats)}.", "Choose one of them.")
    if suffix not in formats[what]:
        known = ", ".join(sorted(formats[what]))
        raise InputError(f"'{target.name}' cannot be written.", f"Formats: {known}.", "Choose one of these suffixes.")
    if what == "voxels" or suffix == ".npz":
        from desktop.jobs.voxels import export_voxels

        export_voxels(opened, target, resolution)
        typer.echo(f"Wrote {target}")
        return
    mesh, cloud = outputs / "mesh.ply", outputs / "cloud.ply"
    if what == "mesh" or (what == "auto" and suffix in MESH_WRITERS and mesh.is_file()):
        _there(mesh, "mesh")
        write_mesh(read_mesh(mesh_source(mesh, suffix)), target)
    else:
        _there(cloud, "cloud")
        write_cloud(read_cloud(cloud), target)
    typer.echo(f"Wrote {target}")


def _there(path: Path, what: str) -> None:
    if not path.is_file():
        raise InputError(f"There is no {what} to export.", f"'{path}' does not exist.", f"Run the reconstruction up to the {what} first.")


def render_command(
    project: _Project,
    output: Annotated[Path, typer.Option("-o", "--output", help="The picture, a PNG.")],
    width: Annotated[int, typer.Option(help="Pixels.")] = 1280,
    height: Annotated[int, typer.Option(help="Pixels.")] = 800,
    view: Annotated[str, typer.Option(help="auto, front, back, left, right, top, bottom, or a photo's name.")] = "auto",
) -> None:
    """Draws a picture of the model."""
    from desktop.cli.render import render_project
    from recon.project import Project

    render_project(Project.open(project).outputs, output, width=width, height=height, view=view)
    typer.echo(f"Wrote {output}")
