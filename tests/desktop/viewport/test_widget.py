"""The 3D view with its renderer process."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from desktop.viewport.layers import LayerSpec, ViewStyle
from desktop.viewport.orbit import Orbit
from desktop.viewport.widget import ViewportWidget
from recon.scene import Rigid3
from tests.data_paths import ROOT

from .scenes import RED_CENTER, write_layers

PATIENCE = 300
SIZE = (320, 240)
SEEN_FROM = Orbit().at_camera(Rigid3.identity(), 2 * np.arctan(0.6))
"""The red square left of the middle, the green one right of it; see `scenes.CAMERA`."""
ON_RED, ON_GREEN = QPointF(109, 120), QPointF(199, 120)


class Heard(list):
    """What a signal said."""

    def __init__(self, signal: Any) -> None:
        super().__init__()
        signal.connect(lambda *values: self.append(values[0] if len(values) == 1 else values))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_layers(tmp_path_factory.mktemp("layers"))


@pytest.fixture
def view(app: QApplication) -> Iterator[ViewportWidget]:
    """A shown 3D view without layers."""
    widget = ViewportWidget(backends=("software",))
    widget.resize(*SIZE)
    widget.show()
    yield widget
    widget.shutdown()
    widget.close()
    widget.deleteLater()
    app.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture
def model(view: ViewportWidget, files: Path, until: Callable[..., None]) -> ViewportWidget:
    """The 3D view with the two squares, at rest."""
    view.set_layer(LayerSpec("cloud", "cloud", files / "cloud.ply"))
    view.set_layer(LayerSpec("mesh", "mesh", files / "mesh.ply"))
    until(lambda: view.facts("cloud") and view.facts("mesh"), PATIENCE)
    view._navigator.go(SEEN_FROM, glide=False)
    at_rest(view, until)
    return view


def at_rest(view: ViewportWidget, until: Callable[..., None]) -> None:
    """Waits for the finished picture of what was last asked for."""
    rested = Heard(view.rested)
    view.update()
    view._on_moved()
    until(lambda: rested, PATIENCE)


def color(view: ViewportWidget, at: QPointF) -> np.ndarray:
    found = view.grab().toImage().pixelColor(at.toPoint())
    return np.array([found.red(), found.green(), found.blue()])


def mouse(view: ViewportWidget, kind: QEvent.Type, at: QPointF, button: Qt.MouseButton = Qt.MouseButton.LeftButton) -> None:
    held = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseButtonRelease else button
    event = QMouseEvent(kind, at, view.mapToGlobal(at), button, held, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(view, event)


def drag(view: ViewportWidget, start: QPointF, end: QPointF, button: Qt.MouseButton = Qt.MouseButton.LeftButton) -> None:
    mouse(view, QEvent.Type.MouseButtonPress, start, button)
    mouse(view, QEvent.Type.MouseMove, end, button)
    mouse(view, QEvent.Type.MouseButtonRelease, end, button)


def test_loaded_layers_appear_in_the_window_and_can_be_hidden(model, until):
    assert color(model, ON_RED)[0] > 150 > color(model, ON_RED)[1]
    assert color(model, ON_GREEN)[1] > 150 > color(model, ON_GREEN)[0]
    model.set_layer_visible("cloud", False)
    at_rest(model, until)
    assert color(model, ON_RED).max() < 90
    model.remove_layer("mesh")
    at_rest(model, until)
    assert color(model, ON_GREEN).max() < 90
    assert [spec.name for spec in model.layers()] == ["cloud"]


def test_style_reaches_the_picture(model, until):
    model.set_style(ViewStyle("normals", background="light"))
    at_rest(model, until)
    np.testing.assert_allclose(color(model, ON_RED), [127, 127, 0], atol=12)
    assert color(model, QPointF(160, 20)).min() > 200


def test_a_double_click_sets_the_pivot_on_the_surface_without_moving_the_picture(model, until):
    picked, pivots = Heard(model.picked), Heard(model.pivot_changed)
    before = model.orbit.cam_from_world.matrix
    mouse(model, QEvent.Type.MouseButtonDblClick, ON_RED)
    until(lambda: picked, PATIENCE)
    assert picked[0][2] == pytest.approx(2.0, abs=0.03)
    np.testing.assert_allclose(picked[0], RED_CENTER, atol=0.05)
    np.testing.assert_allclose(pivots[0], picked[0])
    np.testing.assert_allclose(model.orbit.cam_from_world.matrix, before, atol=1e-9)
    drag(model, ON_GREEN, ON_GREEN + QPointF(30, 10))
    turned = model.orbit.cam_from_world.apply(picked[0])
    np.testing.assert_allclose(turned, SEEN_FROM.cam_from_world.apply(picked[0]), atol=1e-6)


def test_a_double_click_on_nothing_leaves_the_pivot(model, until):
    picked, pivot = Heard(model.picked), model.orbit.pivot
    mouse(model, QEvent.Type.MouseButtonDblClick, QPointF(10, 10))
    until(lambda: picked, PATIENCE)
    assert picked == [None]
    np.testing.assert_array_equal(model.orbit.pivot, pivot)


def test_a_panned_surface_follows_the_hand_and_the_wheel_zooms_to_the_pointer(model):
    point = RED_CENTER

    def pixel() -> np.ndarray:
        return model.orbit.camera(*SIZE).project(model.orbit.cam_from_world.apply(point))[0]

    start = pixel()
    drag(model, ON_RED, ON_RED + QPointF(24, -10), Qt.MouseButton.MiddleButton)
    np.testing.assert_allclose(pixel() - start, [24, -10], atol=1.0)
    at, depth = pixel(), model.orbit.cam_from_world.apply(point)[2]
    place = QPointF(at[0] + 0.5, at[1] + 0.5)
    steps, buttons, keys = QPoint(0, 240), Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier
    event = QWheelEvent(place, place, QPoint(), steps, buttons, keys, Qt.ScrollPhase.NoScrollPhase, False)
    QApplication.sendEvent(model, event)
    assert model.orbit.cam_from_world.apply(point)[2] < 0.9 * depth
    np.testing.assert_allclose(pixel(), at, atol=1.5)


def test_keys_fit_turn_and_step_through_the_cameras(model, files, until):
    stepped = Heard(model.camera_stepped)
    QTest.keyClick(model, Qt.Key.Key_C)
    assert not stepped, "there are no cameras yet"
    model.set_layer(LayerSpec("cameras", "cameras", files / "scene.npz"))
    until(lambda: model.facts("cameras"), PATIENCE)
    for key, modifier in ((Qt.Key.Key_C, Qt.KeyboardModifier.NoModifier),) * 2 + ((Qt.Key.Key_C, Qt.KeyboardModifier.ShiftModifier),):
        QTest.keyClick(model, key, modifier)
    assert stepped == ["0.jpg", "1.jpg", "0.jpg"]
    QTest.keyClick(model, Qt.Key.Key_5)
    until(lambda: not model._navigator.busy, PATIENCE)
    assert model.orbit.pitch == pytest.approx(np.pi / 2)
    assert stepped[-1] == ""
    QTest.keyClick(model, Qt.Key.Key_F)
    until(lambda: not model._navigator.busy, PATIENCE)
    for name in ("cloud", "mesh"):
        corners = np.array(model.facts(name)["bounds"])
        at, depth = model.orbit.camera(*SIZE).project(model.orbit.cam_from_world.apply(corners))
        assert (depth > 0).all()
        assert ((at > 0) & (at < SIZE)).all()


def test_a_damaged_layer_is_reported_and_the_others_are_shown(view, files, until):
    failed, loaded = Heard(view.layer_failed), Heard(view.layer_loaded)
    view.set_layer(LayerSpec("bad", "cloud", files / "damaged.ply"))
    view.set_layer(LayerSpec("gone", "mesh", files / "nowhere.ply"))
    view.set_layer(LayerSpec("good", "mesh", files / "mesh.ply"))
    until(lambda: len(failed) == 2 and loaded, PATIENCE)
    assert {name for name, _ in failed} == {"bad", "gone"}
    assert "damaged.ply" in dict(failed)["bad"]
    assert loaded[0][0] == "good"
    assert not view.is_loading()


def test_a_layer_is_read_again_when_its_revision_changes(view, files, tmp_path, until):
    target = tmp_path / "layer.ply"
    target.write_bytes((files / "mesh.ply").read_bytes())
    loaded = Heard(view.layer_loaded)
    view.set_layer(LayerSpec("mesh", "mesh", target, revision="1"))
    until(lambda: len(loaded) == 1, PATIENCE)
    view.set_layer(LayerSpec("mesh", "mesh", target, revision="1"))
    view.set_layer(LayerSpec("mesh", "mesh", target, revision="2"))
    until(lambda: len(loaded) == 2, PATIENCE)
    assert loaded[1][1]["counts"]["triangles"] == 2


def test_a_screenshot_is_a_png_of_the_asked_size_with_the_model_on_it(model, tmp_path, until):
    saved, failed = Heard(model.screenshot_saved), Heard(model.screenshot_failed)
    model.screenshot(tmp_path / "a b ü.png", 400, 300)
    until(lambda: saved, PATIENCE)
    picture = cv2.imdecode(np.fromfile(tmp_path / "a b ü.png", np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    assert picture.shape == (300, 400, 3)
    np.testing.assert_allclose(picture[150, 137], [230, 26, 26], atol=12)
    for path, width in ((tmp_path / "nowhere" / "x.png", 100), (tmp_path / "x.png", 10**6)):
        failed.clear()
        model.screenshot(path, width, 100)
        until(lambda: failed, PATIENCE)
        assert not path.exists()


def test_a_killed_renderer_is_started_again_with_everything_and_says_so(model, until):
    said, process = Heard(model.status), model.renderer.process_id
    os.kill(process, signal.SIGKILL)
    until(lambda: model.renderer.ready and model.renderer.process_id not in (0, process), PATIENCE)
    assert "stopped (it was killed" in said[0]
    until(lambda: not model.is_loading(), PATIENCE)
    at_rest(model, until)
    assert color(model, ON_RED)[0] > 150
    assert color(model, ON_GREEN)[1] > 150
    assert "works again" in said[-1]


def test_the_next_backend_takes_over_when_one_does_not_start(app, files, until):
    widget = ViewportWidget(backends=("nonsense", "software"))
    started, said = Heard(widget.backend_changed), Heard(widget.status)
    widget.resize(*SIZE)
    widget.show()
    try:
        until(lambda: started, PATIENCE)
        assert started == ["software"]
        assert "'software' is tried instead" in said[0]
    finally:
        widget.shutdown()
        widget.close()


def test_without_any_backend_the_view_says_so_and_tries_again_when_asked(app, until):
    widget = ViewportWidget(backends=("nonsense",))
    said = Heard(widget.status)
    widget.resize(*SIZE)
    widget.show()
    try:
        until(lambda: said, PATIENCE)
        assert "could not be kept running" in said[0]
        assert "There is no renderer 'nonsense'" in said[0]
        mouse(widget, QEvent.Type.MouseButtonDblClick, QPointF(50, 50))
        until(lambda: len(said) == 2, PATIENCE)
    finally:
        widget.shutdown()
        widget.close()


def test_resizing_gives_a_picture_of_the_new_size(model, until):
    model.resize(640, 400)
    until(lambda: model._screen._image.width() == 640 and model._screen._image.height() == 400, PATIENCE)
    at_rest(model, until)
    assert model._screen._image.height() == 400


def test_the_renderer_ends_with_its_window_even_when_that_is_killed(files):
    """Else every crash would leave a process behind that holds the model."""
    code = (
        "import os, sys\n"
        "from PySide6.QtWidgets import QApplication\n"
        "from desktop.viewport.widget import ViewportWidget\n"
        "app = QApplication([])\n"
        "view = ViewportWidget(backends=('software',))\n"
        "view.backend_changed.connect(lambda _: (print(view.renderer.process_id, flush=True), os.kill(os.getpid(), 9)))\n"
        "view.show()\n"
        "app.exec()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False)
    child = int(done.stdout)
    for _ in range(200):
        if not alive(child):
            return
        QTest.qWait(50)
    raise AssertionError("the renderer is still there")


def alive(process: int) -> bool:
    import psutil

    try:
        return psutil.Process(process).status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
