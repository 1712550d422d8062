"""`photolith cloud refine` on files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from desktop.cli.main import app
from recon.errors import InputError, PhotolithError, SettingsError
from recon.io.formats import read_cloud, write_cloud
from recon.scene import Origin, PointCloud


def noisy_sphere(path: Path, scale: float = 1.0, outliers: int = 0) -> PointCloud:
    """A cloud file of a noisy sphere without normals, with colours, and points far away."""
    rng = np.random.default_rng(0)
    points = rng.normal(size=(1500, 3))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    points += rng.normal(0, 0.03, points.shape)
    points[:outliers] *= rng.uniform(2, 4, (outliers, 1))
    cloud = PointCloud(points * scale, colors=rng.random((1500, 3)).round(1))
    write_cloud(cloud, path)
    return cloud


def refine(*arguments: str | Path) -> str:
    """Runs the command; raises what it raises."""
    done = CliRunner().invoke(app, ["cloud", "refine", *map(str, arguments)])
    if isinstance(done.exception, PhotolithError):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output


def off_sphere(cloud: PointCloud, scale: float = 1.0) -> float:
    return float(np.sqrt(np.square(np.linalg.norm(cloud.points / scale, axis=1) - 1).mean()))


@pytest.mark.parametrize("method", ["pointnet2", "bilateral", "mls"])
@pytest.mark.parametrize("scale", [1.0, 1e6])
def test_noise_goes_at_any_scale_and_the_file_says_that_points_moved(tmp_path: Path, method: str, scale: float) -> None:
    noisy = noisy_sphere(tmp_path / "in.ply", scale)
    refine(tmp_path / "in.ply", "-o", tmp_path / "out.ply", "--method", method, "--device", "cpu")
    refined = read_cloud(tmp_path / "out.ply")
    assert off_sphere(refined, scale) < 0.7 * off_sphere(noisy, scale)
    assert set(refined.origin) == {Origin.MOVED}
    assert refined.colors is not None
    assert refined.normals is not None
    assert np.einsum("nc,nc->n", refined.normals, refined.points / scale).min() > 0.3  # outside is outside


@pytest.mark.parametrize("method", ["pointnet2", "statistical"])
def test_points_far_away_are_dropped(tmp_path: Path, method: str) -> None:
    noisy_sphere(tmp_path / "in.ply", outliers=15)
    said = refine(tmp_path / "in.ply", "-o", tmp_path / "out.ply", "--method", method, "--device", "cpu")
    refined = read_cloud(tmp_path / "out.ply")
    assert np.linalg.norm(refined.points, axis=1).max() < 1.5
    assert 1400 < len(refined) <= 1485
    assert f"{len(refined)} of 1500 points" in said


def test_the_statistical_filter_moves_nothing_and_says_so(tmp_path: Path) -> None:
    noisy = noisy_sphere(tmp_path / "in.ply")
    refine(tmp_path / "in.ply", "-o", tmp_path / "out.ply", "--method", "statistical")
    refined = read_cloud(tmp_path / "out.ply")
    assert set(refined.origin) == {Origin.MEASURED}
    assert set(map(tuple, refined.points)) <= set(map(tuple, noisy.points))


@pytest.mark.parametrize(
    "points", [np.zeros((0, 3)), np.zeros((1, 3)), np.full((40, 3), 2.0), np.full((40, 3), np.nan)], ids=["empty", "one", "equal", "nan"]
)
def test_clouds_without_a_surface_are_refused_and_nothing_is_written(tmp_path: Path, points: np.ndarray) -> None:
    write_cloud(PointCloud(points), tmp_path / "in.ply")
    with pytest.raises(InputError):
        refine(tmp_path / "in.ply", "-o", tmp_path / "out.ply")
    assert not (tmp_path / "out.ply").exists()


def test_wrong_words_are_named_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"\.ply"):
        refine(tmp_path / "missing.ply", "-o", tmp_path / "out.doc")
    noisy_sphere(tmp_path / "in.ply")
    with pytest.raises(SettingsError, match="bilateral"):
        refine(tmp_path / "in.ply", "-o", tmp_path / "out.ply", "--method", "magic")
