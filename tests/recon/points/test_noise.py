"""Noise, training examples and packed shapes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from recon.errors import InputError, ShapeError
from recon.points.examples import drawn_example, random_rotation
from recon.points.noise import KINDS, gaussian, scanner, stereo
from recon.points.pack import sample_shape
from recon.points.shapes import Shapes, unit_sphere, write_shapes
from recon.points.task import _simple_shapes, off_shape

SPHERE = _simple_shapes()[0]


def test_gaussian_noise_has_the_deviation_asked_for() -> None:
    noisy = gaussian(np.random.default_rng(0), SPHERE.points, SPHERE.normals, 0.02)
    assert (noisy.points - SPHERE.points).std() == pytest.approx(0.02, rel=0.02)
    assert not noisy.outlier.any()


@pytest.mark.parametrize("kind", KINDS)
def test_noise_keeps_account_of_where_points_come_from(kind: str) -> None:
    noisy = KINDS[kind](np.random.default_rng(1), SPHERE.points, SPHERE.normals, 0.01)
    assert len(noisy.points) == len(noisy.source) == len(noisy.outlier)
    away = np.linalg.norm(noisy.points - SPHERE.points[noisy.source], axis=1)
    assert np.median(away[~noisy.outlier]) < 0.03
    if noisy.outlier.any():
        assert np.median(away[noisy.outlier]) > 0.03


@pytest.mark.parametrize("make", [scanner, stereo])
def test_depth_errors_are_alike_for_neighbours(make) -> None:  # type: ignore[no-untyped-def]
    """Of one camera's points the nearest one errs more alike than a random one does."""
    alike = []
    for seed in range(8):
        noisy = make(np.random.default_rng(seed), SPHERE.points, SPHERE.normals, 0.02)
        points = SPHERE.points[noisy.source]
        error = ((noisy.points - points) * SPHERE.normals[noisy.source]).sum(1)[~noisy.outlier]
        from scipy.spatial import cKDTree

        nearest = cKDTree(points[~noisy.outlier]).query(points[~noisy.outlier], k=[2])[1][:, 0]
        alike.append(np.corrcoef(error, error[nearest])[0, 1])
    assert np.mean(alike) > 0.03


def test_an_example_is_a_patch_around_its_seed_with_its_surface() -> None:
    made = drawn_example(np.random.default_rng(2), SPHERE, size=256)
    assert {name: tuple(value.shape) for name, value in made.items()} == {
        "points": (256, 3),
        "clean": (256, 3),
        "outlier": (256,),
        "support": (256, 2),
        "distance": (256,),
        "surface": (3072, 3),
        "normals": (3072, 3),
        "reach": (3072,),
    }
    assert float(made["distance"].min()) == 0
    assert float(made["distance"].max()) == 1
    reach = torch.cdist(made["clean"], made["surface"]).amin(1)
    assert float(reach[made["outlier"] == 0].quantile(0.9)) < 0.1  # the clean points lie on the surface that is given


def test_examples_repeat_with_their_seed() -> None:
    first, second = (drawn_example(np.random.default_rng(3), SPHERE, 128) for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_random_rotations_are_rotations() -> None:
    turn = random_rotation(np.random.default_rng(4))
    np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(turn) == pytest.approx(1)


def test_shapes_survive_packing(tmp_path: Path) -> None:
    corners = np.random.default_rng(5).random((20, 3, 3))
    shape = sample_shape("scrap", corners, np.random.default_rng(6), dense=500, even=100)
    write_shapes([shape, shape], tmp_path / "train.npz")
    read = Shapes(tmp_path / "train.npz")
    assert (len(read), read[1].name, read[0].even) == (2, "scrap", 100)
    np.testing.assert_allclose(read[0].points, shape.points, atol=2e-5)
    assert np.einsum("nc,nc->n", read[0].normals, shape.normals).min() > 0.999
    assert np.linalg.norm(shape.points, axis=1).max() <= 1 + 1e-6
    assert off_shape(shape.points, shape) < 1e-9


def test_files_that_hold_no_shapes_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "other.npz", points=np.zeros(3))
    for name in ("other.npz", "missing.npz"):
        with pytest.raises(InputError, match="no shapes"):
            Shapes(tmp_path / name)
    with pytest.raises(ShapeError):
        unit_sphere(np.ones((4, 3)))
