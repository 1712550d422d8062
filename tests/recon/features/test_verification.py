"""Two photos of known points with known poses: inliers are the true matches, and the kind of the motion is told."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from recon.features.matches_npz import KINDS
from recon.features.verification import KnownCamera, verify
from recon.scene import Camera, Rigid3
from recon.scene.lens import LensCamera

CAMERA = Camera(800, 600, 700.0, 700.0, 399.5, 299.5)
SECOND = Camera(640, 480, 500.0, 500.0, 330.0, 230.0)


@dataclass(frozen=True)
class Pair:
    """Keypoints of two photos, their matches, and which of these are true."""

    first: NDArray[np.float32]
    second: NDArray[np.float32]
    matches: NDArray[np.int32]
    true: NDArray[np.bool_]


def turned(degrees: float) -> NDArray[np.float64]:
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])


def pair_of(points: NDArray[np.float64], second_from_first: Rigid3, second: Camera, wrong: int = 60, noise: float = 0.4) -> Pair:
    """Matches of the points that both cameras see, in any order, and `wrong` false ones among them."""
    rng = np.random.default_rng(1)
    left, _ = CAMERA.project(points)
    right, depth = second.project(second_from_first.apply(points))
    inside = (
        (depth > 0)
        & (left >= 0).all(1)
        & (left < [799, 599]).all(1)
        & (right >= 0).all(1)
        & (right < [second.width - 1, second.height - 1]).all(1)
    )
    left, right = left[inside], right[inside]
    count = len(left)
    first_points = np.concatenate([left, rng.uniform(0, [799, 599], (wrong, 2))]) + rng.normal(0, noise, (count + wrong, 2))
    second_points = np.concatenate([right, rng.uniform(0, [second.width, second.height], (wrong, 2))])
    order = rng.permutation(count + wrong)
    place = np.argsort(order)
    matches = np.stack([np.arange(count + wrong), place], axis=1)
    shuffle = rng.permutation(count + wrong)
    return Pair(
        first_points.astype(np.float32), second_points[order].astype(np.float32), matches[shuffle].astype(np.int32), shuffle < count
    )


def lens_of(camera: Camera) -> LensCamera:
    return LensCamera("PINHOLE", camera.width, camera.height, (camera.fx, camera.fy, camera.cx, camera.cy))


def cloud(count: int = 250) -> NDArray[np.float64]:
    return np.random.default_rng(0).uniform([-2, -1.5, 4], [2, 1.5, 8], (count, 3))


def plane(count: int = 250) -> NDArray[np.float64]:
    points = cloud(count)
    points[:, 2] = 6 + 0.3 * points[:, 0]
    return points


SIDEWAYS = Rigid3(turned(-8), np.array([-0.9, 0.1, 0.1]))


def check(pair: Pair, second: Camera = CAMERA, priors: bool = True, **options: float) -> tuple[float, float, str]:
    """Share of the true matches that are found, share of the found ones that are true, and the kind."""
    cameras = KnownCamera(lens_of(CAMERA), priors), KnownCamera(lens_of(second), priors)
    inliers, kind = verify(pair.first, pair.second, pair.matches, cameras, **options)  # type: ignore[arg-type]
    assert kind in KINDS
    assert inliers.dtype == np.int32
    assert inliers.shape[1] == 2
    given = {tuple(match): true for match, true in zip(pair.matches.tolist(), pair.true.tolist(), strict=True)}
    found = [given[tuple(match)] for match in inliers.tolist()]  # inliers are among the matches
    return sum(found) / int(pair.true.sum()), float(np.mean(found)) if found else 1.0, kind


def test_known_cameras_that_moved_give_the_true_matches() -> None:
    recall, precision, kind = check(pair_of(cloud(), SIDEWAYS, CAMERA))
    assert kind == "calibrated"
    assert recall > 0.97
    assert precision > 0.95


def test_two_different_cameras_work_together() -> None:
    recall, precision, kind = check(pair_of(cloud(), SIDEWAYS, SECOND), SECOND)
    assert kind == "calibrated"
    assert recall > 0.97
    assert precision > 0.95


def test_cameras_without_focal_length_give_a_fundamental_matrix() -> None:
    recall, _, kind = check(pair_of(cloud(), SIDEWAYS, CAMERA), priors=False)
    assert kind == "uncalibrated"
    assert recall > 0.95


@pytest.mark.parametrize("priors", [True, False])
def test_a_plane_is_told(priors: bool) -> None:
    recall, precision, kind = check(pair_of(plane(), SIDEWAYS, CAMERA), priors=priors)
    assert kind == "planar"
    assert recall > 0.95
    assert precision > 0.95


@pytest.mark.parametrize("points", [cloud(), plane()], ids=["cloud", "plane"])
def test_a_turn_without_a_move_is_not_taken_for_a_move(points: NDArray[np.float64]) -> None:
    recall, precision, kind = check(pair_of(points, Rigid3(turned(6), np.zeros(3)), CAMERA))
    assert kind in ("panoramic", "planar")
    assert recall > 0.95
    assert precision > 0.95


def test_lens_distortion_is_taken_into_account() -> None:
    """With the distortion known the true matches fit an essential matrix tightly, without it many fit nothing."""
    import pycolmap

    points = np.random.default_rng(0).uniform([-4, -3, 4], [4, 3, 8], (900, 3))
    pair = pair_of(points, Rigid3(turned(-8), np.array([-0.9, 0.6, 0.3])), CAMERA, wrong=0, noise=0.05)
    lens = LensCamera("SIMPLE_RADIAL", 800, 600, (700.0, 399.5, 299.5, -0.4))
    bent = pycolmap.Camera(model="SIMPLE_RADIAL", width=800, height=600, params=[700, 400, 300, -0.4])

    def bend(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        rays = CAMERA.unproject(pixels, np.ones(len(pixels)))
        return (bent.img_from_cam(rays) - 0.5).astype(np.float32)

    found = {}
    for name, camera in (("known", lens), ("ignored", lens_of(CAMERA))):
        known = KnownCamera(camera, True)
        inliers, kind = verify(bend(pair.first), bend(pair.second), pair.matches, (known, known), max_error=0.5)
        found[name] = len(inliers) / len(pair.matches), kind
    assert found["known"] == (pytest.approx(1, abs=0.01), "calibrated")
    assert found["ignored"][0] < 0.7


def test_matches_by_chance_are_no_pair() -> None:
    rng = np.random.default_rng(0)
    points = [rng.uniform(0, [799, 599], (50, 2)).astype(np.float32) for _ in range(2)]
    matches = np.stack([np.arange(50)] * 2, axis=1).astype(np.int32)
    known = KnownCamera(lens_of(CAMERA), True)
    inliers, kind = verify(*points, matches, (known, known))
    assert kind == "none"
    assert inliers.shape == (0, 2)


@pytest.mark.parametrize("count", [0, 1, 5, 14])
def test_too_few_matches_are_no_pair(count: int) -> None:
    pair = pair_of(cloud(), SIDEWAYS, CAMERA, wrong=0)
    few = Pair(pair.first, pair.second, pair.matches[:count], pair.true[:count])
    known = KnownCamera(lens_of(CAMERA), True)
    inliers, kind = verify(few.first, few.second, few.matches, (known, known))
    assert (len(inliers), kind) == (0, "none")


def test_the_same_matches_give_the_same_inliers() -> None:
    pair = pair_of(cloud(), SIDEWAYS, CAMERA)
    known = KnownCamera(lens_of(CAMERA), True)
    one, two = (verify(pair.first, pair.second, pair.matches, (known, known)) for _ in range(2))
    np.testing.assert_array_equal(one[0], two[0])


def test_scale_and_orientation_of_keypoints_are_left_alone() -> None:
    pair = pair_of(cloud(), SIDEWAYS, CAMERA)
    padded = Pair(np.c_[pair.first, np.full((len(pair.first), 2), 9)].astype(np.float32), pair.second, pair.matches, pair.true)
    assert check(padded)[0] > 0.97
