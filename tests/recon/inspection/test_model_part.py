"""The report tells truly how well the parts of a surface are known, and what would help."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from recon.inspection.advice import advise_on_cameras, advise_on_photos, advise_on_surface, facing
from recon.inspection.coverage import cover, openings, patches
from recon.inspection.gather import gather
from recon.inspection.likeness import compare
from recon.inspection.model_part import compared_views
from recon.inspection.page import make_page
from recon.io.formats import write_cloud, write_mesh
from recon.io.scene_npz import write_scene
from recon.pipeline.stage import Artifact
from recon.scene import PointCloud, TriMesh
from recon.surface.cleaning import keep_faces
from recon.surface.texture.config import TextureConfig
from recon.surface.texture.make import texture_mesh
from tests.recon.inspection.made_up import artifact
from tests.recon.surface.oracle import Oracle, around, ball, color_of, make, ring

UP = np.array([0.0, 0.0, 1.0])


def above(count: int = 6) -> NDArray[np.float64]:
    """Eyes that see the ball from obliquely above only."""
    eyes = ring(count, height=2.0)
    eyes[:, 2] = 2.0
    return eyes


@pytest.fixture(scope="module")
def seen() -> Oracle:
    return make(ball(), above())


def points_of(mesh: TriMesh, confidence: float = 0.9) -> PointCloud:
    return PointCloud(mesh.vertices, confidence=np.full(len(mesh.vertices), confidence, np.float32))


def test_the_side_that_no_photo_sees_is_found_and_its_direction_told(seen: Oracle) -> None:
    coverage = cover(seen.truth, points_of(seen.truth), seen.scene.views)
    z = coverage.mesh.vertices[:, 2]
    assert coverage.views[z > 0.95].min() >= 4
    assert coverage.views[z < -0.9].max() == 0
    assert coverage.area.sum() == pytest.approx(1)
    (patch,) = patches(coverage, coverage.views < 3, 0.01)
    assert patch.normal[2] < -0.95
    assert 0.4 < patch.share < 0.8
    sentences, weak = advise_on_surface(coverage, seen.scene.views)
    assert len(weak) == len(sentences) == 1
    assert "facing down" in sentences[0]
    assert "fewer than 3 photos" in sentences[0]


def test_unsure_points_are_told_where_photos_are_enough(seen: Oracle) -> None:
    source = make(ball(), around())
    cloud = points_of(source.truth)
    unsure = cloud.points[:, 0] > 0.7
    confidence = np.where(unsure, 0.1, 0.9).astype(np.float32)
    coverage = cover(source.truth, replace(cloud, confidence=confidence), source.scene.views)
    sentences, weak = advise_on_surface(coverage, source.scene.views)
    assert len(sentences) == 1
    assert "depth is unsure" in sentences[0]
    assert weak[0].normal[0] > 0.9


def test_a_hole_is_measured_and_faces_outward() -> None:
    whole = ball()
    middle = whole.vertices[whole.faces].mean(axis=1)
    (hole,) = openings(keep_faces(whole, middle[:, 1] < 0.8), 0.1)
    assert hole.width == pytest.approx(1.2, rel=0.1)
    assert hole.normal[1] > 0.95
    assert hole.center[1] == pytest.approx(0.8, abs=0.1)
    assert openings(whole, 0.0) == []


def test_neighbours_that_are_far_apart_are_named() -> None:
    views = make(ball(), ring(4)).scene.views
    (first, *_) = advise_on_cameras(views, np.zeros(3))
    assert views[0].name in first
    assert advise_on_cameras(make(ball(), ring(60)).scene.views, np.zeros(3)) == []


@pytest.mark.parametrize(
    ("normal", "word"),
    [((0, 0, 1), "up"), ((0, 0, -1), "down"), ((1, 0, 0), "sideways"), ((0.7, 0, 0.7), "obliquely up"), ((0.7, 0, -0.7), "obliquely down")],
)
def test_directions_have_names(normal: tuple[float, ...], word: str) -> None:
    assert facing(np.array(normal) / np.linalg.norm(normal), UP) == word


def photo(verdict: str = "ok", *, registered: bool = True, error: float | None = 0.5, reason: str = "") -> dict[str, object]:
    return {"verdict": verdict, "registration": {"registered": registered, "reason": reason, "closest": "b.jpg", "error_px": error}}


def test_photos_that_do_harm_are_named() -> None:
    photos = {f"{i}.jpg": photo() for i in range(5)}
    assert advise_on_photos({"photos": photos}) == []
    photos |= {"x.jpg": photo(registered=False, error=None, reason="No verified pair."), "y.jpg": photo("blurred", error=3.0)}
    text = " ".join(advise_on_photos({"photos": photos}))
    assert "x.jpg could not be placed. No verified pair. Add photos between it and b.jpg" in text
    assert "y.jpg is blurred" in text
    assert "y.jpg: the error is more than twice" in text
    assert advise_on_photos({}) == []


def test_a_true_texture_looks_like_the_photo_and_a_wrong_one_does_not(seen: Oracle) -> None:
    view = seen.scene.views[0]
    true = TriMesh(seen.truth.vertices, seen.truth.faces, None, color_of(seen.truth.vertices))
    good = compare(true, view, seen.pictures[view.name], None)
    bad = compare(replace(true, colors=1 - true.colors), view, seen.pictures[view.name], None)
    assert good is not None
    assert bad is not None
    assert good.psnr > 40 > 20 > bad.psnr
    assert good.ssim > 0.98
    nothing = np.zeros(seen.pictures[view.name].shape[:2], bool)
    assert compare(true, view, seen.pictures[view.name], nothing) is None


def test_held_out_photos_are_compared_first(seen: Oracle) -> None:
    views = seen.scene.views
    assert [view.name for view in compared_views(views, [views[3].name])] == [views[3].name]
    assert len(compared_views(views, [])) == 3
    assert len(compared_views(views[:2], [])) == 2


def finished(folder: Path, seen: Oracle) -> dict[str, Artifact]:
    """Artifacts of a run up to the texture."""
    items = {}
    for number, (name, picture) in enumerate(seen.pictures.items()):
        items[name] = folder / f"{number}.png"
        Image.fromarray(picture).save(items[name])
    made = {stage: artifact(stage, folder / stage, {}) for stage in ("cloud", "refine", "mesh", "texture")}
    made["undistort"] = artifact("undistort", folder / "undistort", items)
    write_scene(seen.scene, folder / "undistort" / "scene.npz")
    write_cloud(points_of(seen.truth), folder / "cloud" / "cloud.ply")
    write_mesh(seen.truth, folder / "mesh" / "mesh.ply")
    textured = texture_mesh(seen.truth, seen.scene, seen.pictures.__getitem__, TextureConfig(max_size=512))
    write_mesh(textured, folder / "texture" / "mesh.glb")
    return made


def test_the_page_shows_the_model_its_coverage_and_photos_beside_it(tmp_path: Path, seen: Oracle) -> None:
    found = gather(finished(tmp_path, seen), {}, held_out=[seen.scene.views[2].name])
    assert found.problems == []
    assert len(found.model.pictures) == 3
    assert len(found.model.knowledge) == 3
    assert [row.name for row in found.model.likeness] == [seen.scene.views[2].name]
    page = make_page({}, found)
    for words in ("Textured surface", "facing down", "were kept out of the texture", "PSNR", "fewer than 3 photos"):
        assert words in page
