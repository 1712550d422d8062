"""The stage 'refine', and that the surface is made of what it leaves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from desktop.compose import stages
from recon.errors import WeightsError
from recon.io.formats import read_cloud, write_cloud
from recon.pipeline.settings import load_preset
from recon.pipeline.stage import Artifact
from recon.points.stage import REFINED, RefineConfig, RefineStage, best_cloud
from recon.scene import Origin, PointCloud
from tests.recon.stage_harness import run_stage


def dense(folder: Path, count: int = 600) -> Artifact:
    """A noisy sphere with one point far away, as the stage 'cloud' leaves it."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    normals = rng.normal(size=(count, 3))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    points = normals + rng.normal(0, 0.02, (count, 3))
    points[:1] = 9.0
    write_cloud(PointCloud(points, normals), folder / "cloud.ply")
    return Artifact("cloud", folder, "digest", {}, {})


@pytest.mark.parametrize(("method", "origin"), [("statistical", Origin.MEASURED), ("mls", Origin.MOVED)])
def test_the_refined_cloud_is_what_the_surface_is_made_of(tmp_path: Path, method: str, origin: Origin) -> None:
    cloud = dense(tmp_path / "cloud")
    refined = run_stage(RefineStage(), {"cloud": cloud}, tmp_path / "refine", {"method": method})[0]
    left = best_cloud(cloud, refined)
    assert set(left.origin) == {origin}
    assert len(left) <= 600
    np.testing.assert_array_equal(left.points, read_cloud(refined.path / REFINED).points)


def test_switched_off_or_of_a_handful_of_points_the_cloud_stays_as_it_is(tmp_path: Path) -> None:
    cloud, few = dense(tmp_path / "cloud"), dense(tmp_path / "few", 5)
    off = run_stage(RefineStage(), {"cloud": cloud}, tmp_path / "off", {"method": "off"})[0]
    assert not (off.path / REFINED).exists()
    assert len(best_cloud(cloud, off)) == 600
    tiny = run_stage(RefineStage(), {"cloud": few}, tmp_path / "tiny", {"method": "mls"})[0]
    assert len(best_cloud(few, tiny)) == 5


def test_the_network_belongs_to_the_key_only_when_it_is_used() -> None:
    assert RefineStage().weights_digest(RefineConfig("mls")) == ""
    with pytest.raises(WeightsError):
        RefineStage().weights_digest(RefineConfig("pointnet2", "nowhere.safetensors"))


def test_the_stage_stands_between_cloud_and_mesh_and_the_learned_preset_uses_it() -> None:
    names = [stage.name for stage in stages()]
    assert names[names.index("cloud") + 1 :][:2] == ["refine", "mesh"]
    assert load_preset("learned")["refine"] == {"method": "pointnet2"}
