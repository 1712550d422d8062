"""The parts of texturing against plain references."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from recon.surface.stage import spread_over
from recon.surface.texture.agreement import outvoted
from recon.surface.texture.baking import filled
from recon.surface.texture.blending import view_weights
from recon.surface.texture.exposure import view_gains
from recon.surface.texture.labels import choose_views, face_pairs
from recon.surface.texture.levelling import level
from recon.surface.texture.packing import pack
from recon.surface.texture.raster import barycentric, face_map
from recon.surface.texture.survey import Survey
from tests.recon.surface.oracle import ball, grid


def test_packed_rectangles_stay_inside_and_apart() -> None:
    rng = np.random.default_rng(0)
    sizes = np.concatenate([rng.integers(1, 30, (200, 2)), [[64, 5], [1, 60]]])
    places, height = pack(sizes, 64)
    taken = np.zeros((height, 64), int)
    for (x, y), (w, h) in zip(places, sizes, strict=True):
        assert x >= 0
        assert x + w <= 64
        taken[y : y + h, x : x + w] += 1
    assert taken.max() == 1
    assert taken.mean() > 0.8


def test_every_texel_goes_to_the_face_it_lies_in() -> None:
    rng = np.random.default_rng(0)
    corners = rng.random((20, 3, 2)) * 60
    owner = face_map(corners, 64, 64)
    y, x = np.mgrid[:64, :64]
    points = np.stack([x, y], -1).reshape(-1, 2) + 0.5
    least = np.zeros((20, len(points)))
    for f in range(20):
        weights = barycentric(np.repeat(corners[f : f + 1], len(points), 0), points[:, 0], points[:, 1])
        np.testing.assert_allclose(np.einsum("sk,kc->sc", weights, corners[f]), points, atol=1e-3)
        least[f] = weights.min(axis=1)
    covered = np.flatnonzero(least.max(axis=0) > 1e-4)
    assert len(covered) > 1000
    assert (least[owner.reshape(-1)[covered], covered] > -1e-4).all()


def test_a_face_without_area_gets_no_texel() -> None:
    corners = np.array([[[3.0, 3], [3, 3], [3, 3]], [[1, 1], [5, 5], [9, 9]]])
    assert (face_map(corners, 16, 16) == -1).all()


def test_the_chosen_views_cost_as_little_as_the_best_of_all_choices() -> None:
    """On a chain of faces belief propagation is exact."""
    strip = grid(1).faces
    faces = np.concatenate([strip + 0, np.array([[1, 4, 3], [4, 5, 3], [4, 6, 5]])])
    pairs = face_pairs(faces)
    assert len(pairs) == 4
    rng = np.random.default_rng(0)
    for _ in range(20):
        candidates = np.array([rng.permutation(4)[:3] for _ in faces], np.int32)
        quality = rng.random((5, 3)).astype(np.float32)
        lost = 1 - quality / quality.max(axis=1, keepdims=True)

        def energy(slots: tuple[int, ...], lost=lost, candidates=candidates) -> float:
            views = candidates[np.arange(5), slots]
            return lost[np.arange(5), slots].sum() + 0.4 * (views[pairs[:, 0]] != views[pairs[:, 1]]).sum()

        best = min(energy(slots) for slots in product(range(3), repeat=5))
        views = choose_views(candidates, quality, pairs, 0.4, rounds=60)
        slots = tuple((candidates == views[:, None]).argmax(axis=1))
        assert energy(slots) == pytest.approx(best, abs=1e-4)


def test_gains_are_found_in_spite_of_highlights() -> None:
    rng = np.random.default_rng(0)
    truth = rng.uniform(40, 150, (500, 3))
    gains = np.array([[0.7, 0.8, 0.9], [1, 1, 1], [1.3, 1.2, 1.1]])
    colors = truth * gains[:, None] + rng.normal(0, 2, (3, 500, 3))
    colors[0, :50] = 240
    visible = rng.random((3, 500)) < 0.8
    found = view_gains(np.clip(colors, 0, 255).astype(np.uint8), visible)
    np.testing.assert_allclose(found * gains, np.ones((3, 3)), atol=0.04)
    lonely = view_gains(colors.astype(np.uint8), np.array([[True] * 500, [False] * 500, [False] * 500]))
    np.testing.assert_array_equal(lonely, np.ones((3, 3)))


def test_levelled_views_agree_where_they_meet_and_keep_their_detail() -> None:
    mesh = grid(12)
    left = mesh.vertices[mesh.faces].mean(axis=1)[:, 0] < 0.5
    weights = view_weights(mesh, np.where(left, 0, 1), np.ones((2, len(mesh.vertices)), bool), 2)
    np.testing.assert_allclose(np.asarray(weights.sum(axis=1)).reshape(-1), 1, rtol=1e-5)
    rows = np.repeat(np.arange(len(mesh.vertices)), np.diff(weights.indptr))
    shade = np.random.default_rng(0).random((len(mesh.vertices), 3)) * 50
    colors = shade[rows] + np.where(weights.indices == 0, 100.0, 130.0)[:, None]
    result = colors + level(mesh.faces, weights, colors.astype(np.float32))
    pair = np.flatnonzero(rows[1:] == rows[:-1])
    assert len(pair) > 20
    assert np.abs(result[pair + 1] - result[pair]).max() < 4
    moved = result - shade[rows]
    assert moved.min() > 95
    assert moved.max() < 135


def test_a_view_counts_nowhere_it_does_not_see() -> None:
    mesh = ball()
    visible = np.stack([mesh.vertices[:, 2] > -0.1, mesh.vertices[:, 2] < 0.1])
    labels = np.where(mesh.vertices[mesh.faces].max(axis=1)[:, 2] < 0, 1, 0)
    weights = view_weights(mesh, labels, visible, 30).toarray()
    assert (weights[~visible.T] == 0).all()
    assert (weights[np.abs(mesh.vertices[:, 2]) < 0.03] > 0).all()


def test_empty_texels_are_filled_from_around() -> None:
    rng = np.random.default_rng(0)
    known = rng.random((37, 70)) < 0.05
    image = np.where(known[..., None], [200, 100, 50], 0).astype(np.uint8)
    np.testing.assert_allclose(filled(image, known), np.broadcast_to([200, 100, 50], (37, 70, 3)), atol=4)
    assert (filled(np.zeros((8, 8, 3), np.uint8), np.zeros((8, 8), bool)) == 0).all()


@pytest.mark.parametrize(("count", "kept_out"), [(0, []), (3, ["2", "8", "14"]), (100, None)])
def test_held_out_photos_are_spread_over_all_and_two_are_left(count: int, kept_out: list[str] | None) -> None:
    found = spread_over([str(i) for i in range(18)], count)
    assert found == kept_out or (kept_out is None and len(set(found)) == 16)
    assert spread_over(["a", "b"], 5) == []


def test_the_colour_that_most_views_see_outvotes_the_others_and_few_views_outvote_nobody() -> None:
    rng = np.random.default_rng(0)
    colors = np.clip(rng.normal(100, 3, (6, 50, 3)), 0, 255)
    colors[2, :10] = [200, 100, 100]
    colors[:, 40:] += rng.normal(0, 30, (6, 10, 3))  # an edge that is not quite in its place: nobody is right
    scores = np.full((6, 50), 0.5)
    scores[3:, :5] = 0
    gains = np.array([1, 1, 1, 1, 1, 2.0])[:, None].repeat(3, axis=1).astype(np.float32)
    colors[5] /= 2
    wrong = outvoted(np.clip(colors, 0, 255).astype(np.uint8), scores, gains)
    expected = np.zeros((6, 40), bool)
    expected[2, 5:10] = True
    np.testing.assert_array_equal(wrong[:, :40], expected)
    assert wrong[:, 40:].mean() < 0.2
    scores[2, 5:10] = 4  # one view from the front against five that graze
    np.testing.assert_array_equal(outvoted(np.clip(colors, 0, 255).astype(np.uint8), scores, gains)[2, :10], np.zeros(10, bool))


def test_a_face_keeps_its_views_when_all_of_them_are_outvoted() -> None:
    faces = np.array([[0, 1, 2], [1, 2, 3]], np.int32)
    candidates, quality = np.array([[0, 1], [1, -1]], np.int32), np.array([[2, 1], [3, 0]], np.float32)
    looked = Survey((), np.ones((2, 4), np.float32), np.zeros((2, 4, 3), np.uint8), candidates, quality)
    wrong = np.zeros((2, 4), bool)
    wrong[0, 0] = wrong[1, 3] = True
    left = looked.without(faces, wrong)
    assert left.candidates.tolist() == [[-1, 1], [1, -1]]
    assert left.quality.tolist() == [[0, 1], [3, 0]]
    assert not left.visible[wrong].any()
