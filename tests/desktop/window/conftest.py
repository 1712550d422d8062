"""A window with toy stages, a stand-in for the 3D view and a script in the place of the worker."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from PySide6.QtCore import QEvent, Signal
from PySide6.QtWidgets import QApplication, QWidget

from desktop.jobs.bridge import JobBridge
from desktop.preferences import Preferences
from desktop.style import theme
from desktop.window import MainWindow
from recon.pipeline.config import setting
from recon.pipeline.stage import Artifact, Stage, StageContext

WORKER = Path(__file__).with_name("fake_worker.py")


@dataclass(frozen=True)
class ToyConfig:
    size: int = setting(1600, "Longest side of the pictures.", unit="px", minimum=320, maximum=8000)
    cost: str = setting("zncc", "Photometric cost.", choices=("zncc", "census"))
    fill: bool = setting(True, "Fill small holes.")
    weight: float = setting(0.25, "Weight of the photometric term.", minimum=0.0, maximum=1.0, advanced=True)


@dataclass(frozen=True)
class NoConfig:
    pass


class Photos(Stage):
    name, title, version, config_type, sources = "photos", "Photos", 1, NoConfig, ("photos",)

    def run(self, inputs: Mapping[str, Artifact], config: Any, context: StageContext) -> None:
        raise AssertionError("the window computes nothing")


class Depth(Photos):
    name, title, needs, config_type = "toy", "Depth maps", ("photos",), ToyConfig


class Viewport(QWidget):
    """Remembers what it was told."""

    layer_loaded = Signal(str, dict)
    layer_failed = Signal(str, str)
    camera_stepped = Signal(str)
    status = Signal(str)
    screenshot_saved = Signal(str)
    screenshot_failed = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[str, Any]] = []
        self.specs: dict[str, Any] = {}

    def set_layer(self, spec: Any) -> None:
        self.specs[spec.name] = spec
        self.calls.append(("set_layer", spec.name))

    def remove_layer(self, name: str) -> None:
        del self.specs[name]

    def __getattr__(self, name: str) -> Callable[..., None]:
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda *arguments: self.calls.append((name, arguments))


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder with three photos and a text file."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(3):
        Image.new("RGB", (64, 48), (40 * number, 90, 120)).save(folder / f"a b ü {number}.png")
    (folder / "notes.txt").write_text("not a photo")
    return folder


@pytest.fixture
def window(app: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MainWindow]:
    """A shown window on no project."""
    compose = types.ModuleType("desktop.compose")
    compose.stages = lambda: (Photos(), Depth())  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "desktop.compose", compose)
    monkeypatch.setenv("PHOTOLITH_PROJECTS_DIR", str(tmp_path / "projects"))
    preferences = Preferences(tmp_path / "config")
    preferences.theme = "dark"
    theme.apply("dark")
    bridge = JobBridge((sys.executable, str(WORKER)), grace_ms=500)
    window = MainWindow(preferences, bridge, Viewport)
    monkeypatch.setattr(window.session.photos, "check", lambda: None)
    window.show()
    yield window
    closed(app, window)


def closed(app: QApplication, window: MainWindow) -> None:
    """Ends the window and all that belongs to it."""
    window.close()
    window.deleteLater()
    app.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    app.processEvents()


@pytest.fixture
def project(window: MainWindow, until: Callable[..., None], pictures: Path, tmp_path: Path) -> MainWindow:
    """The window on a project with three photos."""
    window.session.create_project(tmp_path / "Statue")
    until(lambda: window.state.project is not None)
    window.session.photos.add([pictures])
    until(lambda: len(window.state.photos) == 3 and window.state.job is None)
    window.state.set("messages", messages=())
    return window
