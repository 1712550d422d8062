"""Clouds of our own stereo with their truth, to learn from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from recon.errors import InputError
from recon.io.npz import write_arrays
from recon.mvs.config import CloudConfig, DepthConfig
from recon.points.clouds import Clouds, Reconstructed, write_clouds
from recon.points.examples import reconstructed_example
from recon.points.reconstruct import scene_of, stereo_cloud, with_truth
from recon.points.support import support
from recon.points.task import accurate_shares
from recon.scene import PointCloud, TriMesh
from recon.synth import Light, SynthScene, orbit, pinhole, render
from recon.synth.shapes import ground
from recon.synth.textures import mixed_texture


def cloud(count: int = 900, seed: int = 0) -> Reconstructed:
    rng = np.random.default_rng(seed)
    surface = np.column_stack([rng.uniform(-0.9, 0.9, (count, 2)), np.zeros(count)]).astype(np.float32)
    points = surface + rng.normal(0, 0.01, (count, 3)).astype(np.float32)
    return Reconstructed(points, surface, np.tile(np.float32([0, 0, 1]), (count, 1)), rng.random((count, 2)).astype(np.float32))


def test_packed_clouds_come_back(tmp_path: Path) -> None:
    made = [cloud(900), cloud(500, 1)]
    write_clouds(made, tmp_path / "clouds.npz")
    read = Clouds(tmp_path / "clouds.npz")
    assert len(read) == 2
    for i, one in enumerate(made):
        np.testing.assert_allclose(read[i].points, one.points, atol=2e-5)
        np.testing.assert_allclose(read[i].surface, one.surface, atol=5e-5)
        np.testing.assert_allclose(read[i].normals, one.normals, atol=1e-2)
        np.testing.assert_allclose(read[i].support, one.support, atol=3e-3)


def test_files_of_something_else_are_refused(tmp_path: Path) -> None:
    write_clouds([cloud()], tmp_path / "good.npz")
    (tmp_path / "text.npz").write_text("no archive")
    write_arrays(
        tmp_path / "short.npz", {name: np.zeros((3, 3)) for name in ("points", "offsets", "normals", "support")} | {"counts": np.array([9])}
    )
    for name in ("missing", "text", "short"):
        with pytest.raises(InputError, match="no reconstructed clouds"):
            Clouds(tmp_path / f"{name}.npz")


def test_examples_of_clouds_know_where_points_belong() -> None:
    made = reconstructed_example(np.random.default_rng(0), cloud(2000), 256)
    assert made["points"].shape == (256, 3)
    assert made["support"].shape == (256, 2)
    across = (made["points"] - made["clean"]).norm(dim=-1)
    assert float(across.median()) > 0
    assert float((made["clean"][:, None] - made["surface"]).norm(dim=-1).amin(1).max()) < 0.3


def test_accurate_points_are_counted_before_and_after() -> None:
    from recon.points.networks import RefineNetwork

    before, after = accurate_shares(RefineNetwork().eval(), cloud(3000))
    assert 0.9 < before <= 1
    assert after > before - 0.02


def test_support_is_nothing_where_the_cloud_does_not_say() -> None:
    points = np.zeros((2, 3), np.float32)
    assert not support(PointCloud(points)).any()
    known = support(PointCloud(points, confidence=np.float32([0.5, 1]), num_views=np.uint8([3, 200])))
    np.testing.assert_allclose(known, [[0.25, 0.5], [1, 1]])


def test_stereo_of_a_rendered_scene_lies_near_its_surface() -> None:
    floor = ground("ground", 4.0, mixed_texture(np.random.default_rng(0), 256), repeat=2.0)
    scene = SynthScene((floor,), Light(shadow_samples=0))
    views = [(pinhole(112, 84, 45.0), pose) for pose in orbit(4, radius=2.0, elevation=50.0, arc=40.0)]
    shots = [render(scene, camera, pose, supersampling=1) for camera, pose in views]
    rng = np.random.default_rng(1)
    found = stereo_cloud(
        scene_of(views, [shot.depth for shot in shots], rng),
        [shot.image for shot in shots],
        [None] * 4,
        DepthConfig(method="classical"),
        CloudConfig(min_views=2),
    )
    assert len(found) > 3000
    truth = with_truth(found, TriMesh(floor.vertices, floor.faces), rng)
    assert float(np.median(np.linalg.norm(truth.points - truth.surface, axis=1))) < 0.02
    assert np.abs(np.abs(truth.normals[:, 2]) - 1).max() < 1e-3
    assert (truth.support[:, 0] >= 2 / 12 - 1e-3).all()
