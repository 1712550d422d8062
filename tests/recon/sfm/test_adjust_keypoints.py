"""Keypoints moved to where the photos look alike: tracks, local deformation, patches, and what it is worth in a rendered scene."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import torch
from PIL import Image

from recon.features.matches_npz import PairMatches, read_matches
from recon.features.npz import read_features
from recon.sfm.adjust_keypoints import adjust_keypoints
from recon.sfm.align_patches import align_patches
from recon.sfm.local_affine import local_affines
from recon.sfm.tracks import followers
from tests.recon.sfm.conftest import MAIN


def matched(*pairs, kind="calibrated"):
    table = np.array(pairs, np.int32).reshape(-1, 2)
    return PairMatches(table, table, kind)


def waves(points):
    """A smooth pattern at points `[..., 2]`."""
    x, y = points[..., 0], points[..., 1]
    return 0.5 + 0.15 * np.sin(0.31 * x + 0.05 * y) + 0.15 * np.sin(0.27 * y - 0.12 * x) + 0.1 * np.sin(0.11 * x + 0.43 * y)


def picture(values):
    return torch.from_numpy(values).float()[None, None]


def test_the_keypoint_with_most_matches_leads_its_track():
    matches = {("a", "b"): matched((0, 1), (2, 0)), ("b", "c"): matched((1, 2)), ("a", "c"): matched((5, 0), kind="watermark")}
    found = followers({"a": 6, "b": 2, "c": 3}, matches)
    chains = {pair: (f.leader.tolist(), f.follower.tolist()) for pair, f in found.items()}
    assert chains == {("b", "a"): ([1], [0]), ("b", "c"): ([1], [2]), ("a", "b"): ([2], [0])}
    assert followers({"a": 2, "b": 2}, {}) == {}


def test_the_deformation_around_a_point_is_found_among_outliers():
    rng = np.random.default_rng(0)
    first = rng.uniform(0, 500, (200, 2))
    stretch = np.array([[0.9, -0.5], [0.4, 1.1]])
    second = first @ stretch.T + [30, -10]
    second[::10] += rng.uniform(-60, 60, (20, 2))
    error = np.abs(local_affines(first, second) - stretch).max((1, 2))
    assert np.median(error[1::2]) < 0.02
    assert (local_affines(first[:3], second[:3]) == np.eye(2)).all()


def test_patches_are_found_under_shift_stretch_and_other_light():
    rows, columns = np.mgrid[:120, :160].astype(float)
    here = np.stack([columns, rows], -1)
    stretch, shift = np.array([[1.05, 0.12], [-0.08, 0.95]]), np.array([4.3, -2.7])
    first, second = picture(waves(here)), picture(0.2 + 0.5 * waves((here - shift) @ np.linalg.inv(stretch).T))
    points = np.random.default_rng(0).uniform((30, 30), (110, 90), (50, 2))
    truth = points @ stretch.T + shift
    guesses = truth + np.random.default_rng(1).uniform(-1, 1, truth.shape)
    tensors = (torch.from_numpy(x).float() for x in (points, guesses, np.tile(np.eye(2), (50, 1, 1))))
    places, correlation = align_patches(first, second, *tensors)
    assert np.linalg.norm(places.numpy() - truth, axis=1).max() < 0.05
    assert correlation.min() > 0.99


def test_patches_that_look_different_or_blank_stay_where_they_are():
    rng = np.random.default_rng(0)
    points = torch.tensor([[40.0, 40.0], [60.0, 50.0]])
    for other in (rng.random((100, 100)), np.full((100, 100), 0.5)):
        places, _ = align_patches(picture(rng.random((100, 100))), picture(other), points, points + 0.5, torch.eye(2).expand(2, 2, 2))
        assert torch.equal(places, points + 0.5)


def test_adjusted_keypoints_fit_the_true_cameras_better(prepared):
    keypoints = {name: read_features(path).keypoints for name, path in prepared.inputs["features"].items.items()}
    matches = {(a, b): read_matches(prepared.inputs["matches"].items[f"{a}__{b}"]) for a, b in pairwise(MAIN)}
    rough = {name: points.copy() for name, points in keypoints.items()}
    for i, points in enumerate(rough.values()):
        points[:, :2] += np.random.default_rng(i).normal(0, 0.4, (len(points), 2))
    photos = {name: np.array(Image.open(path).convert("L")) for name, path in prepared.photos.items()}
    moved = adjust_keypoints(rough, matches, photos.__getitem__)
    errors = [np.median(epipolar_errors(points, matches, prepared.truth)) for points in (keypoints, rough, moved)]
    assert errors[2] < 0.6 * errors[1]
    assert errors[2] < 1.1 * errors[0]
    assert all((moved[name][:, 2:] == rough[name][:, 2:]).all() for name in rough)


def epipolar_errors(keypoints, matches, truth):
    """Distances of inliers from the epipolar line of the true cameras, pixels."""
    result = []
    for (a, b), found in matches.items():
        (camera, first), (_, second) = truth[a], truth[b]
        turn = second.rotation @ first.rotation.T
        x, y, z = second.translation - turn @ first.translation
        inverse = np.linalg.inv(camera.matrix)
        fundamental = inverse.T @ np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]]) @ turn @ inverse
        left, right = (np.c_[keypoints[n][found.inliers[:, i], :2], np.ones(len(found.inliers))] for i, n in enumerate((a, b)))
        line = left @ fundamental.T
        result.append(np.abs((right * line).sum(1)) / np.linalg.norm(line[:, :2], axis=1))
    return np.concatenate(result)
