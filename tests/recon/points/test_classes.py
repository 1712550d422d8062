"""Classification of meshes in folders as ModelNet has them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from recon.errors import InputError
from recon.points.class_task import ClassTask, main
from recon.points.modelnet import DENSE, ModelNet
from recon.points.off import read_off
from tests.off_files import write_off

CUBE = np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)], np.float32)
SIDES = np.array([[0, 1, 3, 2], [4, 6, 7, 5], [0, 4, 5, 1], [2, 3, 7, 6], [0, 2, 6, 4], [1, 5, 7, 3]])


def modelnet(folder: Path) -> Path:
    """Flat slabs and tall posts."""
    rng = np.random.default_rng(0)
    for name, size in (("post", (0.2, 0.2, 1.0)), ("slab", (1.0, 1.0, 0.2))):
        for split, count in (("train", 3), ("test", 2)):
            for i in range(count):
                write_off(CUBE * size * rng.uniform(0.9, 1.1, 3), SIDES, folder / name / split / f"{name}_{i}.off")
    return folder


def test_polygons_and_the_header_of_modelnet_are_read(tmp_path: Path) -> None:
    write_off(CUBE, SIDES, tmp_path / "cube.off")
    mesh = read_off(tmp_path / "cube.off")
    np.testing.assert_array_equal(mesh.vertices, CUBE)
    assert mesh.faces.shape == (12, 3)
    text = (tmp_path / "cube.off").read_text()
    (tmp_path / "glued.off").write_text(text.replace("OFF\n", "OFF", 1).replace("\n4 0 1 3 2", "\n# sides\n4 0 1 3 2 255 0 0"))
    np.testing.assert_array_equal(read_off(tmp_path / "glued.off").faces, mesh.faces)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "PLY\n1 1 0",
        "OFF",
        "OFF\n999999999999 1 0\n0 0 0\n3 0 0 0",
        "OFF\n-3 1 0\n",
        "OFF\n1 1 0\n0 0 nan\n3 0 0 0",
        "OFF\n1 1 0\n0 0\n3 0 0 0",
        "OFF\n1 1 0\n0 0 0\n3 0 0 7",
        "OFF\n1 1 0\n0 0 0\n999999999 0 0 0",
        "OFF\n1 1 0\n0 0 0\nx 0 0 0",
        "OFF\n1 1 0\n0 0 0\n2 0 0",
    ],
)
def test_damaged_files_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "bad.off").write_text(text)
    with pytest.raises(InputError, match=r"bad\.off"):
        read_off(tmp_path / "bad.off")


def test_clouds_fill_the_unit_sphere_and_know_their_class(tmp_path: Path) -> None:
    data = ModelNet(modelnet(tmp_path), "train")
    assert data.classes == ("post", "slab")
    assert [label for _, label in data.files] == [0, 0, 0, 1, 1, 1]
    cloud = data.cloud(0, DENSE, np.random.default_rng(0))
    assert np.linalg.norm(cloud, axis=1).max() == pytest.approx(1, abs=1e-5)
    assert np.ptp(cloud, axis=0).argmax() == 2


def test_folders_without_classes_and_meshes_without_area_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no classes"):
        ModelNet(tmp_path, "train")
    folder = modelnet(tmp_path)
    write_off(np.zeros((3, 3)), np.array([[0, 1, 2]]), folder / "post" / "train" / "a.off")
    with pytest.raises(InputError, match="no surface"):
        ModelNet(folder, "train").cloud(0, 10, np.random.default_rng(0))


def test_slabs_and_posts_are_told_apart_after_some_steps(tmp_path: Path) -> None:
    task = ClassTask(modelnet(tmp_path), 64)
    torch.manual_seed(0)
    network = task.network()
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-2)
    for step in range(30):
        loss, _ = task.loss(network, task.collate([task.example(np.random.default_rng([step, i])) for i in range(6)]), step)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        assert task.validate(network.eval(), tmp_path, 30) == {"accuracy": 1.0}


def test_the_command_trains_and_writes_a_card_with_the_classes(tmp_path: Path) -> None:
    data = modelnet(tmp_path / "data")
    assert main(["--data", str(data), "--tiny", "--steps", "2", "--out", str(tmp_path / "run"), "--device", "cpu"]) == 0
    card = json.loads((tmp_path / "run" / "best.json").read_text())
    assert card["architecture"] == {"classes": ["post", "slab"]}
    assert "accuracy" in card["measured"]


def test_the_command_says_when_there_is_nothing_to_train_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--tiny", "--out", str(tmp_path)]) != 0
    assert "--data" in capsys.readouterr().err
