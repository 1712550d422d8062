"""Refinement with an untrained network, whose displacements are known from its layers: bookkeeping, provenance, bad input."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from recon.errors import InputError, SettingsError, WeightsError
from recon.points.examples import random_rotation
from recon.points.fits import fit
from recon.points.methods import METHODS, refine_by
from recon.points.networks import Architecture, Refinement, RefineNetwork
from recon.points.refine import displaced, load_network, refine
from recon.scene import Origin, PointCloud


def network() -> RefineNetwork:
    torch.manual_seed(0)
    return RefineNetwork().eval()


def sphere_cloud(n: int = 1500, noise: float = 0.02) -> PointCloud:
    rng = np.random.default_rng(0)
    normals = rng.normal(size=(n, 3))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    points = normals + rng.normal(0, noise, (n, 3))
    return PointCloud(points, normals, rng.random((n, 3)), rng.random(n), rng.integers(2, 9, n))


class Mover(torch.nn.Module):
    """Moves everything by a tenth of a unit along x and takes points with x > 0.6 for outliers."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))

    def forward(self, points: torch.Tensor, support: torch.Tensor) -> Refinement:
        move = torch.zeros_like(points) + torch.tensor([0.1, 0, 0])
        return Refinement(move, torch.where(points[..., 0] > 0.6, 9.0, -9.0), torch.nn.functional.normalize(points + 1e-3, dim=-1))


def test_fits_find_plane_and_quadric() -> None:
    u, v = torch.rand(2, 400, generator=torch.Generator().manual_seed(1)) - 0.5
    flat = torch.stack([u, v, torch.zeros_like(u)], -1)[None]
    plane = fit(flat + torch.tensor([0, 0, 5.0]), (8, 30), 1)
    torch.testing.assert_close(plane.normals[..., 2].abs(), torch.ones(1, 400, 2))
    torch.testing.assert_close(plane.to_plane, torch.zeros(1, 400, 2, 3), rtol=0, atol=1e-5)
    bowl = torch.stack([u, v, 0.3 * (u * u + v * v)], -1)[None]
    curved = fit(bowl, (8, 60), 1)
    inside = (u.abs() < 0.3) & (v.abs() < 0.3)
    assert float(curved.to_quadric[0, inside].norm(dim=-1).max()) < 5e-4
    assert float(curved.to_plane[0, inside, 1].norm(dim=-1).mean()) > 2e-3  # a plane cuts the bowl


def test_fits_take_fewer_neighbours_where_there_are_not_enough() -> None:
    found = fit(torch.rand(1, 12, 3, generator=torch.Generator().manual_seed(2)), (8, 40, 90), 2)
    assert all(bool(torch.isfinite(part).all()) for part in found)


def test_what_the_network_takes_of_planes_turns_with_the_patch() -> None:
    """Without what PointNet++ adds (its last layer's weights at zero), turning the patch turns the displacements."""
    model = network()
    torch.nn.init.zeros_(model.head.weight)
    points = torch.from_numpy(sphere_cloud(600).points)[None]
    turn = torch.from_numpy(random_rotation(np.random.default_rng(3)).astype(np.float32))
    straight, turned = model(points), model(points @ turn)
    torch.testing.assert_close(straight.displacement @ turn, turned.displacement, rtol=0, atol=1e-3)


def test_architecture_survives_the_card() -> None:
    there = Architecture(sizes=(6, 12, 24), quadrics=1)
    assert Architecture.of(there.plain()) == there


def test_outliers_go_the_rest_moves_and_says_so() -> None:
    cloud = sphere_cloud(900)
    result = refine(cloud, Mover())
    assert 0 < len(result) < 900
    assert (result.origin == Origin.MOVED).all()
    np.testing.assert_array_equal(np.isin(result.confidence, cloud.confidence), True)
    kept = np.isin(cloud.confidence, result.confidence)
    assert (result.points - cloud.points[kept])[:, 0].mean() > 0
    np.testing.assert_allclose(result.colors, cloud.colors[kept])
    assert (np.einsum("nc,nc->n", result.normals, cloud.normals[kept]) >= 0).all()


def test_generated_points_stay_generated_and_unmoved_ones_measured() -> None:
    cloud = replace(sphere_cloud(400), origin=np.array([Origin.GENERATED] * 10 + [Origin.MEASURED] * 390))
    assert set(refine_by("mls", cloud).origin[:10]) == {Origin.GENERATED}
    assert set(refine_by("statistical", cloud).origin) == {Origin.GENERATED, Origin.MEASURED}


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_scale_and_place_do_not_matter(scale: float) -> None:
    model, points = network(), sphere_cloud(1200).points
    there = displaced(model, (points * scale).astype(np.float32))
    np.testing.assert_allclose(there / scale, displaced(model, points), atol=2e-3)


def test_more_than_a_patch_is_refined_without_gaps() -> None:
    points = sphere_cloud(4000).points
    result = displaced(network(), points)
    before, after = (np.abs(np.linalg.norm(p, axis=1) - 1).mean() for p in (points, result))
    assert after < 0.8 * before  # planes and quadrics alone do so much
    assert np.isfinite(result).all()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "points", [np.zeros((0, 3)), np.zeros((1, 3)), np.full((500, 3), 3.0), np.full((500, 3), np.nan)], ids=["empty", "one", "equal", "nan"]
)
def test_clouds_without_a_surface_are_refused_with_the_reason(points: np.ndarray, method: str) -> None:
    with pytest.raises(InputError, match=r"16 are needed|one place"):
        refine_by(method, PointCloud(points))


@pytest.mark.parametrize("method", ["statistical", "bilateral", "mls"])
def test_points_that_are_no_numbers_are_left_out_and_normals_made(method: str) -> None:
    points = sphere_cloud(800).points.copy()
    points[5] = np.nan
    result = refine_by(method, PointCloud(points))
    assert np.isfinite(result.points).all()
    assert len(result) <= 799
    if method != "statistical":
        assert result.normals is not None
        assert np.einsum("nc,nc->n", result.normals, result.points).min() > 0


@pytest.mark.parametrize("method", ["bilateral", "mls"])
def test_normals_that_say_nothing_are_made_anew(method: str) -> None:
    cloud = replace(sphere_cloud(800), normals=np.zeros((800, 3)))
    np.testing.assert_allclose(np.linalg.norm(refine_by(method, cloud).normals, axis=1), 1, rtol=1e-3)


def test_unknown_methods_and_weights_are_named() -> None:
    with pytest.raises(SettingsError, match="pointnet2"):
        refine_by("magic", sphere_cloud(100))
    with pytest.raises(WeightsError):
        load_network("nowhere.safetensors")


@pytest.mark.parametrize("method", ["pointnet2", "bilateral", "mls"])
def test_normals_that_are_better_than_what_points_say_can_be_kept(method: str) -> None:
    cloud = sphere_cloud(800)
    result = refine_by(method, cloud, keep_normals=True)
    known = {tuple(n) for n in cloud.normals}
    assert {tuple(n) for n in result.normals} <= known
    assert len(result) > 700
