"""The texture shows on the surface what the photographs show, and does so for meshes of every kind."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from recon.scene import Scene, TriMesh
from recon.surface.progress import Facts
from recon.surface.texture.config import TextureConfig
from recon.surface.texture.make import texture_mesh
from tests.recon.surface.oracle import Oracle, around, ball, color_of, grid, make, ring

CONFIG = TextureConfig(max_size=512)


@pytest.fixture(scope="module")
def seen() -> Oracle:
    return make(ball(), around())


def looked_up(
    mesh: TriMesh, weights: tuple[float, float, float] = (1 / 3, 1 / 3, 1 / 3)
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Colour `[F, 3]` of the texture at a place of each face, bilinear, and that place in the world."""
    inner = np.array(weights)[None, :, None]
    uv = (mesh.uv * inner).sum(axis=1).astype(np.float32)
    height, width = mesh.texture.shape[:2]
    x, y = (uv[:, :1] * width - 0.5).astype(np.float32), (uv[:, 1:] * height - 0.5).astype(np.float32)
    colors = cv2.remap(mesh.texture, x, y, cv2.INTER_LINEAR).reshape(-1, 3) / np.float32(255)
    return colors, (mesh.vertices[mesh.faces] * inner).sum(axis=1)


@pytest.mark.parametrize("weights", [(1 / 3, 1 / 3, 1 / 3), (0.9, 0.05, 0.05), (0.0, 0.5, 0.5)])
def test_the_texture_has_the_colour_of_the_place(seen: Oracle, weights: tuple[float, float, float]) -> None:
    mesh = texture_mesh(seen.truth, seen.scene, seen.pictures.__getitem__, CONFIG)
    colors, places = looked_up(mesh, weights)
    error = np.abs(colors - color_of(places)).max(axis=1)
    assert np.median(error) < 0.01
    assert error.max() < 0.06


def test_detail_between_the_vertices_is_kept() -> None:
    """Two triangles, seen obliquely: only a texture that is laid down in perspective shows the stripes in their place."""
    scene = make(grid(40), np.array([[2.0, 0.3, 1.2], [0.4, 2.0, 1.6]]), (0.5, 0.5, 0.0))
    pictures = {}
    for view in scene.scene.views:
        depth = scene.depths[view.name].depth
        y, x = np.mgrid[: depth.shape[0], : depth.shape[1]]
        world = view.cam_from_world.inverse().apply(view.camera.unproject(np.stack([x, y], -1), depth))
        pictures[view.name] = np.where((depth > 0)[..., None], striped(world) * 255, 0).astype(np.uint8)
    plain = TriMesh([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], [[0, 1, 2], [0, 2, 3]])
    config = replace(CONFIG, balance=False, level_seams=False)  # they compare vertices, and here all lie on the outline
    mesh = texture_mesh(plain, scene.scene, pictures.__getitem__, config)
    for weights in ((0.6, 0.2, 0.2), (0.2, 0.6, 0.2), (0.2, 0.2, 0.6), (0.4, 0.4, 0.2)):
        colors, places = looked_up(mesh, weights)
        assert np.abs(colors - striped(places)).max() < 0.08


def striped(points: NDArray[np.floating]) -> NDArray[np.float64]:
    return 0.5 + 0.4 * np.sin(points[..., :1] * [9.0, 10.0, 0.0] + points[..., 1:2] * [3.0, 0.0, 12.0])


def test_photos_of_different_exposure_leave_no_seams(seen: Oracle) -> None:
    gains = dict(zip(seen.pictures, np.tile([0.75, 1.0, 1.25], len(seen.pictures)), strict=False))
    uneven = {name: np.clip(p * gains[name], 0, 255).astype(np.uint8) for name, p in seen.pictures.items()}
    facts = Facts()
    errors = {}
    for balance in (True, False):
        config = replace(CONFIG, balance=balance, level_seams=balance)
        mesh = texture_mesh(seen.truth, seen.scene, uneven.__getitem__, config, facts=facts if balance else None)
        colors, places = looked_up(mesh)
        ratio = colors.mean(axis=1) / color_of(places).mean(axis=1)
        errors[balance] = float(np.std(ratio))
    found = np.array([np.mean(facts.values["gains"][name]) * gains[name] for name in gains])
    assert found.std() / found.mean() < 0.03
    assert errors[True] < 0.03 < 0.1 < errors[False]


def test_nothing_of_the_background_outside_the_masks_gets_on_the_model() -> None:
    fat = make(ball(1.0), around())
    red = {name: np.where((fat.depths[name].depth > 0)[..., None], p, [255, 0, 0]).astype(np.uint8) for name, p in fat.pictures.items()}
    larger = ball(1.03)  # a surface that stands out over the outline of the photographs
    masks = {name: fat.depths[name].depth > 0 for name in red}
    mesh = texture_mesh(larger, fat.scene, red.__getitem__, CONFIG, mask=masks.__getitem__)
    colors, _ = looked_up(mesh)
    pure = (colors[:, 0] > 0.95) & (colors[:, 1:] < 0.2).all(axis=1)
    assert not pure.any()


def test_what_stands_before_the_surface_in_one_photo_does_not_get_on_it() -> None:
    seen = make(ball(), around(16))
    name = seen.scene.views[0].name
    pictures = dict(seen.pictures)
    pictures[name] = pictures[name].copy()
    pictures[name][40:80, 60:100] = [255, 0, 0]  # in the very middle, where this photo is the best
    wrong = {}
    for agreement in (True, False):
        mesh = texture_mesh(seen.truth, seen.scene, pictures.__getitem__, replace(CONFIG, agreement=agreement))
        colors, places = looked_up(mesh)
        wrong[agreement] = (np.abs(colors - color_of(places)).max(axis=1) > 0.15).sum()
    assert wrong[True] == 0
    assert wrong[False] > 100


def test_faces_that_no_photo_sees_take_the_colours_around_them() -> None:
    seen = make(ball(), np.array([[0.0, 0.1, 3.0], [0.1, -0.1, 3.0]]))
    facts = Facts()
    mesh = texture_mesh(seen.truth, seen.scene, seen.pictures.__getitem__, CONFIG, facts=facts)
    below = mesh.vertices[mesh.faces].mean(axis=1)[:, 2] < -0.3
    assert facts.values["unseen_faces"] >= below.sum() > 1000
    colors, _ = looked_up(mesh)
    rim = mesh.colors[np.abs(mesh.vertices[:, 2] - 0.3) < 0.05]
    assert (colors[below] > rim.min(axis=0) - 0.1).all()
    assert (colors[below] < rim.max(axis=0) + 0.1).all()


def test_a_mesh_that_no_photo_sees_is_grey(seen: Oracle) -> None:
    away = TriMesh(seen.truth.vertices + np.float32([0, 0, 100]), seen.truth.faces[:50])
    mesh = texture_mesh(away, seen.scene, seen.pictures.__getitem__, CONFIG)
    np.testing.assert_allclose(looked_up(mesh)[0], 0.5, atol=1 / 255)
    nobody = texture_mesh(away, Scene((), seen.scene.sparse), seen.pictures.__getitem__, CONFIG)
    np.testing.assert_allclose(looked_up(nobody)[0], 0.5, atol=1 / 255)


def test_an_empty_mesh_stays_empty(seen: Oracle) -> None:
    mesh = texture_mesh(TriMesh(np.zeros((0, 3)), np.zeros((0, 3))), seen.scene, seen.pictures.__getitem__, CONFIG)
    assert mesh.uv.shape == (0, 3, 2)
    assert mesh.texture.size > 0


def test_faces_without_area_and_edges_of_three_faces_do_no_harm(seen: Oracle) -> None:
    source = seen.truth
    flat = np.repeat(source.faces[:20, :1], 3, axis=1)
    line = np.stack([source.faces[:20, 0], source.faces[:20, 1], source.faces[:20, 0]], axis=1)
    fin = np.stack([source.faces[:30, 0], source.faces[:30, 1], np.full(30, len(source.vertices))], axis=1)
    vertices = np.concatenate([source.vertices, [[0, 0, 1.5]]])
    bad = TriMesh(vertices, np.concatenate([source.faces, flat, line, fin, fin[:, ::-1]]))
    mesh = texture_mesh(bad, seen.scene, seen.pictures.__getitem__, CONFIG)
    assert np.isfinite(mesh.uv).all()
    colors, places = looked_up(replace(mesh, faces=mesh.faces[: len(source.faces)], uv=mesh.uv[: len(source.faces)]))
    far = np.linalg.norm(places - [0, 0, 1], axis=1) > 1.0
    assert np.median(np.abs(colors - color_of(places)).max(axis=1)[far]) < 0.01


def test_a_texture_that_is_too_small_is_reduced_not_refused(seen: Oracle) -> None:
    facts = Facts()
    mesh = texture_mesh(seen.truth, seen.scene, seen.pictures.__getitem__, replace(CONFIG, max_size=256, padding=2), facts=facts)
    assert max(mesh.texture.shape[:2]) == 256
    assert facts.values["texels_a_photo_pixel"] < 1
    colors, places = looked_up(mesh)
    assert np.median(np.abs(colors - color_of(places)).max(axis=1)) < 0.03


def test_a_seam_cost_gives_fewer_seams_and_it_is_the_same_twice() -> None:
    seen = make(ball(), ring(8))
    seams = []
    for cost in (0.0, 2.0):
        facts = Facts()
        mesh = texture_mesh(seen.truth, seen.scene, seen.pictures.__getitem__, replace(CONFIG, seam_cost=cost), facts=facts)
        seams.append(facts.values["seam_edges"])
    assert seams[0] > seams[1]
    again = texture_mesh(seen.truth, seen.scene, seen.pictures.__getitem__, replace(CONFIG, seam_cost=2.0))
    np.testing.assert_array_equal(again.texture, mesh.texture)
    np.testing.assert_array_equal(again.uv, mesh.uv)
