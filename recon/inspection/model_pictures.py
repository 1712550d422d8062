"""Pictures of a model: itself, its cameras, and how well its parts are known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from recon.inspection.colors import Colors, trust_ramp
from recon.inspection.coverage import Coverage, Patch
from recon.inspection.drawing import Canvas, draw_cloud, draw_lines, draw_mesh, reduced
from recon.inspection.figures import Figure, figure_of
from recon.inspection.legend import Legend
from recon.inspection.maps import confidence_legend
from recon.inspection.viewing import frusta, seen_from, size_of, towards_cameras
from recon.scene import Camera, PointCloud, Rigid3, TriMesh, View

_SUPERSAMPLING = 2
_ACCENT = (0.13, 0.42, 0.86)
_MOST_VIEWS = 8
_POINT = 3
_DISC, _RING = (29, 29, 31), (255, 255, 255)


def draw_model(
    thing: TriMesh | PointCloud, views: Sequence[View], away: NDArray[np.float64], size: tuple[int, int], *, cameras: bool = False
) -> Colors:
    """A picture of width and height `size`, seen from the direction `away` `[3]` of its middle."""
    points = thing.vertices if isinstance(thing, TriMesh) else thing.points
    camera, pose = seen_from(away, points, views, size[0] * _SUPERSAMPLING, size[1] * _SUPERSAMPLING, eyes=cameras)
    canvas = Canvas.empty(camera.width, camera.height)
    if isinstance(thing, TriMesh):
        draw_mesh(canvas, thing, camera, pose)
    else:
        draw_cloud(canvas, thing, camera, pose, _POINT)
    if cameras:
        draw_lines(canvas, frusta(views, 0.1 * size_of(points)), camera, pose, _ACCENT, _SUPERSAMPLING)
    return reduced(canvas, _SUPERSAMPLING)


def draw_knowledge(
    coverage: Coverage, views: Sequence[View], weak: Sequence[Patch], size: tuple[int, int], check: Callable[[], None]
) -> list[Figure]:
    """How many photos see each part, from where most were taken and from where the first weak part faces, and the confidence."""
    mesh = coverage.mesh
    top = int(np.clip(coverage.views.max(initial=2), 2, _MOST_VIEWS))
    steps = np.arange(top + 1)
    ramp = trust_ramp(steps / top)
    seen = replace(mesh, colors=(ramp[np.minimum(coverage.views, top)] / 255).astype(np.float32))
    sure = replace(mesh, colors=(trust_ramp(coverage.confidence) / 255).astype(np.float32))
    ticks = tuple(((n + 0.5) / (top + 1), f"{n}+" if n == top else f"{n}") for n in steps.tolist())
    counts = Legend("Photos that see it", ramp, ticks)
    away = towards_cameras(mesh.vertices, views)
    sides = [away, *(patch.normal for patch in weak[:2])]
    found = []
    for number, side in enumerate(sides):
        check()
        title = "Photos that see each part" if number == 0 else f"Facing part {number}"
        found.append(figure_of(_marked(seen, views, side, weak, size), title, legend=counts))
    check()
    found.append(
        figure_of(_marked(sure, views, away, weak, size), "Confidence of the points", legend=replace(confidence_legend(), swatches=()))
    )
    return found


def _marked(mesh: TriMesh, views: Sequence[View], away: NDArray[np.float64], weak: Sequence[Patch], size: tuple[int, int]) -> Colors:
    """The mesh with the numbers of the weak parts that are in sight."""
    picture = draw_model(mesh, views, away, size)
    camera, pose = seen_from(away, mesh.vertices, views, *size)
    for number, patch in enumerate(weak, 1):
        if patch.normal @ away > 0:
            _mark(picture, patch.center, camera, pose, str(number))
    return picture


def _mark(picture: Colors, place: NDArray[np.float64], camera: Camera, pose: Rigid3, text: str) -> None:
    pixels, depth = camera.project(pose.apply(place[None]))
    if depth[0] <= 0 or not (np.abs(pixels) < 1e5).all():
        return
    x, y = (int(value) for value in np.round(pixels[0]))
    cv2.circle(picture, (x, y), 11, _RING, -1, cv2.LINE_AA)
    cv2.circle(picture, (x, y), 10, _DISC, -1, cv2.LINE_AA)
    (width, height), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 0.45, 1)
    cv2.putText(picture, text, (x - width // 2, y + height // 2), cv2.FONT_HERSHEY_SIMPLEX, 0.45, _RING, 1, cv2.LINE_AA)
