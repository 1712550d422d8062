"""`evaluate` on outputs written by hand."""

import json

import numpy as np
import pytest
import trimesh
from scipy.spatial.transform import Rotation

from recon.errors import InputError, SettingsError
from recon.io.formats import read_mesh, write_cloud, write_mesh
from recon.io.ply import read_ply_distance
from recon.metrics.evaluate import evaluate
from recon.metrics.poses import align_centers
from recon.scene import Origin, PointCloud, Rigid3, Sim3, TriMesh
from recon.synth import orbit

pycolmap = pytest.importorskip("pycolmap")
NEW_FROM_TRUE = Sim3(np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]]), np.array([1.0, 2, 3]), 0.5)


@pytest.fixture
def truth(tmp_path):
    poses = {f"{i}.jpg": pose for i, pose in enumerate(orbit(6, radius=3.0, elevation=(20.0, 40.0)))}
    lens = {"width": 64, "height": 48, "K": [[60, 0, 32], [0, 60, 24], [0, 0, 1]]}
    cameras = [{"name": name, **lens, "R": p.rotation.tolist(), "t": p.translation.tolist()} for name, p in poses.items()]
    (tmp_path / "cameras.json").write_text(json.dumps({"cameras": cameras}), encoding="utf-8")
    points = np.random.default_rng(0).uniform(-1, 1, (4000, 3)).astype(np.float32)
    points[:, 2] = 0
    np.savez(tmp_path / "surface.npz", points=points, bounds=np.array([[-1, -1, -1], [1, 1, 1]], np.float32))
    return tmp_path, poses, points


def write_sparse(folder, poses):
    model = pycolmap.Reconstruction()
    model.add_camera_with_trivial_rig(pycolmap.Camera(model="PINHOLE", width=64, height=48, params=[50, 50, 32, 24], camera_id=1))
    for i, (name, pose) in enumerate(poses.items(), start=1):
        image = pycolmap.Image(name=name, camera_id=1, image_id=i)
        model.add_image_with_trivial_frame(image, pycolmap.Rigid3d(np.hstack([pose.rotation, pose.translation[:, None]])))
    folder.mkdir(parents=True)
    model.write(str(folder))


def test_a_perfect_reconstruction_in_another_frame_scores_one_after_alignment(truth):
    folder, poses, points = truth
    outputs = folder / "outputs"
    write_sparse(outputs / "sparse", {name: p.aligned(NEW_FROM_TRUE) for name, p in poses.items()})
    write_cloud(PointCloud(NEW_FROM_TRUE.apply(points).astype(np.float32)), outputs / "cloud.ply")
    result = evaluate(outputs, cameras=folder / "cameras.json", surface=folder / "surface.npz")
    assert result["cameras"]["registered"] == 6
    assert result["cameras"]["auc"]["1"] > 0.999
    assert result["cameras"]["center_rmse"] < 1e-6
    assert result["alignment"]["scale"] == pytest.approx(2.0)
    assert result["cloud"]["scores"][0]["f"] == 1.0
    json.dumps(result, allow_nan=False)


def test_missing_photos_lower_the_auc_and_generated_points_do_not_count(truth):
    folder, poses, points = truth
    outputs = folder / "outputs"
    write_sparse(outputs / "sparse", {name: p for name, p in poses.items() if name not in ("0.jpg", "1.jpg")})
    far = np.concatenate([points, points + np.float32(0.5)])
    origin = np.repeat([Origin.MEASURED, Origin.GENERATED], len(points)).astype(np.uint8)
    write_cloud(PointCloud(far, origin=origin), outputs / "cloud.ply")
    result = evaluate(outputs, cameras=folder / "cameras.json", surface=folder / "surface.npz", align=False, thresholds=[0.01])
    assert result["cameras"]["auc"]["1"] == pytest.approx(6 / 15)
    assert result["cloud"]["points"] == len(points)
    assert result["cloud"]["scores"] == [{"threshold": 0.01, "precision": 1.0, "recall": 1.0, "f": 1.0}]


def test_points_outside_the_bounds_are_cut_and_a_mesh_is_sampled(truth):
    folder, _, _ = truth
    outputs = folder / "outputs"
    outputs.mkdir()
    corners = np.array([[-4, -4, 0], [4, -4, 0], [4, 4, 0], [-4, 4, 0]], np.float32)
    write_mesh(TriMesh(corners, np.array([[0, 1, 2], [0, 2, 3]], np.int32)), outputs / "mesh.ply")
    result = evaluate(outputs, surface=folder / "surface.npz", align=False, thresholds=[0.2])
    assert result["mesh"]["scores"][0]["f"] > 0.99
    assert 0 < result["mesh"]["points"] < 20000  # 1/16 of the samples
    assert "cloud" not in result


def test_a_mesh_file_is_a_truth_too(truth):
    folder, _, points = truth
    outputs = folder / "outputs"
    outputs.mkdir()
    write_cloud(PointCloud(points), outputs / "cloud.ply")
    corners = np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]], np.float32)
    for name in ("truth.ply", "truth.glb"):
        write_mesh(TriMesh(corners, np.array([[0, 1, 2], [0, 2, 3]], np.int32)), folder / name)
        assert evaluate(outputs, surface=folder / name, align=False, thresholds=[0.1])["cloud"]["scores"][0]["f"] > 0.99


def test_what_cannot_be_compared_is_said(truth):
    folder, _, _ = truth
    outputs = folder / "outputs"
    with pytest.raises(SettingsError, match="Nothing"):
        evaluate(outputs)
    with pytest.raises(SettingsError, match="frame"):
        evaluate(outputs, surface=folder / "surface.npz", align=True)
    with pytest.raises(SettingsError, match="Thresholds"):
        evaluate(outputs, surface=folder / "surface.npz", align=False, thresholds=[float("nan")])
    with pytest.raises(InputError, match="surface"):
        evaluate(outputs, surface=folder / "surface.npz", align=False)
    with pytest.raises(InputError, match="cameras"):
        evaluate(outputs, cameras=folder / "cameras.json")


@pytest.mark.parametrize("content", [b"", b"no picture", b"PK\x03\x04 broken", b'{"cameras": [{"name": "a"}]}'])
def test_damaged_truth_files_are_named(tmp_path, content):
    for name in ("t.npz", "t.ply", "t.glb"):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError, match="t\\."):
            evaluate(tmp_path, surface=tmp_path / name, align=False)
    (tmp_path / "t.json").write_bytes(content)
    with pytest.raises(InputError):
        evaluate(tmp_path, cameras=tmp_path / "t.json")


def test_alignment_helper_returns_truth_from_estimated(truth):
    _, poses, points = truth
    moved = {name: p.aligned(NEW_FROM_TRUE) for name, p in poses.items()}
    back = align_centers(moved, poses)
    np.testing.assert_allclose(back.apply(NEW_FROM_TRUE.apply(points)), points, atol=1e-9)
    assert isinstance(next(iter(moved.values())), Rigid3)


def test_icp_aligns_without_cameras_and_a_true_mesh_gives_more_figures_and_coloured_distances(tmp_path):
    made = trimesh.creation.box((1, 2, 3)).subdivide().subdivide().subdivide()
    truth = TriMesh(made.vertices, made.faces)
    write_mesh(truth, tmp_path / "truth.ply")
    near = Sim3(Rotation.from_euler("xyz", [3, -2, 4], degrees=True).as_matrix(), np.array([0.05, 0.02, -0.04]), 1.03)
    moved = TriMesh(near.apply(truth.vertices).astype(np.float32), truth.faces)
    (tmp_path / "outputs").mkdir()
    write_mesh(moved, tmp_path / "outputs" / "mesh.ply")
    plain = evaluate(tmp_path / "outputs", surface=tmp_path / "truth.ply", align=False)["mesh"]
    result = evaluate(tmp_path / "outputs", surface=tmp_path / "truth.ply", refine="similarity", distances=tmp_path / "d")
    part = result["mesh"]
    assert result["alignment"]["scale"] == pytest.approx(1 / 1.03, abs=0.002)
    assert part["to_mesh"]["rmse"] < 0.01 < plain["to_mesh"]["rmse"]
    assert part["chamfer"] < plain["chamfer"]
    assert part["normal_consistency"] > 0.98
    json.dumps(result, allow_nan=False)
    coloured = read_mesh(tmp_path / "d" / "mesh_distance.ply")
    np.testing.assert_allclose(coloured.vertices, moved.vertices, err_msg="it lies where the reconstruction lies")
    distance = read_ply_distance(tmp_path / "d" / "mesh_distance.ply")
    assert distance.max() < 0.03
    colors = coloured.colors
    assert (colors[:, 0] < 0.9).all()  # nothing is as far as the end of the bar
    assert (tmp_path / "d" / "distance.png").stat().st_size > 1000
    with pytest.raises(SettingsError, match="similarity"):
        evaluate(tmp_path / "outputs", surface=tmp_path / "truth.ply", refine="hope")
