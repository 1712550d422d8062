"""`photolith cloud generate` and `photolith cloud complete` on files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from desktop.cli.main import app
from generative.networks.cloud_gan import CloudGan, CloudGanArchitecture
from recon.errors import InputError, PhotolithError, SettingsError
from recon.io.formats import read_cloud, write_cloud
from recon.learning.card import ModelCard
from recon.learning.weights import save_weights
from recon.scene import Origin, PointCloud


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network that was never trained."""
    torch.manual_seed(0)
    gan = CloudGan(CloudGanArchitecture(("lamp", "sofa"), points=64, latent=4, width=8, blocks=1))
    path = tmp_path_factory.mktemp("weights") / "clouds.safetensors"
    architecture = {"classes": ["lamp", "sofa"], "points": 64, "latent": 4, "width": 8, "blocks": 1, "spectral": False}
    save_weights(gan.state_dict(), path, ModelCard("clouds-gan", "clouds-gan", architecture))
    return path


def cloud(*arguments: str | Path) -> str:
    """Runs a command; raises what it raises."""
    done = CliRunner().invoke(app, ["cloud", *map(str, arguments)])
    if isinstance(done.exception, PhotolithError):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output


def test_a_generated_cloud_says_so_and_depends_on_class_and_seed(tmp_path: Path, weights: Path) -> None:
    made = []
    for i, (kind, seed) in enumerate((("lamp", 0), ("sofa", 0), ("lamp", 1), ("lamp", 0))):
        path = tmp_path / f"{i}.ply"
        assert "90 points, all generated" in cloud(
            "generate", kind, "-o", path, "--points", "90", "--seed", str(seed), "--weights", str(weights)
        )
        made.append(read_cloud(path))
    assert all(len(each) == 90 and set(each.origin) == {Origin.GENERATED} for each in made)
    assert np.array_equal(made[0].points, made[3].points)
    assert not any(np.allclose(made[0].points, other.points, atol=1e-3) for other in made[1:3])


def test_a_completed_cloud_keeps_what_was_measured_and_marks_the_rest_at_any_place_and_size(tmp_path: Path, weights: Path) -> None:
    half = np.random.default_rng(0).normal(size=(300, 3)).astype(np.float32)
    half = half[half[:, 0] > 0] / np.linalg.norm(half[half[:, 0] > 0], axis=1, keepdims=True)
    write_cloud(PointCloud(100 * half + 7, colors=np.ones_like(half)), tmp_path / "in.ply")
    said = cloud("complete", tmp_path / "in.ply", "-o", tmp_path / "out.ply", "--steps", "12", "--points", "200", "--weights", weights)
    completed = read_cloud(tmp_path / "out.ply")
    measured = completed.origin == Origin.MEASURED
    assert np.allclose(completed.points[measured], 100 * half + 7, atol=1e-4)
    assert 0 < int((~measured).sum()) <= 200
    assert set(completed.origin[~measured]) == {Origin.GENERATED}
    assert f"{len(half)} points measured, {(~measured).sum()} generated" in said
    assert np.linalg.norm(completed.points - 7, axis=1).max() < 500


def test_wrong_words_and_clouds_are_refused_in_words(tmp_path: Path, weights: Path) -> None:
    with pytest.raises(SettingsError, match=r"lamp, sofa"):
        cloud("generate", "whale", "-o", tmp_path / "out.ply", "--weights", weights)
    with pytest.raises(InputError, match=r"\.ply"):
        cloud("generate", "lamp", "-o", tmp_path / "out.doc", "--weights", weights)
    with pytest.raises(SettingsError, match="clouds-gan"):
        cloud("generate", "lamp", "-o", tmp_path / "out.ply", "--weights", "pictures-gan")
    for points in (np.zeros((0, 3)), np.ones((5, 3)), np.full((5, 3), np.nan)):
        write_cloud(PointCloud(points), tmp_path / "in.ply")
        with pytest.raises(InputError):
            cloud("complete", tmp_path / "in.ply", "-o", tmp_path / "out.ply", "--weights", weights)
    assert not (tmp_path / "out.ply").exists()
