import math

import torch

from recon.features.cnn.keypoints import Keypoints
from recon.features.cnn.losses import Warp, matching_likelihood, mutual_pairs, nearness, pair_distances, peak_loss, success_loss


def test_equal_orthogonal_descriptors_cost_nothing_and_swapped_ones_much():
    descriptors = torch.eye(8)[None]
    pairs = torch.eye(8, dtype=torch.bool)[None]
    assert matching_likelihood(descriptors, descriptors, pairs) < 1e-3
    assert matching_likelihood(descriptors, descriptors.flip(1), pairs) > 10
    assert matching_likelihood(descriptors, descriptors, torch.zeros_like(pairs)) == 0


def test_excluded_pairs_are_no_rivals():
    same = torch.ones(1, 2, 4) / 2
    pairs = torch.eye(2, dtype=torch.bool)[None]
    assert math.isclose(matching_likelihood(same, same, pairs).item(), 2 * math.log(2), rel_tol=1e-5)
    assert matching_likelihood(same, same, pairs, ~pairs) < 1e-6


def shift_map(dx, dy, size=16):
    y, x = torch.meshgrid(torch.arange(size, dtype=torch.float32), torch.arange(size, dtype=torch.float32), indexing="ij")
    moved = torch.stack([x + dx, y + dy])
    seen = ((moved >= 0) & (moved <= size - 1)).all(0)
    return torch.where(seen, moved, torch.nan)[None]


def test_points_move_with_the_map_and_unseen_ones_are_marked():
    moved, seen = Warp(shift_map(3.0, 0.0))(torch.tensor([[[4.5, 5.25], [14.0, 5.0]]]))
    torch.testing.assert_close(moved[0, 0], torch.tensor([7.5, 5.25]))
    assert seen.tolist() == [[True, False]]


def test_gradients_pass_through_the_slope_of_the_map():
    points = torch.tensor([[[6.0, 6.0]]], requires_grad=True)
    stretched = shift_map(0.0, 0.0)
    stretched[:, 0] *= 2
    moved, _ = Warp(stretched).jacobian_moved(points)
    moved[0, 0, 0].backward()
    torch.testing.assert_close(points.grad[0, 0], torch.tensor([2.0, 0.0]))


def test_the_reprojection_distance_is_zero_for_the_same_points():
    points = torch.tensor([[[4.0, 4.0], [9.0, 7.0]]])
    moved, seen = Warp(shift_map(2.0, 1.0)).jacobian_moved(points)
    other = Keypoints(points + torch.tensor([2.0, 1.0]), torch.zeros(1, 2), torch.tensor([[True, True]]))
    distance = pair_distances(moved, seen, other)
    assert distance[0].diagonal().max() < 1e-3
    assert mutual_pairs(distance, 1.0)[0].equal(torch.eye(2, dtype=torch.bool))


def test_only_small_distances_count_in_full():
    torch.testing.assert_close(nearness(torch.tensor([0.0, 1.0, 1e6])), torch.tensor([0.0, 0.5, 1.0]))


def test_missing_keypoints_pair_with_nothing():
    points = torch.tensor([[[4.0, 4.0]]])
    other = Keypoints(points, torch.zeros(1, 1), torch.tensor([[False]]))
    assert not mutual_pairs(pair_distances(points, torch.tensor([[True]]), other), 3.0).any()


def test_the_score_is_asked_to_be_the_probability_of_success():
    logits = torch.tensor([[3.0, -3.0]])
    right, wrong = torch.tensor([[True, False]]), torch.tensor([[False, True]])
    everything = torch.ones(1, 2)
    assert success_loss(logits, right, everything) < 0.1
    assert success_loss(logits, wrong, everything) > 2
    assert success_loss(logits, wrong, torch.zeros(1, 2)) == 0


def test_peaks_are_rewarded_where_they_should_be():
    target = torch.zeros(1, 1, 8, 8)
    target[0, 0, 3, 3] = 1.0
    good, bad = torch.full((1, 1, 8, 8), -8.0), torch.full((1, 1, 8, 8), -8.0)
    good[0, 0, 3, 3], bad[0, 0, 6, 6] = 8.0, 8.0
    assert peak_loss(good, target) < 1e-3
    assert peak_loss(bad, target) > 1
