"""Trainings run, are taken up again, and what they write is used."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from recon.direct import point_task, voxel_task
from recon.direct.point_task import distance
from recon.direct.shape import POINTS, VOXELS, load_network
from recon.errors import WeightsError


@pytest.mark.parametrize(("module", "kind"), [(voxel_task, VOXELS), (point_task, POINTS)], ids=["voxels", "points"])
def test_a_tiny_training_runs_and_its_weights_load(tmp_path: Path, module: object, kind: str) -> None:
    call = ["--tiny", "--out", str(tmp_path), "--threads", "1", "--device", "cpu"]
    assert module.main([*call, "--steps", "1"]) == 0  # type: ignore[attr-defined]
    assert module.main([*call, "--steps", "2", "--resume"]) == 0  # type: ignore[attr-defined]
    assert not load_network(kind, str(tmp_path / "best.safetensors")).training
    other = POINTS if kind == VOXELS else VOXELS
    with pytest.raises(WeightsError, match=kind.replace("_", "-")):
        load_network(other, str(tmp_path / "best.safetensors"))


def test_the_distance_of_clouds_is_that_of_nearest_points_both_ways() -> None:
    here, there = torch.zeros(2, 5, 3), torch.tensor([3.0, 4.0, 0.0]).expand(2, 1, 3)
    assert float(distance(here, there)) == pytest.approx(10.0)
    cloud = torch.rand(2, 40, 3)
    assert float(distance(cloud, cloud)) < 1e-3
