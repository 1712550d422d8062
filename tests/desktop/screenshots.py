"""Pictures of the window in every state: `python -m tests.desktop.screenshots OUT [--project PROJECT] [--theme dark|light] [--only NAME]`.

Needs a display (`xvfb-run -a -s '-screen 0 1600x1000x24' ...`). 'model' needs a project; the other states are made up
of plain data. `QT_SCALE_FACTOR=2` gives the crisp ones.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QApplication

from desktop.preferences import Preferences
from desktop.state import Job, LogLine, Message, PhotoItem, SettingItem, StageItem, Summary
from desktop.style import theme
from desktop.window import MainWindow

SIZE = (1440, 900)
TITLES = {"photos": "Photos", "features": "Features", "matches": "Matches", "sfm": "Cameras", "undistort": "Undistortion"}
TITLES |= {"depth": "Depth maps", "cloud": "Dense cloud", "mesh": "Surface"}


def wait(milliseconds: int) -> None:
    """Lets the window live for a while."""
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


def made_up_photos(folder: Path) -> tuple[PhotoItem, ...]:
    """Photos with every kind of verdict, with pictures drawn here."""
    verdicts = ["ok"] * 5 + ["blurred", "ok", "dark", "ok", "duplicate", "unreadable", "ok", "bright", "ok", "small", "ok"]
    reasons = {"blurred": "Sharpness 12, below 40: hold the camera still or use more light.", "dark": "Mean brightness 0.06, below 0.12."}
    photos = []
    for number, verdict in enumerate(verdicts):
        path = folder / f"IMG_{4000 + number}.jpg"
        if verdict != "unreadable":
            _draw(path, number)
        facts = {"Size": "4032 × 3024 px", "Camera": "Pixel 7", "Focal length": "2985.4 px from the 35 mm equivalent"}
        figures = {"sharpness": 180.5 - 7 * number, "mean": 0.42, "clipped_dark": 0.003, "clipped_bright": 0.011}
        item = PhotoItem(path.name, path, verdict=verdict, reason=reasons.get(verdict, ""), facts=facts, figures=figures)
        photos.append(replace(item, enabled=number != 9, usable=verdict not in ("unreadable", "small")))
    return tuple(photos)


def _draw(path: Path, number: int) -> None:
    image = QImage(320, 240, QImage.Format.Format_RGB32)
    image.fill(QColor.fromHsv(200, 20, 150 - 4 * number))
    painter = QPainter(image)
    for k in range(40):
        color = QColor.fromHsv((k * 9) % 60 + 10, 120, 90 + (k * 37) % 150)
        painter.fillRect((k * 53 + 9 * number) % 300, (k * 31) % 220, 30, 24, color)
    painter.end()
    image.save(str(path))


def made_up_stages(fresh: int = 0, stale: int = 0) -> tuple[StageItem, ...]:
    """Stages, the first `fresh` of them up to date."""
    settings = (
        SettingItem("max_size", int, 1600, 2000, "Longest side of the pictures that depth is computed on.", "px", 320, 8000),
        SettingItem("cost", str, "zncc", "zncc", "Photometric cost.", choices=("zncc", "census")),
        SettingItem("fill", bool, True, True, "Fill small holes between surfaces that agree."),
        SettingItem("planes", int, 64, 64, "Depth hypotheses at the coarsest level.", "", 16, 512, advanced=True),
    )
    stages = []
    for number, (name, title) in enumerate(TITLES.items()):
        state = "fresh" if number < fresh else "stale" if number < fresh + stale else "never"
        why = "setting max_size changed from 1600 to 2000" if state == "stale" else "it has not run yet" if state == "never" else ""
        spent = 0.7 + 8.3 * number if state != "never" else None
        stages.append(StageItem(name, title, state, why, spent, 900_000_000, "cpu", settings=settings))
    return tuple(stages)


def show_state(window: MainWindow, name: str, folder: Path) -> None:
    """Puts the window into a made-up state."""
    state = window.state
    state.clear_project()
    if name == "start":
        return
    state.set("project", project=folder / "Fountain", name="Fountain")
    state.set("stages", stages=made_up_stages())
    if name == "drop":
        return
    state.set("photos", photos=made_up_photos(folder))
    state.set("stages", stages=made_up_stages(1))
    if name == "photos":
        state.select("photo", "IMG_4005.jpg")
        window.pipeline.rows["depth"].toggle()
    elif name == "running":
        state.set("stages", stages=made_up_stages(5), summary=Summary(14, 15, 0.41, 12_340))
        state.set("job", job=Job("Depth maps", "depth", 6, 15, "IMG_4006.jpg", 72.0))
    elif name == "error":
        state.set("stages", stages=made_up_stages(3, 2))
        state.failed_stage, state.failed_why = "sfm", "The photos do not fit together."
        message = Message(
            "The photos do not fit together.",
            "No two photos share more than 11 points; 30 are needed.",
            "Add photos between the ones you have, each overlapping the next by two thirds.",
        )
        window.docks["Log"].show()
        for line in (
            ("info", "Features: done in 12.4 s"),
            ("warning", "IMG_4010.jpg is left out: it cannot be read"),
            ("error", message.text),
        ):
            state.add_log(LogLine(time.strftime("%H:%M:%S"), *line))
        state.add_message(message)
        state.notify("stages")


def shoot(window: MainWindow, path: Path) -> None:
    """Saves the window as it is."""
    wait(400)
    window.grab().save(str(path))
    print(path)


def main() -> None:
    """Takes the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--project", type=Path)
    parser.add_argument("--theme", default="dark", choices=("dark", "light"))
    parser.add_argument("--only", default="")
    parser.add_argument("--show", default="", help="layers to switch on, comma separated; others are hidden")
    parser.add_argument("--colors", default="rgb", help="colour mode of the 3D view")
    parser.add_argument("--wait", type=float, default=8.0, help="seconds for layers to load")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp())
    app = QApplication.instance() or QApplication([])
    preferences = Preferences(folder / "config")
    preferences.theme = arguments.theme
    theme.apply(arguments.theme)
    window = MainWindow(preferences)
    window.resize(*SIZE)
    window.show()
    app.processEvents()
    if arguments.out.suffix != ".png":
        arguments.out.mkdir(parents=True, exist_ok=True)
        for name in ("start", "drop", "photos", "running", "error"):
            if arguments.only in ("", name):
                show_state(window, name, folder)
                shoot(window, arguments.out / f"{name}-{arguments.theme}.png")
                window.docks["Log"].hide()
    if arguments.project is not None:
        window.session.open_project(arguments.project.absolute())
        wait(1500)
        if arguments.show:
            for layer in window.state.layers:
                window.state.show_layer(layer.name, layer.name in arguments.show.split(","))
        window.viewer.color.setCurrentIndex(window.viewer.color.findData(arguments.colors))
        wait(int(1000 * arguments.wait))
        shoot(window, arguments.out if arguments.out.suffix == ".png" else arguments.out / f"model-{arguments.theme}.png")
    window.close()


if __name__ == "__main__":
    main()
