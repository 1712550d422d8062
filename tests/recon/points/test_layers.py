"""The PointNet++ layers against their definitions."""

from __future__ import annotations

import torch

from recon.points.layers import FeaturePropagation, Scale, SetAbstraction
from recon.points.neighbors import ball_query, farthest_points, gather
from recon.points.networks import ClassNetwork


def cloud(n: int = 64) -> torch.Tensor:
    return torch.rand(2, n, 3, generator=torch.Generator().manual_seed(3))


def test_set_abstraction_is_the_maximum_over_each_ball() -> None:
    points, features = cloud(), torch.rand(2, 64, 5, generator=torch.Generator().manual_seed(4))
    layer = SetAbstraction(5, 0.25, [Scale(8, (6, 7), radius=0.4, unit=0.5), Scale(4, (3,))])
    out, centers = layer(features, points)
    assert out.shape == (2, 16, 10) == (2, 16, layer.width)
    assert torch.equal(centers, gather(points, farthest_points(points, 16)))
    index = ball_query(points, centers, 0.4, 8)
    for b in range(2):
        for m in range(16):
            around = index[b, m]
            seen = torch.cat([features[b, around], (points[b, around] - centers[b, m]) / 0.5], -1)
            torch.testing.assert_close(out[b, m, :7], layer.convs[0].local_nn(seen).amax(0))


def test_set_abstraction_does_not_depend_on_the_order_of_points() -> None:
    points, layer = cloud(), SetAbstraction(0, 1.0, [Scale(8, (6, 7))])
    order = torch.randperm(64, generator=torch.Generator().manual_seed(5))
    torch.testing.assert_close(layer(None, points[:, order])[0], layer(None, points)[0][:, order])


def test_clouds_of_a_batch_do_not_mix() -> None:
    points, layer = cloud(), SetAbstraction(0, 0.5, [Scale(8, (6, 7))])
    torch.testing.assert_close(layer(None, points)[0][1:], layer(None, points[1:])[0])


def test_feature_propagation_gives_points_what_their_nearest_ones_know() -> None:
    points, layer = cloud(), FeaturePropagation(5, 2, (6, 4))
    few, coarse = points[:, :16], torch.rand(2, 16, 5, generator=torch.Generator().manual_seed(6))
    fine = torch.zeros(2, 64, 2)
    out = layer(coarse, few, fine, points)
    assert out.shape == (2, 64, 4)
    here = layer.mlp(torch.cat([torch.relu(layer.known(coarse)), fine[:, :16]], -1))  # at a known point its own value, without offset
    torch.testing.assert_close(out[:, :16], here, rtol=0, atol=1e-3)


def test_gradients_reach_every_weight() -> None:
    points = cloud()
    down, up = SetAbstraction(0, 0.25, [Scale(8, (6, 7))]), FeaturePropagation(7, 0, (6, 4))
    features, centers = down(None, points)
    up(features, centers, None, points).square().sum().backward()
    assert all(p.grad is not None and bool(p.grad.abs().sum() > 0) for p in [*down.parameters(), *up.parameters()])


def test_a_class_is_told_of_the_shape_not_of_the_order_of_its_points() -> None:
    torch.manual_seed(0)
    network, points = ClassNetwork(5).eval(), 2 * cloud(256) - 1
    logits = network(points)
    assert logits.shape == (2, 5)
    assert not torch.equal(logits[0], logits[1])
    order = torch.cat([torch.zeros(1, dtype=torch.int64), 1 + torch.randperm(255)])  # farthest-point sampling begins with the first point
    torch.testing.assert_close(network(points[:, order]), logits)
