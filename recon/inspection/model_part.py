"""The report's part about the model: pictures of it, how well its parts are known, how it compares with photographs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.inspection.advice import advise_on_cameras, advise_on_surface
from recon.inspection.coverage import ENOUGH, UNSURE, Coverage, cover
from recon.inspection.figures import Figure, ViewRow, figure_of
from recon.inspection.likeness import Likeness, compare, difference_legend
from recon.inspection.model_pictures import draw_knowledge, draw_model
from recon.inspection.viewing import towards_cameras, turned, up_of
from recon.pipeline.stage import Artifact
from recon.scene import PointCloud, Scene, TriMesh, View

COMPARED = 3
"""Photos that the model is compared with when none were held out."""
_SIDE = (480, 400)


@dataclass
class ModelPart:
    """What the page shows of the model.

    Args:
        errors: `[N]` mean reprojection error of the sparse points, pixels; none before the cameras were found.
        pictures: Surface, points and cameras.
        knowledge: How many photos see each part, and how sure the points are.
        summary: The same in figures.
        advice: What is weak, and which photos to add.
        likeness: Photos beside the model as it looks from there.
        held_out: Whether those photos were kept out of the texture.
    """

    errors: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))
    pictures: list[Figure] = field(default_factory=list)
    knowledge: list[Figure] = field(default_factory=list)
    summary: str = ""
    advice: list[str] = field(default_factory=list)
    likeness: list[ViewRow] = field(default_factory=list)
    held_out: bool = False


def gather_model(
    artifacts: Mapping[str, Artifact],
    held_out: Sequence[str],
    part: ModelPart,
    tried: Callable[[str], Any],
    hurry: Callable[[], None],
) -> None:
    """Fills the part as far as the stages went.

    Args:
        artifacts: Stage -> its result; 'undistort' is one of them.
        held_out: Photos kept out of the texture.
        part: Filled in place.
        tried: Context that names what cannot be shown.
        hurry: Raises when there is no time left.
    """
    from recon.io.formats import read_mesh
    from recon.points.stage import best_cloud
    from recon.sfm import load_views

    scene, pictures, masks = load_views(artifacts["undistort"])
    errors = scene.sparse.error
    part.errors = errors[np.isfinite(errors) & (errors >= 0)]
    if "cloud" not in artifacts:
        return
    hurry()
    cloud = best_cloud(artifacts["cloud"], artifacts.get("refine", artifacts["cloud"]))
    part.advice = advise_on_cameras(scene.views, middle_of(cloud))
    mesh = read_mesh(artifacts["mesh"].path / "mesh.ply") if "mesh" in artifacts else None
    textured = read_mesh(artifacts["texture"].path / "mesh.glb") if "texture" in artifacts else mesh
    with tried("The picture of the model"):
        part.pictures = _pictures(textured, cloud, scene, hurry)
    if mesh is not None and len(mesh.faces):
        with tried("The coverage"):
            _knowledge(cover(mesh, cloud, scene.views, hurry), scene.views, part, hurry)
    if textured is not None and "texture" in artifacts:
        part.held_out = bool(held_out)
        for view in compared_views(scene.views, held_out):
            with tried(f"The model beside {view.name}"):
                hurry()
                _compare(textured, view, pictures[view.name], masks.get(view.name), part)


def middle_of(cloud: PointCloud) -> NDArray[np.float64]:
    """The median point `[3]`; the origin for an empty cloud."""
    return np.median(cloud.points, axis=0).astype(np.float64) if len(cloud) else np.zeros(3)


def compared_views(views: Sequence[View], held_out: Sequence[str]) -> list[View]:
    """The held-out views, or else `COMPARED` spread over all."""
    kept = [view for view in views if view.name in held_out]
    if kept:
        return kept[:COMPARED]
    return [views[i] for i in sorted({round(i) for i in np.linspace(0, len(views) - 1, min(COMPARED, len(views)))})]


def _pictures(mesh: TriMesh | None, cloud: PointCloud, scene: Scene, hurry: Callable[[], None]) -> list[Figure]:
    """Surface from two sides, points with cameras."""
    points = cloud.points if mesh is None else mesh.vertices
    if not len(points):
        return []
    away, up = towards_cameras(points, scene.views), up_of(scene.views)
    found = []
    if mesh is not None:
        title = "Textured surface" if mesh.texture is not None else "Surface"
        text = f"{len(mesh.faces):,} triangles"
        for words, direction in ((text, away), ("The same from the other side", turned(away, up, 180.0))):
            hurry()
            found.append(figure_of(draw_model(mesh, scene.views, direction, _SIDE), title, words))
    hurry()
    drawn = draw_model(cloud, scene.views, turned(away, up, 35.0), _SIDE, cameras=True)
    found.append(figure_of(drawn, "Points and cameras", f"{len(cloud):,} points, {len(scene.views)} photos"))
    return found


def _knowledge(coverage: Coverage, views: Sequence[View], part: ModelPart, hurry: Callable[[], None]) -> None:
    sentences, weak = advise_on_surface(coverage, views)
    part.advice += sentences
    few, unsure = coverage.share(coverage.views < ENOUGH), coverage.share(coverage.confidence < UNSURE)
    mean = float((coverage.views * coverage.area).sum())
    part.summary = (
        f"A place of the surface is seen by {mean:.1f} photos on the mean; {100 * few:.1f} % of the surface by fewer than {ENOUGH}. "
        f"{100 * unsure:.1f} % of it has a confidence below {UNSURE:g}." + (" Numbers mark the parts spoken of above." if weak else "")
    )
    part.knowledge = draw_knowledge(coverage, views, weak, _SIDE, hurry)


def _compare(mesh: TriMesh, view: View, picture: Path, mask: Path | None, part: ModelPart) -> None:
    from recon.photos import read_image, read_mask

    photo = read_image(picture)
    used = None if mask is None else read_mask(mask, photo.shape[1], photo.shape[0])
    found = compare(mesh, view, photo, used)
    if found is not None:
        part.likeness.append(_row(view.name, found))


def _row(name: str, found: Likeness) -> ViewRow:
    figures = (
        figure_of(found.photo, "Photo"),
        figure_of(found.drawn, "Model", "with its texture, no light added"),
        figure_of(found.difference, "Difference", legend=difference_legend()),
    )
    size = f"{found.photo.shape[1]} × {found.photo.shape[0]}"
    reduced = " (reduced)" if found.reduced else ""
    text = f"PSNR {found.psnr:.1f} dB, SSIM {found.ssim:.3f}, over {100 * found.share:.0f} % of the picture of {size} pixels{reduced}."
    return ViewRow(name, figures, text)
