"""Cleaning, holes, decimation, smoothing and colours do what they say and nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import trimesh

from recon.scene import Origin, TriMesh
from recon.surface.cleaning import drop_degenerate, drop_small_pieces, keep_faces, smooth
from recon.surface.coloring import color_vertices, sample
from recon.surface.decimation import decimate
from recon.surface.holes import boundary_loops, fill_holes, make_watertight
from recon.surface.topology import boundary_edges, face_pieces, is_watertight, vertex_normals
from tests.recon.surface.oracle import ball, color_of, grid, make, plate, ring


def moved(mesh: TriMesh, *by: float) -> TriMesh:
    return TriMesh(mesh.vertices + np.array(by, np.float32), mesh.faces)


def joined(*parts: TriMesh) -> TriMesh:
    starts = np.cumsum([0, *(len(p.vertices) for p in parts)])
    return TriMesh(np.concatenate([p.vertices for p in parts]), np.concatenate([p.faces + s for p, s in zip(parts, starts, strict=False)]))


def without(mesh: TriMesh, centers: list[list[float]], radius: float) -> TriMesh:
    middle = mesh.vertices[mesh.faces].mean(axis=1)
    keep = np.ones(len(mesh.faces), bool)
    for center in centers:
        keep &= np.linalg.norm(middle - center, axis=1) > radius
    return keep_faces(mesh, keep)


def test_crumbs_go_and_large_pieces_stay() -> None:
    big, second, crumb = ball(1.0), moved(ball(0.5), 3, 0, 0), moved(ball(0.05), 0, 3, 0)
    everything = joined(big, second, crumb)
    assert face_pieces(everything)[0] == 3
    kept = drop_small_pieces(everything, 0.01)
    assert face_pieces(kept)[0] == 2
    assert len(kept.faces) == len(big.faces) + len(second.faces)
    assert face_pieces(drop_small_pieces(everything, 1.0))[0] == 1


def test_small_holes_close_and_large_ones_stay_open() -> None:
    open_ball = without(ball(), [[1, 0, 0], [0, 1, 0], [0, 0, 1]], 0.1)
    filled, count = fill_holes(open_ball, 60)
    assert count == 3
    assert is_watertight(filled.faces)
    solid = trimesh.Trimesh(filled.vertices, filled.faces, process=False)
    assert solid.is_winding_consistent
    assert solid.volume == pytest.approx(trimesh.Trimesh(*(getattr(ball(), n) for n in ("vertices", "faces"))).volume, rel=0.01)
    assert fill_holes(open_ball, 5)[1] == 0


def test_repair_closes_large_holes_fins_and_holes_that_touch() -> None:
    source = without(ball(), [[1, 0, 0], [-1, 0, 0]], 0.5)
    a, b = source.faces[np.abs(source.vertices[source.faces].mean(axis=1)[:, 2]) > 0.9][:2, 0]
    touching = keep_faces(source, ~(np.isin(source.faces, [a]).any(axis=1) & (np.arange(len(source.faces)) % 2 == 0)))
    fin = TriMesh(np.concatenate([touching.vertices, [[0, 0, 2]]]), np.concatenate([touching.faces, [[b, b + 1, len(touching.vertices)]]]))
    flat = TriMesh(fin.vertices, np.concatenate([fin.faces, fin.faces[:3], np.repeat(fin.faces[:2, :1], 3, axis=1)]))
    assert not is_watertight(flat.faces)
    repaired = make_watertight(flat)
    assert is_watertight(repaired.faces)
    solid = trimesh.Trimesh(repaired.vertices, repaired.faces, process=False)
    assert solid.is_winding_consistent
    assert solid.volume == pytest.approx(4.19, rel=0.1)
    assert (repaired.origin == Origin.GENERATED).any()


def test_repair_leaves_a_sound_mesh_and_nothing_alone() -> None:
    assert len(make_watertight(ball()).faces) == len(ball().faces)
    assert len(make_watertight(TriMesh(np.zeros((3, 3)), [[0, 0, 1]])).faces) == 0


def test_filled_faces_say_that_they_were_not_measured() -> None:
    open_ball = without(ball(), [[1, 0, 0]], 0.1)
    filled, _ = fill_holes(open_ball, 60)
    assert filled.origin is not None
    invented = (filled.origin[filled.faces] == Origin.GENERATED).any(axis=1)
    assert invented.sum() == len(filled.faces) - len(open_ball.faces)
    assert not invented[: len(open_ball.faces)].any()


def test_the_rim_of_an_open_sheet_is_a_loop_too() -> None:
    sheet = grid(10)
    (loop,) = boundary_loops(sheet.faces, 40)
    assert len(loop) == 40
    assert boundary_loops(sheet.faces, 39) == []


def test_a_boundary_that_touches_itself_stays_open() -> None:
    sheet = grid(6)
    cells = sheet.vertices[sheet.faces].mean(axis=1) * 6
    hole = ((np.floor(cells[:, :2]) == [2, 2]).all(1)) | ((np.floor(cells[:, :2]) == [3, 3]).all(1))
    filled, _ = fill_holes(keep_faces(sheet, ~hole), 12)
    edges = np.sort(filled.faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
    assert np.unique(edges, axis=0, return_counts=True)[1].max() <= 2


def test_decimation_keeps_shape_and_colours() -> None:
    source = ball()
    colored = replace(moved(source, 500, 0, 0), colors=color_of(source.vertices))
    small = decimate(colored, 2000)
    assert 1500 <= len(small.faces) <= 2100
    assert np.abs(np.linalg.norm(small.vertices - [500, 0, 0], axis=1) - 1).max() < 0.02
    assert small.colors is not None
    assert np.abs(small.colors - color_of(small.vertices - np.array([500, 0, 0], np.float32))).mean() < 0.03
    assert decimate(colored, 10**9) is colored


def test_decimation_keeps_provenance() -> None:
    source = ball()
    origin = np.where(source.vertices[:, 2] > 0, Origin.GENERATED, Origin.MEASURED)
    small = decimate(TriMesh(source.vertices, source.faces, None, None, origin), 1000)
    assert small.origin is not None
    high = small.vertices[:, 2] > 0.1
    assert (small.origin[high] == Origin.GENERATED).all()
    assert (small.origin[small.vertices[:, 2] < -0.1] == Origin.MEASURED).all()


def test_smoothing_takes_noise_and_keeps_the_volume() -> None:
    rng = np.random.default_rng(0)
    source = ball()
    rough = TriMesh(source.vertices * (1 + 0.01 * rng.normal(size=(len(source.vertices), 1))), source.faces)
    result = smooth(rough, 10)
    radius = np.linalg.norm(result.vertices, axis=1)
    assert radius.std() < 0.5 * np.linalg.norm(rough.vertices, axis=1).std()
    assert radius.mean() == pytest.approx(1, abs=0.003)


def test_smoothing_leaves_the_rim_alone() -> None:
    sheet = grid(8)
    rim = np.unique(boundary_edges(sheet.faces))
    lifted = sheet.vertices.copy()
    lifted[:, 2] = np.random.default_rng(0).normal(size=len(lifted)) * 0.1
    np.testing.assert_array_equal(smooth(TriMesh(lifted, sheet.faces), 5).vertices[rim], lifted[rim])


def test_degenerate_and_repeated_faces_go() -> None:
    mesh = TriMesh(np.eye(3), [[0, 1, 2], [0, 0, 1], [1, 2, 0]])
    assert drop_degenerate(mesh).faces.tolist() == [[0, 1, 2]]


def test_vertex_normals_agree_with_trimesh() -> None:
    rough = TriMesh(ball().vertices * [1, 2, 3], ball().faces)
    expected = trimesh.Trimesh(rough.vertices, rough.faces, process=False).vertex_normals
    assert (vertex_normals(rough) * expected).sum(axis=1).min() > 0.999


def test_a_hidden_vertex_takes_no_colour_from_the_thing_that_hides_it() -> None:
    low, high = plate(1.0, -1.0), plate(0.5, 0.5)
    dense = moved(grid(40, 2.0), -1, -1, -1)
    upper = moved(grid(20, 1.0), -0.5, -0.5, 0.5)
    both = joined(dense, upper)
    seen = make(joined(low, high), np.array([[0.0, 0.5, 3.0], [0.0, -0.5, 3.0]]))
    pictures = {}
    for name, depth in seen.depths.items():
        red = (depth.depth > 0) & (depth.depth < 3.0)
        pictures[name] = np.where(red[..., None], [255, 0, 0], [0, 0, 255]).astype(np.uint8)
    colors = color_vertices(both, vertex_normals(both), seen.scene, pictures.__getitem__)
    assert colors[: len(dense.vertices), 0].max() < 0.2
    inner = np.abs(upper.vertices[:, :2]).max(axis=1) < 0.48
    assert colors[len(dense.vertices) :, 0][inner].min() > 0.8


def test_without_any_picture_the_mesh_is_grey() -> None:
    seen = make(ball(), ring(2))
    colors = color_vertices(seen.truth, vertex_normals(seen.truth), seen.scene, seen.pictures.__getitem__, names={})
    np.testing.assert_array_equal(colors, np.full_like(colors, 0.5))


def test_a_picture_of_half_size_is_sampled_at_the_same_place() -> None:
    (view,) = make(ball(), ring(1)).scene.views
    ramp = np.tile(np.arange(162, dtype=np.float32), (120, 1))
    full = np.repeat(ramp[..., None], 3, -1).astype(np.uint8)
    half = np.repeat(ramp.reshape(120, 81, 2).mean(-1)[::2, :, None], 3, -1).astype(np.uint8)
    pixels = np.array([[20.0, 30.0], [100.5, 60.0]])
    np.testing.assert_allclose(sample(full, view, pixels)[:, 0], [20, 100.5], atol=0.6)
    np.testing.assert_allclose(sample(half, view, pixels)[:, 0], [20, 100.5], atol=1.1)
