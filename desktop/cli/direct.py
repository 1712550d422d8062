"""`photolith direct`: from a few photographs of one object straight to its shape, by the trained networks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from recon.errors import InputError, SettingsError

_SIZES = {"points": (2048, 64, 2048), "voxels": (32, 8, 128)}
"""What is made -> its usual, smallest and largest size."""


def direct_command(
    photos: Annotated[list[Path] | None, typer.Argument(help="1 to 8 photos of one object.", show_default=False)] = None,
    output: Annotated[Path, typer.Option("-o", "--output", help="File to write; its suffix says the format.")] = Path("shape.ply"),
    shape: Annotated[str, typer.Option("--as", help="points or voxels.")] = "points",
    cameras: Annotated[Path | None, typer.Option(help="Known cameras: cameras.json, transforms.json or a COLMAP model folder.")] = None,
    masks: Annotated[Path | None, typer.Option(help="Folder of masks named as the photos; white is the object.")] = None,
    size: Annotated[
        int | None, typer.Option(help="Points (64 to 2048), or voxels along each side (8 to 128); 2048 and 32 if not given.")
    ] = None,
    boxes: Annotated[bool, typer.Option("--boxes", help="Voxels as boxes instead of a smooth surface.")] = False,
    weights: Annotated[str, typer.Option(help="Weights of the network; the shipped ones when left out.")] = "",
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
) -> None:
    """Guesses the shape of an object from few photos: what they do not show is made up, and the file says so.

    Voxels need cameras, or a single photo. Without cameras the shape comes in the first camera's axes (x right, y down, z away), two units
    across.
    """
    from recon.direct.photos import read_photos
    from recon.direct.shape import POINTS, VOXELS, find_points, find_voxels, load_network
    from recon.io.formats import CLOUD_WRITERS, MESH_WRITERS, write_cloud, write_mesh
    from recon.io.npz import write_arrays
    from recon.pipeline.machine import resolve_device

    if shape not in _SIZES:
        raise SettingsError(f"'{shape}' cannot be made.", f"There are: {', '.join(_SIZES)}.", "Choose one of them.")
    side = _size(shape, size)
    suffixes = tuple(CLOUD_WRITERS) if shape == "points" else (*MESH_WRITERS, ".npz")
    if output.suffix.lower() not in suffixes:
        why = f"Formats of {shape}: {', '.join(suffixes)}."
        raise InputError(f"'{output.name}' cannot be written.", why, "Choose one of these suffixes.")
    if boxes and (shape == "points" or output.suffix.lower() == ".npz"):
        raise SettingsError("--boxes is for meshes.", f"A mesh is written for --as voxels and {', '.join(MESH_WRITERS)}.", "Leave it out.")
    given = read_photos(photos or [], masks=_masks(masks, photos or []), cameras=cameras)
    where = resolve_device(device)
    if shape == "points":
        cloud = find_points(given, load_network(POINTS, weights, where), side, where)
        write_cloud(cloud, output)
        typer.echo(f"Wrote {output}: {len(cloud)} points")
        return
    voxels = find_voxels(given, load_network(VOXELS, weights, where), side, where)
    if output.suffix.lower() == ".npz":
        write_arrays(output, voxels.arrays())
    else:
        write_mesh(voxels.mesh(as_boxes=boxes), output)
    typer.echo(f"Wrote {output}: {int(voxels.occupied.sum())} of {side}³ voxels are full")


def _size(shape: str, asked: int | None) -> int:
    """The size asked for, or the usual one."""
    usual, smallest, largest = _SIZES[shape]
    if asked is not None and not smallest <= asked <= largest:
        raise SettingsError(f"--size {asked} is out of range.", f"{shape.title()}: {smallest} to {largest}.", "Choose another size.")
    return usual if asked is None else asked


def _masks(folder: Path | None, photos: list[Path]) -> dict[str, Path] | None:
    """File name of each photo -> its mask."""
    from recon.project.imports import match_masks

    if folder is None:
        return None
    if not folder.is_dir():
        raise InputError(f"'{folder}' is no folder.", "", "Give the folder that holds the masks.")
    return match_masks(sorted(path for path in folder.iterdir() if path.is_file()), [photo.name for photo in photos])
