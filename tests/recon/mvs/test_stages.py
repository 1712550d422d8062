"""The stages on plain folders: files, resuming, masks, cancelling, and errors a user can cause."""

import threading

import cv2
import numpy as np
import pytest

import recon.sfm
from recon.errors import Cancelled, InputError, ReconstructionError
from recon.io.depth_npz import read_depth
from recon.io.formats import read_cloud
from recon.mvs.stages import CloudStage, DepthStage
from recon.pipeline.stage import Artifact
from recon.scene import Scene, SparsePoints
from tests.recon.mvs.planes import everywhere, photograph, plane_depth, ring, scene_of
from tests.recon.stage_harness import run_stage

SLANT = np.array([0.3, 0.1, -0.95])
SMALL = {"coarse_side": 48, "rounds": 1}


@pytest.fixture
def undistorted(tmp_path, monkeypatch):
    """Artifact of the stage before, four views; the readers of that stage are replaced by what it would give."""
    views = ring(4, (96, 72), baseline=0.3)
    pictures, masks = {}, {}
    for view in views:
        pictures[view.name] = tmp_path / f"{view.name}.png"
        cv2.imwrite(str(pictures[view.name]), photograph(view, [(SLANT, 0.0, everywhere)])[0].image)
    scene = scene_of(views, plane_depth(views[0], SLANT, 0.0))
    state = {"scene": scene, "pictures": pictures, "masks": masks}
    monkeypatch.setattr(recon.sfm, "load_views", lambda _: (state["scene"], pictures, masks), raising=False)
    artifact = Artifact("undistort", tmp_path, "x", dict(pictures), {name: f"key {name}" for name in pictures})
    return artifact, state, views


def depth_of(undistorted, folder, **more):
    return run_stage(DepthStage(), {"undistort": undistorted[0]}, folder, SMALL, **more)


def test_depth_and_cloud_lie_on_the_plane(undistorted, tmp_path):
    depth, _ = depth_of(undistorted, tmp_path)
    assert {view.name for view in undistorted[2]} < set(depth.items)
    cloud, context = run_stage(CloudStage(), {"undistort": undistorted[0], "depth": depth}, tmp_path, {"min_views": 3})
    found = read_cloud(cloud.path / "cloud.ply")
    assert len(found) > 3000
    assert np.median(np.abs(found.points @ SLANT / np.linalg.norm(SLANT))) < 0.004
    assert found.normals is not None
    assert found.colors is not None
    assert found.confidence is not None
    assert found.num_views.min() >= 3
    assert context.notes["points"] == len(found)
    kept = read_depth(cloud.items[undistorted[2][0].name])
    assert 0 < (kept.depth > 0).sum() <= (read_depth(depth.items[undistorted[2][0].name]).depth > 0).sum()


def test_a_second_run_computes_nothing(undistorted, tmp_path):
    depth_of(undistorted, tmp_path)
    _, again = depth_of(undistorted, tmp_path)
    assert again.computed == []


def test_a_changed_photo_redoes_only_the_views_that_look_at_it(undistorted, tmp_path):
    run_stage(DepthStage(), {"undistort": undistorted[0]}, tmp_path, {**SMALL, "sources": 1})
    undistorted[0].item_keys["03.jpg"] = "another key"
    _, again = run_stage(DepthStage(), {"undistort": undistorted[0]}, tmp_path, {**SMALL, "sources": 1})
    assert "03.jpg" in again.computed
    assert len(again.computed) < 4


def test_masked_pixels_give_no_points(undistorted, tmp_path):
    artifact, state, views = undistorted
    mask = np.zeros((72, 96), np.uint8)
    mask[:, :48] = 255
    for view in views:
        state["masks"][view.name] = tmp_path / f"mask__{view.name}.png"
        cv2.imwrite(str(state["masks"][view.name]), mask)
    depth, _ = depth_of(undistorted, tmp_path)
    assert (read_depth(depth.items["00.jpg"]).depth[:, 48:] == 0).all()
    cloud, _ = run_stage(CloudStage(), {"undistort": artifact, "depth": depth}, tmp_path, {"min_views": 2})
    assert (read_depth(cloud.items["00.jpg"]).depth[:, 48:] == 0).all()


def test_large_pictures_are_reduced_with_their_cameras(undistorted, tmp_path):
    depth, _ = run_stage(DepthStage(), {"undistort": undistorted[0]}, tmp_path, {**SMALL, "max_size": 192})
    assert read_depth(depth.items["00.jpg"]).depth.shape == (72, 96)


def test_a_view_that_shares_nothing_is_left_out_and_named(undistorted, tmp_path):
    _, state, _ = undistorted
    sparse = state["scene"].sparse
    keep = sparse.view_index != 3
    fewer = SparsePoints(sparse.points, sparse.colors, sparse.error, sparse.point_index[keep], sparse.view_index[keep])
    state["scene"] = Scene(state["scene"].views, fewer)
    depth, context = depth_of(undistorted, tmp_path)
    assert "03.jpg" not in depth.items
    assert context.notes["left out"] == ["03.jpg"]
    cloud, _ = run_stage(CloudStage(), {"undistort": undistorted[0], "depth": depth}, tmp_path, {"min_views": 2})
    assert "03.jpg" not in cloud.items


def test_photos_without_overlap_are_explained(undistorted, tmp_path):
    _, state, _ = undistorted
    none = SparsePoints(np.zeros((0, 3)), np.zeros((0, 3)), np.zeros(0), np.zeros(0), np.zeros(0))
    state["scene"] = Scene(state["scene"].views, none)
    with pytest.raises(ReconstructionError, match="overlap"):
        depth_of(undistorted, tmp_path)


def test_an_empty_cloud_is_explained(undistorted, tmp_path):
    artifact, state, views = undistorted
    depth, _ = depth_of(undistorted, tmp_path)
    for view in views:
        state["masks"][view.name] = tmp_path / f"mask__{view.name}.png"
        cv2.imwrite(str(state["masks"][view.name]), np.zeros((72, 96), np.uint8))
    with pytest.raises(ReconstructionError, match="min_views"):
        run_stage(CloudStage(), {"undistort": artifact, "depth": depth}, tmp_path)


def test_a_broken_picture_is_named(undistorted, tmp_path):
    undistorted[1]["pictures"]["02.jpg"].write_bytes(b"cut off")
    with pytest.raises(InputError, match=r"02\.jpg"):
        depth_of(undistorted, tmp_path)


def test_cancelling_ends_the_stage_and_keeps_what_is_done(undistorted, tmp_path):
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(Cancelled):
        depth_of(undistorted, tmp_path, cancel=cancel)
