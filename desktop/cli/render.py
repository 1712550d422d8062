"""`photolith render`: a PNG of what a project holds, drawn in software."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from desktop.jobs.export import mesh_source
from recon.errors import InputError
from recon.inspection.drawing import Canvas, draw_cloud, draw_lines, draw_mesh, reduced
from recon.inspection.viewing import choose_view, frusta, load_shots, size_of
from recon.io.atomic import replacing
from recon.io.formats import read_cloud, read_mesh
from recon.scene import Camera, PointCloud, Rigid3, TriMesh, View

_SUPERSAMPLING = 2
_LARGEST = 8192
_ACCENT = (0.13, 0.42, 0.86)


def render_project(outputs: Path, output_png: Path, *, width: int = 1280, height: int = 800, view: str = "auto") -> None:
    """Draws the mesh (with its texture where it has one), or the cloud where there is none, with the cameras around it.

    Args:
        outputs: The project's `outputs` folder.
        output_png: Where the picture goes.
        width: Pixels.
        height: Pixels.
        view: 'auto' (from where the photographs were taken), 'front', 'back', 'left', 'right', 'top', 'bottom', or the id of
            a photograph.

    Raises:
        InputError: Nothing to draw, an unknown view, or a size out of range.
        ResourceError: The picture cannot be written.
    """
    from PIL import Image

    if not (16 <= width <= _LARGEST and 16 <= height <= _LARGEST):
        raise InputError(f"A picture of {width} x {height} cannot be drawn.", f"Sides go from 16 to {_LARGEST}.", "Choose another size.")
    thing = _load(Path(outputs))
    points = thing.vertices if isinstance(thing, TriMesh) else thing.points
    shots = load_shots(Path(outputs) / "sparse")
    camera, pose, own = choose_view(points, shots, view, width, height)
    camera = camera.scaled(width * _SUPERSAMPLING, height * _SUPERSAMPLING)
    canvas = Canvas.empty(camera.width, camera.height)
    if isinstance(thing, TriMesh):
        draw_mesh(canvas, thing, camera, pose)
    else:
        draw_cloud(canvas, thing, camera, pose, _point_size(len(points), camera))
    if not own:
        length = 0.08 * size_of(points)
        draw_lines(canvas, frusta(_beyond(shots, pose, 5 * length), length), camera, pose, _ACCENT, _SUPERSAMPLING)
    with replacing(Path(output_png)) as temporary, temporary.open("wb") as file:
        Image.fromarray(reduced(canvas, _SUPERSAMPLING)).save(file, "PNG")


def _load(outputs: Path) -> TriMesh | PointCloud:
    for name in ("mesh.ply", "cloud_refined.ply", "cloud.ply"):
        path = outputs / name
        if not path.is_file():
            continue
        thing = read_mesh(mesh_source(path, ".obj")) if name == "mesh.ply" else read_cloud(path)
        if len(thing.vertices if isinstance(thing, TriMesh) else thing.points):
            return thing
    raise InputError("There is nothing to draw.", f"'{outputs}' holds no mesh.ply and no cloud.ply.", "Run the reconstruction first.")


def _beyond(shots: list[View], cam_from_world: Rigid3, distance: float) -> list[View]:
    """Cameras far enough in front of the eye not to stand in the way."""
    return [shot for shot in shots if cam_from_world.apply(shot.cam_from_world.center)[2] > distance]


def _point_size(count: int, camera: Camera) -> int:
    """Pixels a point covers so that a cloud that fills the picture looks closed."""
    return int(np.clip(np.sqrt(2.0 * camera.width * camera.height / max(count, 1)), 2, 6))
