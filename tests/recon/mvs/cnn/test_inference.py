"""Depth maps by the network: bands, masks, sizes, weights files, and the stage that uses it."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import recon.sfm
from recon.errors import Cancelled, ShapeError, WeightsError
from recon.io.depth_npz import read_depth
from recon.learning.card import ModelCard
from recon.learning.weights import save_weights
from recon.mvs.cnn import inference
from recon.mvs.cnn.examples import view_of
from recon.mvs.cnn.inference import CnnDepth, load_network
from recon.mvs.cnn.network import MvsNetwork
from recon.mvs.cnn.toy import toy_set
from recon.mvs.config import DepthConfig
from recon.mvs.matcher import Picture
from recon.mvs.stages import CloudStage, DepthStage
from recon.pipeline.stage import Artifact
from tests.recon.mvs.planes import everywhere, photograph, plane_depth, ring, scene_of
from tests.recon.stage_harness import run_stage

SLANT = np.array([0.3, 0.1, -0.95])


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return MvsNetwork().eval()


@pytest.fixture(scope="module")
def scene():
    views = toy_set(5, 4, (100, 70), 1, 0.15)
    pictures = [Picture(view_of(views, i), views.images[i]) for i in range(4)]
    return pictures, float(views.near[0]), float(views.far[0]), views.inverse_depth[0]


@pytest.fixture(scope="module")
def weights(tmp_path_factory, network):
    path = tmp_path_factory.mktemp("weights") / "mvs.safetensors"
    save_weights(network.state_dict(), path, ModelCard("mvs", "mvs", network.architecture()))
    return path


def depth_of(network, scene, **more):
    pictures, near, far, _ = scene
    work = CnnDepth(network, **more)
    return work.depth(pictures[0], pictures[1:], [work.prepare(p) for p in pictures], near, far)


def test_depth_has_the_size_of_the_picture_and_is_about_right(network, scene):
    found = depth_of(network, scene)
    assert found.depth.shape == (70, 100)
    assert found.normal is not None
    assert 0 <= found.confidence.min() <= found.confidence.max() <= 1
    relative = np.abs(found.depth * scene[3] - 1)[8:-8, 8:-8]
    assert np.median(relative) < 0.02


def test_bands_give_the_same_depth(network, scene, monkeypatch):
    whole = depth_of(network, scene)
    monkeypatch.setattr(inference, "_SMALLEST_BAND", 12)
    banded = depth_of(network, scene, memory=1 << 16)
    difference = np.abs(banded.depth / whole.depth - 1)
    assert (difference > 1e-3).mean() < 0.05
    assert np.median(difference) < 1e-5


def test_rough_depth_is_half_as_large(network, scene):
    pictures, near, far, inverse = scene
    work = CnnDepth(network)
    found = work.rough(pictures[0], pictures[1:], [work.prepare(p, 1) for p in pictures], near, far)
    assert found.shape == (35, 50)
    assert np.median(np.abs(found.numpy() / inverse[::2, ::2] - 1)) < 0.03


def test_sources_may_have_other_sizes(network, scene):
    pictures, near, far, inverse = scene
    small = pictures[1]
    camera = small.view.camera.scaled(64, 44)
    image = np.asarray(small.image)[np.linspace(0, 69, 44).round().astype(int)][:, np.linspace(0, 99, 64).round().astype(int)]
    mixed = [pictures[0], Picture(replace(small.view, camera=camera), image), *pictures[2:]]
    found = depth_of(network, (mixed, near, far, inverse))
    assert np.median(np.abs(found.depth * inverse - 1)) < 0.03


def test_masked_pixels_have_no_depth(network, scene):
    pictures, near, far, inverse = scene
    mask = np.ones((70, 100), bool)
    mask[:30] = False
    found = depth_of(network, ([replace(pictures[0], mask=mask), *pictures[1:]], near, far, inverse))
    assert (found.depth[:30] == 0).all()
    assert (found.confidence[:30] == 0).all()
    assert (found.depth[30:] > 0).all()


def test_plain_black_pictures_give_finite_depth(network, scene):
    pictures, near, far, inverse = scene
    black = [replace(p, image=np.zeros_like(p.image)) for p in pictures]
    found = depth_of(network, (black, near, far, inverse))
    assert np.isfinite(found.depth).all()
    assert found.depth.min() >= near / 2 * 0.999
    assert found.depth.max() <= far * 2 * 1.001


@pytest.mark.parametrize(("near", "far"), [(0.0, 1.0), (2.0, 1.0), (float("nan"), 2.0)])
def test_impossible_ranges_are_refused(network, scene, near, far):
    with pytest.raises(ShapeError):
        depth_of(network, (scene[0], near, far, None))


def test_a_view_alone_is_refused(network, scene):
    with pytest.raises(ShapeError):
        depth_of(network, (scene[0][:1], *scene[1:]))


def test_cancelling_is_heard(network, scene):
    def check():
        raise Cancelled

    with pytest.raises(Cancelled):
        depth_of(network, scene, check=check)
    network.check = lambda: None


def test_weights_of_something_else_are_refused(weights, network, tmp_path):
    assert isinstance(load_network(str(weights)), MvsNetwork)
    with pytest.raises(WeightsError):
        load_network(str(tmp_path / "none.safetensors"))
    save_weights(network.state_dict(), tmp_path / "a.safetensors", ModelCard("features", "features", {}))
    with pytest.raises(WeightsError, match="features"):
        load_network(str(tmp_path / "a.safetensors"))
    save_weights(network.state_dict(), tmp_path / "b.safetensors", ModelCard("mvs", "mvs", {"layers": 3}))
    with pytest.raises(WeightsError, match="version"):
        load_network(str(tmp_path / "b.safetensors"))


@pytest.fixture
def undistorted(tmp_path, monkeypatch):
    """Artifact of the stage before, four views of a plane."""
    import cv2

    views = ring(4, (96, 72), baseline=0.2)
    pictures = {view.name: tmp_path / f"{view.name}.png" for view in views}
    for view in views:
        cv2.imwrite(str(pictures[view.name]), photograph(view, [(SLANT, 0.0, everywhere)])[0].image)
    scene = scene_of(views, plane_depth(views[0], SLANT, 0.0))
    monkeypatch.setattr(recon.sfm, "load_views", lambda _: (scene, pictures, {}), raising=False)
    return Artifact("undistort", tmp_path, "x", dict(pictures), {name: f"key {name}" for name in pictures}), views


@pytest.mark.parametrize("method", ["cnn", "hybrid"])
def test_the_stage_uses_the_network(undistorted, tmp_path, weights, method):
    artifact, views = undistorted
    settings = {"method": method, "weights": str(weights), "coarse_side": 48, "rounds": 1}
    depth, context = run_stage(DepthStage(), {"undistort": artifact}, tmp_path, settings)
    names = {view.name for view in views}
    assert set(context.computed) >= names
    assert ({f"{name}__rough" for name in names} <= set(context.computed)) == (method == "hybrid")
    truth = plane_depth(views[0], SLANT, 0.0)
    found = read_depth(depth.items[views[0].name])
    assert np.median(np.abs(found.depth / truth - 1)[8:-8, 16:-16]) < 0.01
    _, again = run_stage(DepthStage(), {"undistort": artifact}, tmp_path, settings)
    assert again.computed == []
    cloud, _ = run_stage(CloudStage(), {"undistort": artifact, "depth": depth}, tmp_path, {"min_views": 2})
    assert (cloud.path / "cloud.ply").is_file()


def test_the_key_of_the_stage_holds_the_digest_of_the_weights(weights):
    digest = DepthStage().weights_digest(DepthConfig(method="cnn", weights=str(weights)))
    assert len(digest) == 64
    assert DepthStage().weights_digest(DepthConfig(method="classical")) == ""


def test_the_shipped_network_finds_a_slanted_plane_and_is_sure_of_it(scene):
    network = load_network()
    found = depth_of(network, scene)
    inner = np.s_[8:-8, 8:-8]
    right = np.abs(found.depth * scene[3] - 1)[inner] < 0.03  # about a quarter of a pixel
    assert right.mean() > 0.8
    assert found.confidence[inner][right].mean() > found.confidence[inner][~right].mean() + 0.1
