"""Neighbour search against SciPy's kd-tree, and each way of searching against the others."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.spatial import cKDTree

from recon.errors import ShapeError
from recon.points.neighbors import (
    _pyg,
    ball_query,
    farthest_points,
    farthest_points_loop,
    farthest_points_pyg,
    gather,
    interpolate,
    interpolation,
    knn,
    knn_pyg,
    knn_tiled,
    knn_tree,
)

needs_pyg_lib = pytest.mark.skipif(not _pyg("knn"), reason="pyg-lib is not installed")
needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")


def clouds(n: int = 300, m: int = 70, batch: int = 3) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    return torch.rand(batch, n, 3, generator=generator), torch.rand(batch, m, 3, generator=generator)


def test_nearest_neighbours_are_those_of_scipy() -> None:
    points, queries = clouds()
    found = knn(points, queries, 9)
    for b in range(len(points)):
        distance, index = cKDTree(points[b].numpy()).query(queries[b].numpy(), k=9)
        np.testing.assert_array_equal(found.indices[b].numpy(), index)
        np.testing.assert_allclose(found.distances[b].numpy(), distance, rtol=1e-5)


@pytest.mark.parametrize("tile", [1, 5000, 1 << 24])
@pytest.mark.parametrize("k", [1, 9])
def test_searches_by_tree_and_by_tiles_agree_whatever_the_tile(tile: int, k: int) -> None:
    points, queries = clouds()
    by_tree, by_tiles = knn_tree(points, queries, k), knn_tiled(points, queries, k, tile)
    assert torch.equal(by_tree.indices, by_tiles.indices)
    torch.testing.assert_close(by_tree.distances, by_tiles.distances)


@needs_pyg_lib
def test_pyg_lib_finds_the_same() -> None:
    points, queries = clouds()
    assert torch.equal(knn_pyg(points, queries, 9).indices, knn_tiled(points, queries, 9).indices)
    assert torch.equal(farthest_points_pyg(points, 40), farthest_points_loop(points, 40))


@needs_cuda
def test_a_gpu_finds_the_same() -> None:
    points, queries = clouds()
    assert torch.equal(knn(points.cuda(), queries.cuda(), 9).indices.cpu(), knn_tree(points, queries, 9).indices)
    assert torch.equal(farthest_points(points.cuda(), 40).cpu(), farthest_points_loop(points, 40))


def test_a_ball_holds_what_scipy_finds_in_it_and_nothing_else() -> None:
    points, queries = clouds()
    index = ball_query(points, queries, 0.3, 200)
    for b in range(len(points)):
        inside = cKDTree(points[b].numpy()).query_ball_point(queries[b].numpy(), 0.3)
        nearest = cKDTree(points[b].numpy()).query(queries[b].numpy())[1]
        for row, expected, first in zip(index[b].tolist(), inside, nearest, strict=True):
            assert set(row) == (set(expected) or {first})


def test_a_ball_with_few_points_is_filled_up_with_the_nearest() -> None:
    points = torch.tensor([[[0.0, 0, 0], [1, 0, 0], [5, 0, 0]]])
    assert ball_query(points, points[:, :1], 2.0, 5).tolist() == [[[0, 1, 0, 0, 0]]]
    assert ball_query(points, torch.full((1, 1, 3), 9.0), 0.5, 2).tolist() == [[[2, 2]]]


def test_farthest_points_are_those_of_the_definition() -> None:
    points, _ = clouds(n=60)
    found = farthest_points_loop(points, 12)
    for cloud, index in zip(points.numpy(), found.numpy(), strict=True):
        assert index[0] == 0
        for i in range(1, 12):
            away = np.linalg.norm(cloud[:, None] - cloud[index[:i]], axis=2).min(1)
            assert index[i] == away.argmax()


def test_interpolation_returns_known_values_and_stays_between_them() -> None:
    points, queries = clouds()
    values = torch.rand(*points.shape[:2], 4, generator=torch.Generator().manual_seed(2))
    torch.testing.assert_close(interpolate(values, points, points), values, rtol=0, atol=1e-4)
    index, weight = interpolation(points, queries)
    torch.testing.assert_close(weight.sum(-1), torch.ones(weight.shape[:2]))
    between = interpolate(values, points, queries)
    near = gather(values, index)
    assert bool((between <= near.amax(2) + 1e-6).all())
    assert bool((between >= near.amin(2) - 1e-6).all())


@pytest.mark.parametrize(("n", "k"), [(0, 1), (3, 4), (3, 0)])
def test_more_neighbours_than_points_are_refused(n: int, k: int) -> None:
    with pytest.raises(ShapeError):
        knn(torch.zeros(1, n, 3), torch.zeros(1, 2, 3), k)
