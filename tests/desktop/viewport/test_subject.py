"""Where the first view looks."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from desktop.viewport.geometry import load
from desktop.viewport.layers import LayerSpec
from desktop.viewport.orbit import Orbit
from desktop.viewport.stock import Stock
from desktop.viewport.subject import Subject, find_subject
from recon.io.scene_npz import write_scene
from recon.scene import Rigid3, Scene, View
from recon.synth import orbit, pinhole

from .scenes import scene

UP = np.array([0.0, 0.0, 1.0])
TARGET = np.array([0.5, -1.0, 0.3])


def walk_round(arc: float = 360.0, wobble: float = 0.0) -> Scene:
    """Photos taken from 3 units away, 25 degrees above the thing."""
    camera = pinhole(400, 300, 50.0)
    rng = np.random.default_rng(0)
    targets = TARGET + wobble * rng.normal(size=(12, 3))
    poses = [orbit(12, radius=3.0, elevation=(25, 25), target=tuple(t), arc=arc)[i] for i, t in enumerate(targets)]
    return replace(scene(), views=tuple(View(f"{i}.jpg", camera, pose) for i, pose in enumerate(poses)))


def turned_away(view: View) -> View:
    """The same camera, looking the other way."""
    pose, half_turn = view.cam_from_world, np.diag([-1.0, 1.0, -1.0])
    return replace(view, cam_from_world=Rigid3(half_turn @ pose.rotation, half_turn @ pose.translation))


@pytest.mark.parametrize("arc", [360.0, 90.0])
def test_the_subject_is_what_the_photographers_walked_round(arc: float) -> None:
    found = find_subject(walk_round(arc, wobble=0.03), UP)
    assert found is not None
    np.testing.assert_allclose(found.center, TARGET, atol=0.1)
    assert found.radius == pytest.approx(3.0 * 150 / walk_round().views[0].camera.fy, rel=0.05)
    assert np.degrees(found.elevation) == pytest.approx(25, abs=2)


def test_photos_that_look_past_each_other_have_no_subject() -> None:
    assert find_subject(scene(), np.array([0.0, -1.0, 0.0])) is None, "three parallel cameras"
    inward = walk_round()
    assert find_subject(replace(inward, views=tuple(map(turned_away, inward.views))), UP) is None, "a room seen from its middle"
    assert find_subject(replace(inward, views=inward.views[:1]), UP) is None


@pytest.mark.parametrize("aspect", [0.6, 1.7])
def test_the_framed_ball_is_seen_whole_in_the_middle(aspect: float) -> None:
    view = Orbit(yaw=1.0, pitch=0.4).framed(TARGET, 0.5, aspect, margin=1.0)
    rng = np.random.default_rng(1)
    directions = rng.normal(size=(2000, 3))
    ball = TARGET + 0.5 * directions / np.linalg.norm(directions, axis=1, keepdims=True)
    camera = view.camera(round(600 * aspect), 600)
    at, depth = camera.project(view.cam_from_world.apply(ball))
    assert (depth > 0).all()
    share = np.abs(at - [camera.cx, camera.cy]) / [camera.width / 2, camera.height / 2]
    assert share.max() == pytest.approx(1.0, abs=0.02)


def test_the_subject_crosses_to_the_window(tmp_path: Path) -> None:
    stock, spec = Stock(), LayerSpec("cameras", "cameras", tmp_path / "scene.npz")
    write_scene(walk_round(), spec.path)
    stock.put(spec)
    stock.loaded("cameras", json.loads(json.dumps(load(spec)[1])))
    found = stock.subject()
    assert isinstance(found, Subject)
    np.testing.assert_allclose(found.center, TARGET, atol=1e-6)
    stock.put(LayerSpec("cloud", "cloud", tmp_path / "cloud.ply"))
    stock.loaded("cloud", {})
    close = stock.subject()
    assert close is not None
    assert close.radius < found.radius, "dense points are looked at more closely than cameras"
    stock.remove("cameras")
    assert stock.subject() is None
