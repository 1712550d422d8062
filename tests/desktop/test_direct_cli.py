"""`photolith direct` on files."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from desktop.cli.main import app
from recon.direct.simple import simple_shapes
from recon.errors import InputError, PhotolithError, ReconstructionError, SettingsError
from recon.io.formats import read_cloud, read_mesh
from recon.scene import Origin


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photos p0..p3.png of a box, masks/p0..p3.png, cameras.json."""
    root, shots = tmp_path_factory.mktemp("box"), simple_shapes()[1]
    (root / "masks").mkdir()
    cameras = []
    for i, (camera, pose) in enumerate(shots.views):
        cv2.imwrite(str(root / f"p{i}.png"), shots.pictures[i][..., ::-1])
        cv2.imwrite(str(root / "masks" / f"p{i}.png"), shots.masks[i].astype(np.uint8) * 255)
        view = {"K": camera.matrix.tolist(), "R": pose.rotation.tolist(), "t": pose.translation.tolist()}
        cameras.append({"name": f"p{i}.png", "width": camera.width, "height": camera.height, **view})
    (root / "cameras.json").write_text(json.dumps({"cameras": cameras}))
    return root


def direct(*arguments: str | Path) -> str:
    """Runs the command; raises what it raises."""
    done = CliRunner().invoke(app, ["direct", *map(str, arguments), "--device", "cpu"])
    if isinstance(done.exception, PhotolithError):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output


def photos(folder: Path, count: int) -> list[Path]:
    return [folder / f"p{i}.png" for i in range(count)]


def test_points_come_with_colours_and_say_that_they_are_made_up(folder: Path, tmp_path: Path) -> None:
    said = direct(*photos(folder, 3), "-o", tmp_path / "out.ply", "--masks", folder / "masks", "--size", "500")
    cloud = read_cloud(tmp_path / "out.ply")
    assert len(cloud) == 500
    assert "500 points" in said
    assert cloud.colors is not None
    assert set(np.asarray(cloud.origin)) == {Origin.GENERATED}


@pytest.mark.parametrize("suffix", [".ply", ".obj", ".glb"])
def test_voxels_of_four_photos_lie_where_the_object_is(folder: Path, tmp_path: Path, suffix: str) -> None:
    extra = ["--cameras", folder / "cameras.json", "--masks", folder / "masks", "--as", "voxels"]
    direct(*photos(folder, 4), "-o", tmp_path / f"out{suffix}", *extra)
    mesh = read_mesh(tmp_path / f"out{suffix}")
    extent = np.ptp(mesh.vertices, axis=0)
    assert np.abs(mesh.vertices).max() < 1.3  # the box lies in the unit ball
    assert extent[0] > extent[2]


def test_voxels_of_one_photo_as_a_grid_and_as_boxes(folder: Path, tmp_path: Path) -> None:
    common = [folder / "p0.png", "--masks", folder / "masks", "--as", "voxels", "--size", "16"]
    direct(*common, "-o", tmp_path / "out.npz")
    grid = np.load(tmp_path / "out.npz", allow_pickle=False)
    assert grid["occupied"].shape == (16, 16, 16)
    assert ((grid["probability"] > 0.5) == grid["occupied"]).mean() > 0.99
    direct(*common, "-o", tmp_path / "out.ply", "--boxes")
    assert np.allclose(read_mesh(tmp_path / "out.ply").vertices * 8 % 1, 0, atol=1e-4)  # corners of cells


@pytest.mark.parametrize(
    ("count", "extra", "words"),
    [(0, [], "1 to 8"), (9, [], "1 to 8"), (2, ["--as", "voxels"], "--cameras")],
    ids=["none", "nine", "voxels of two without cameras"],
)
def test_wrong_numbers_of_photos_are_refused(folder: Path, tmp_path: Path, count: int, extra: list[str], words: str) -> None:
    given = [folder / f"p{i % 4}.png" for i in range(count)]
    with pytest.raises(InputError, match=words):
        direct(*given, "-o", tmp_path / "out.ply", *extra, *(["--masks", folder / "masks"] if count == 2 else []))
    assert not (tmp_path / "out.ply").exists()


def test_files_that_do_not_belong_together_are_named(folder: Path, tmp_path: Path) -> None:
    out = ["-o", tmp_path / "out.ply", "--as", "voxels", "--masks", folder / "masks"]
    (tmp_path / "no.png").write_bytes(b"no picture")
    with pytest.raises(InputError, match=r"no\.png"):
        direct(tmp_path / "no.png", "-o", tmp_path / "out.ply")
    cameras = json.loads((folder / "cameras.json").read_text())["cameras"]
    (tmp_path / "few.json").write_text(json.dumps({"cameras": cameras[:1]}))
    with pytest.raises(InputError, match=r"p1\.png"):
        direct(*photos(folder, 2), *out, "--cameras", tmp_path / "few.json")
    (tmp_path / "others.json").write_text(json.dumps({"cameras": [{**c, "name": f"x{i}.png"} for i, c in enumerate(cameras)]}))
    with pytest.raises(InputError, match="None of the photos"):
        direct(*photos(folder, 2), *out, "--cameras", tmp_path / "others.json")
    with pytest.raises(ReconstructionError):  # one camera does not say how far away the object is
        direct(folder / "p0.png", *out, "--cameras", folder / "cameras.json")


def test_masks_that_are_missing_or_empty_are_named(folder: Path, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "p0.png"), np.zeros((64, 64), np.uint8))
    with pytest.raises(InputError, match=r"p0\.png.*covers nothing"):
        direct(folder / "p0.png", "-o", tmp_path / "out.ply", "--masks", tmp_path)
    with pytest.raises(InputError, match=r"no mask for .p1\.png"):
        direct(folder / "p1.png", "-o", tmp_path / "out.ply", "--masks", tmp_path)
    with pytest.raises(InputError, match="no folder"):
        direct(folder / "p1.png", "-o", tmp_path / "out.ply", "--masks", tmp_path / "absent")


def test_wrong_words_are_named_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="points, voxels"):
        direct(tmp_path / "absent.png", "-o", tmp_path / "out.ply", "--as", "mesh")
    with pytest.raises(InputError, match=r"\.glb"):
        direct(tmp_path / "absent.png", "-o", tmp_path / "out.doc", "--as", "voxels")
    with pytest.raises(SettingsError, match="64 to 2048"):
        direct(tmp_path / "absent.png", "-o", tmp_path / "out.ply", "--size", "5000")
    with pytest.raises(SettingsError, match="boxes"):
        direct(tmp_path / "absent.png", "-o", tmp_path / "out.ply", "--boxes")
