"""The stage 'refine', and that the surface is made of what it leaves."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from desktop.compose import stages
from recon.errors import WeightsError
from recon.io.formats import read_cloud, write_cloud
from recon.pipeline.settings import load_preset
from recon.pipeline.stage import Artifact
from recon.points.stage import REFINED, RefineConfig, RefineStage, best_cloud
from recon.scene import Origin, PointCloud
from tests.recon.points.sphere_views import artifacts
from tests.recon.stage_harness import run_stage


def dense(folder: Path, count: int = 600) -> dict[str, Artifact]:
    """A noisy sphere with one point far away, as the stages 'undistort' and 'cloud' leave it."""
    undistorted, depths = artifacts(folder)
    rng = np.random.default_rng(0)
    normals = rng.normal(size=(count, 3)) * [1, 1, 0.3]
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    points = normals * (1 + rng.normal(0, 0.01, (count, 1)))
    points[:1] = 9.0
    write_cloud(PointCloud(points, normals), folder / "cloud.ply")
    return {"undistort": undistorted, "cloud": Artifact("cloud", folder, "digest", depths, {})}


@pytest.mark.parametrize(("method", "origin"), [("views", Origin.MEASURED), ("statistical", Origin.MEASURED), ("mls", Origin.MOVED)])
def test_the_refined_cloud_is_what_the_surface_is_made_of(tmp_path: Path, method: str, origin: Origin) -> None:
    inputs = dense(tmp_path / "cloud")
    refined, context = run_stage(RefineStage(), inputs, tmp_path / "refine", {"method": method})
    left = best_cloud(inputs["cloud"], refined)
    assert set(left.origin) == {origin}
    assert 450 < len(left) < 600
    assert np.abs(left.points).max() < 1.1, "no view sees the point far away"
    assert context.notes["points"] + context.notes["removed"] == 600
    np.testing.assert_array_equal(left.points, read_cloud(refined.path / REFINED).points)


def test_a_mask_counts_only_where_the_user_gave_one(tmp_path: Path) -> None:
    inputs = dense(tmp_path / "cloud")
    masks = {f"mask__{name}": tmp_path / f"{name}.png" for name in inputs["undistort"].items}
    for file in masks.values():
        cv2.imwrite(str(file), np.zeros((60, 80), np.uint8))
    inputs["undistort"] = replace(inputs["undistort"], items={**inputs["undistort"].items, **masks})
    bare = run_stage(RefineStage(), inputs, tmp_path / "bare")[0]
    given = {name: masks[f"mask__{name}"] for name in inputs["cloud"].items}
    masked, context = run_stage(RefineStage(), inputs, tmp_path / "masked", masks=given)
    assert len(best_cloud(inputs["cloud"], bare)) > 450
    assert "left out" in context.notes
    assert len(best_cloud(inputs["cloud"], masked)) == 600, "with nothing left the cloud stays as it was"


def test_switched_off_or_of_a_handful_of_points_the_cloud_stays_as_it_is(tmp_path: Path) -> None:
    cloud, few = dense(tmp_path / "cloud"), dense(tmp_path / "few", 5)
    off = run_stage(RefineStage(), cloud, tmp_path / "off", {"method": "off"})[0]
    assert not (off.path / REFINED).exists()
    assert len(best_cloud(cloud["cloud"], off)) == 600
    tiny = run_stage(RefineStage(), few, tmp_path / "tiny", {"method": "mls"})[0]
    assert len(best_cloud(few["cloud"], tiny)) == 5


def test_the_network_belongs_to_the_key_only_when_it_is_used() -> None:
    assert RefineStage().weights_digest(RefineConfig("mls")) == ""
    with pytest.raises(WeightsError):
        RefineStage().weights_digest(RefineConfig("pointnet2", "nowhere.safetensors"))


def test_the_stage_stands_between_cloud_and_mesh_and_the_learned_preset_uses_the_network() -> None:
    names = [stage.name for stage in stages()]
    assert names[names.index("cloud") + 1 :][:2] == ["refine", "mesh"]
    assert load_preset("learned")["refine"] == {"method": "pointnet2"}
