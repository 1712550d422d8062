"""Layers read from files, thinned to a budget and cut into pieces."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from desktop.viewport import batches as cut
from desktop.viewport.backends.base import Batch, Content, KeptBatches
from desktop.viewport.batches import Layer
from desktop.viewport.geometry import from_cloud, from_mesh, from_scene, load, robust_bounds, scene_up
from desktop.viewport.layers import LayerSpec, ViewStyle
from recon.errors import InputError
from recon.io.formats import write_cloud
from recon.scene import PointCloud, TriMesh

from .scenes import green_mesh, red_cloud, scene, write_layers

UP = np.array([0.0, 0.0, 1.0])


def cloud(count: int, seed: int = 0) -> PointCloud:
    points = np.random.default_rng(seed).uniform(-1, 1, (count, 3)).astype(np.float32)
    return PointCloud(points, colors=np.abs(points))


def wavy_mesh(side: int) -> TriMesh:
    """A height field of 2 (side - 1)^2 triangles over the unit square."""
    x, y = np.meshgrid(np.linspace(0, 1, side), np.linspace(0, 1, side))
    vertices = np.stack([x, y, 0.1 * np.sin(6 * x) * np.cos(5 * y)], axis=2).reshape(-1, 3).astype(np.float32)
    corner = (np.arange(side - 1)[:, None] * side + np.arange(side - 1)).ravel()
    quads = np.stack([corner, corner + 1, corner + side + 1, corner + side], axis=1)
    faces = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]]).astype(np.int32)
    return TriMesh(vertices, faces, None, np.tile(np.float32([0.2, 0.4, 0.6]), (len(vertices), 1)))


def area(points: np.ndarray, faces: np.ndarray) -> float:
    corners = points[faces].astype(float)
    return float(0.5 * np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1).sum())


# ---------------------------------------------------------------- level of detail


@pytest.mark.parametrize("budget", [100, 5_000, 30_000, 10**9])
def test_clouds_share_the_budget_in_proportion_and_never_exceed_it(budget: int) -> None:
    layers = {name: Layer(i, from_cloud(cloud(n))) for i, (name, n) in enumerate({"a": 20_000, "b": 10_000, "hidden": 5_000}.items())}
    layers["hidden"].visible = False
    counts = cut.thinned(layers, budget)
    assert set(counts) == {"a", "b"}
    assert sum(counts.values()) <= budget
    assert counts["a"] == pytest.approx(2 * counts["b"], abs=2)
    assert sum(counts.values()) >= min(budget, 30_000) - 2


def test_a_thinned_cloud_still_covers_the_whole_model() -> None:
    geometry = from_cloud(PointCloud(np.linspace([0, 0, 0], [1, 0, 0], 10_000, dtype=np.float32)))
    x = np.sort(geometry.points[:500, 0])
    assert x[0] < 0.02
    assert x[-1] > 0.98
    assert np.diff(x).max() < 0.03


def test_the_pieces_of_a_cloud_hold_every_point_once() -> None:
    layer = Layer(1, from_cloud(cloud(1_000)))
    pieces = list(cut.point_batches("cloud", layer, 950, ViewStyle(), UP, piece=300))
    assert [piece.size for piece in pieces] == [300, 300, 300, 50]
    assert len({piece.key for piece in pieces}) == 4
    drawn = np.concatenate([piece.content().vertices for piece in pieces])
    np.testing.assert_array_equal(drawn, layer.geometry.points[:950])


def test_a_batch_is_made_anew_exactly_when_what_it_shows_changes() -> None:
    layer = Layer(1, from_cloud(cloud(10)))

    def key(layer: Layer, style: ViewStyle, up: np.ndarray = UP) -> tuple[object, ...]:
        return next(cut.point_batches("cloud", layer, 10, style, up)).key

    first = key(layer, ViewStyle())
    assert key(layer, ViewStyle(background="light", point_size=3.0)) == first
    assert key(layer, ViewStyle(), -UP) == first
    assert key(layer, ViewStyle("normals")) != first
    assert key(Layer(2, layer.geometry), ViewStyle()) != first
    assert key(layer, ViewStyle("height")) != key(layer, ViewStyle("height"), -UP)


def test_a_large_mesh_gets_a_coarser_version_of_the_same_shape_and_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cut, "MOVING_FACES", 2_000)
    layer = Layer(1, from_mesh(wavy_mesh(120)))
    whole, coarse = (cut.mesh_batch("mesh", layer, faces, ViewStyle(), UP).content() for faces in (10**9, 2_000))
    assert whole.index is not None
    assert coarse.index is not None
    assert len(whole.index) == 2 * 119**2
    assert 1_000 < len(coarse.index) < 4_000
    assert area(coarse.vertices, coarse.index) == pytest.approx(area(whole.vertices, whole.index), rel=0.05)
    np.testing.assert_allclose(coarse.colors.mean(axis=0), [51, 102, 153], atol=1)
    assert coarse.normals is not None
    np.testing.assert_allclose(np.linalg.norm(coarse.normals, axis=1), 1.0, atol=1e-3)


def test_a_small_mesh_is_drawn_as_it_is() -> None:
    layer = Layer(1, from_mesh(green_mesh()))
    assert cut.mesh_batch("mesh", layer, 1, ViewStyle(), UP).size == 2


def test_every_edge_is_drawn_once() -> None:
    edges = cut.edges_of(green_mesh().faces)
    assert sorted(map(tuple, edges.tolist())) == [(0, 1), (0, 2), (0, 3), (1, 2), (2, 3)]


def test_flat_shading_gives_each_triangle_one_normal_and_one_colour() -> None:
    layer = Layer(1, from_mesh(wavy_mesh(5)))
    content = cut.mesh_batch("mesh", layer, 10**9, ViewStyle(shading="flat"), UP).content()
    assert content.index is not None
    assert content.normals is not None
    np.testing.assert_array_equal(content.index, np.arange(3 * 32).reshape(-1, 3))
    corners = content.normals.reshape(-1, 3, 3)
    np.testing.assert_array_equal(corners, corners[:, :1].repeat(3, axis=1))


def test_kept_batches_forget_the_oldest_when_they_grow_too_large() -> None:
    kept = KeptBatches(limit=100)
    for name in "abc":
        kept.put((name,), name, 40)
    assert kept.get(("a",)) is None
    assert kept.get(("b",)) == "b"
    kept.put(("d",), "d", 40)
    assert kept.get(("c",)) is None, "c was used longest ago"
    kept.put(("huge",), "huge", 1_000)
    assert kept.get(("huge",)) == "huge"


def test_a_replaced_batch_is_not_counted_twice() -> None:
    kept = KeptBatches(limit=100)
    for _ in range(5):
        kept.put(("a",), "a", 40)
    kept.put(("b",), "b", 40)
    assert kept.get(("a",)) == "a"


def test_batches_cost_nothing_until_they_are_drawn() -> None:
    def never() -> Content:
        raise AssertionError("made too early")

    assert Batch(("x",), "points", 1, never).size == 1


# ---------------------------------------------------------------- reading


def test_layers_are_read_with_their_counts_bounds_and_what_is_known_of_points(tmp_path: Path) -> None:
    write_layers(tmp_path)
    _, facts = load(LayerSpec("cloud", "cloud", tmp_path / "cloud.ply"))
    assert facts["counts"] == {"points": len(red_cloud())}
    np.testing.assert_allclose(facts["bounds"], [[-0.9, -0.4, 2], [-0.1, 0.4, 2]], atol=1e-6)
    assert facts["attributes"] == ["confidence", "normals", "origin", "rgb", "views"]
    _, facts = load(LayerSpec("mesh", "mesh", tmp_path / "mesh.ply"))
    assert facts["counts"] == {"vertices": 4, "triangles": 2}
    _, facts = load(LayerSpec("cameras", "cameras", tmp_path / "scene.npz"))
    assert facts["counts"] == {"cameras": 3}
    assert [view["name"] for view in facts["views"]] == ["0.jpg", "1.jpg", "2.jpg"]
    np.testing.assert_allclose(facts["up"], [0, -1, 0], atol=1e-9)


@pytest.mark.parametrize("kind", ["cloud", "mesh", "sparse", "cameras"])
@pytest.mark.parametrize("content", [None, b"", b"ply\n", b"not what it says" * 50])
def test_a_missing_or_damaged_file_is_named(tmp_path: Path, kind: str, content: bytes | None) -> None:
    path = tmp_path / ("layer.ply" if kind in ("cloud", "mesh") else "scene.npz")
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=path.name):
        load(LayerSpec("a", kind, path))


def test_half_a_file_and_a_file_that_promises_too_much_are_refused(tmp_path: Path) -> None:
    write_layers(tmp_path)
    with pytest.raises(InputError):
        load(LayerSpec("a", "cloud", tmp_path / "damaged.ply"))
    whole = (tmp_path / "cloud.ply").read_bytes()
    (tmp_path / "huge.ply").write_bytes(whole.replace(f"vertex {len(red_cloud())}".encode(), b"vertex 999999999999"))
    with pytest.raises(InputError):
        load(LayerSpec("a", "cloud", tmp_path / "huge.ply"))


def test_a_cloud_without_points_is_refused(tmp_path: Path) -> None:
    write_cloud(PointCloud(np.zeros((0, 3), np.float32)), tmp_path / "empty.ply")
    with pytest.raises(InputError, match="empty"):
        load(LayerSpec("a", "cloud", tmp_path / "empty.ply"))


def test_stray_points_do_not_blow_up_the_view() -> None:
    points = cloud(5_000).points.copy()
    points[:5] = 1e6
    low, high = robust_bounds(points)
    assert np.abs([low, high]).max() < 2.0


def test_up_is_where_the_photographers_heads_were() -> None:
    np.testing.assert_allclose(scene_up(scene()), [0, -1, 0], atol=1e-9)
    assert np.isfinite(scene_up(replace(scene(), views=()))).all()


def test_sparse_points_keep_their_colours() -> None:
    geometry = from_scene(scene(), "sparse")
    np.testing.assert_allclose(geometry.attributes["rgb"], 0.5)
    assert len(geometry.points) == 50
