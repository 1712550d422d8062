"""`photolith bench window`: how fast the window appears and how smoothly it turns big clouds, in the real window.

The machine should have nothing else to do. Without a display it starts itself under Xvfb. The table goes to tests/bench/results/window.md.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from tests.bench.support.machine import machine_lines
from tests.bench.support.tables import table

ROOT = Path(__file__).resolve().parents[2]
RESULTS = Path(__file__).parent / "results" / "window.md"
WINDOW = (1360, 860)
LIMITS = {500_000: 10.0, 5_000_000: 5.0}
"""Points -> fewest new frames a second while orbiting."""
FIRST_PAINT_S = 2.0
BLOCKED_MS = 50.0
WARM_UP_S = 1.5


def main() -> int:
    """Command line. Returns 1 when a limit is not kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, action="append", default=[], help="size of the cloud; several times for several")
    parser.add_argument("--seconds", type=float, default=8.0, help="of orbiting")
    parser.add_argument("--starts", type=int, default=5, help="how often the window is started for the first paint")
    parser.add_argument("--renderer", choices=("opengl", "filament", "software"), help="instead of the first that works")
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "bench" / "window")
    parser.add_argument("--case", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.renderer:
        os.environ["PHOTOLITH_RENDERER"] = arguments.renderer
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return under_xvfb()
    arguments.out.mkdir(parents=True, exist_ok=True)
    if arguments.case:
        print(json.dumps(measure(arguments.out, arguments.case, arguments.seconds)))
        return 0
    starts = [first_paint(arguments.out) for _ in range(arguments.starts)]
    cases = [run_case(arguments, count) for count in arguments.points or sorted(LIMITS)]
    rows = report_rows(starts, cases)
    text = "\n".join(report(rows, cases, arguments.seconds)) + "\n"
    print(text)
    if not arguments.points and not arguments.renderer:
        RESULTS.write_text(text, encoding="utf-8")
    return 0 if all(row[-1] == "yes" for row in rows if row[-1]) else 1


def under_xvfb() -> int:
    """The same again with a virtual display."""
    if shutil.which("xvfb-run") is None:
        print("There is no display. Install xvfb (Debian: apt-get install xvfb) or run this on a desktop.", file=sys.stderr)
        return 3
    command = ["xvfb-run", "-a", "-s", "-screen 0 1600x1000x24", sys.executable, "-m", "tests.bench.bench_window", *sys.argv[1:]]
    return subprocess.run(command, check=False).returncode


def first_paint(out: Path) -> float:
    """Seconds from the start of the process to the first painted window."""
    environment = os.environ | {"PHOTOLITH_BENCH_FIRST_PAINT": "1", "PHOTOLITH_CONFIG_DIR": str(out / "config")}
    done = subprocess.run(
        [sys.executable, "-m", "desktop.app"], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    return float(done.stderr.split("first-paint", 1)[1].split()[0])


def run_case(arguments: argparse.Namespace, count: int) -> dict[str, Any]:
    """`measure` in a process of its own."""
    make_project(arguments.out / f"cloud{count}", count)
    command = [
        sys.executable,
        "-m",
        "tests.bench.bench_window",
        "--case",
        str(count),
        "--seconds",
        str(arguments.seconds),
        "--out",
        str(arguments.out),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"the window with {count} points failed:\n{done.stderr}")
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


# ---------------------------------------------------------------- what is shown


def make_project(folder: Path, count: int) -> None:
    """A project whose result is a cloud of `count` points with colours, normals and confidence."""
    from recon.io.formats import write_cloud
    from recon.project import Project

    if (folder / "outputs" / "cloud.ply").is_file():
        return
    shutil.rmtree(folder, ignore_errors=True)
    project = Project.create(folder)
    picture = folder.parent / "photo.png"
    import cv2

    cv2.imwrite(str(picture), np.random.default_rng(0).integers(0, 255, (480, 640, 3), np.uint8))
    project.add_photos([picture])
    project.outputs.mkdir(exist_ok=True)
    write_cloud(made_up_cloud(count), project.outputs / "cloud.ply")


def made_up_cloud(count: int) -> Any:
    """A rough, many-coloured stone on a plain."""
    from recon.scene import PointCloud

    rng = np.random.default_rng(0)
    stone = count * 2 // 3
    normals = rng.normal(size=(stone, 3))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    waves = sum(np.sin(k * (normals @ rng.normal(size=3))) / k for k in (3, 5, 9, 17, 33))
    points = normals * (1.0 + 0.15 * waves)[:, None]
    plain = np.stack([*rng.uniform(-2.5, 2.5, (2, count - stone)), rng.normal(-1.0, 0.002, count - stone)], axis=1)
    points = np.concatenate([points, plain]).astype(np.float32)
    normals = np.concatenate([normals, np.tile([0.0, 0.0, 1.0], (count - stone, 1))]).astype(np.float32)
    colors = (0.5 + 0.45 * np.sin(points @ rng.normal(size=(3, 3)) * 9.0)).astype(np.float32)
    return PointCloud(points, normals, colors, rng.uniform(size=count).astype(np.float32))


# ---------------------------------------------------------------- measuring


def measure(out: Path, count: int, seconds: float) -> dict[str, Any]:
    """Opens the window on the project, turns the model by mouse and counts frames and hold-ups."""
    import psutil
    from PySide6.QtWidgets import QApplication

    from desktop.preferences import Preferences
    from desktop.style import theme
    from desktop.window import MainWindow

    application = QApplication([])
    theme.apply("dark")
    started = time.monotonic()
    window = MainWindow(Preferences(out / "config"))
    window.resize(*WINDOW)
    window.show()
    rests: list[float] = []
    window.viewport.rested.connect(lambda: rests.append(time.monotonic()))
    loaded: list[float] = []
    window.viewport.layer_loaded.connect(lambda *_: loaded.append(time.monotonic()))
    window.session.open_project(out / f"cloud{count}")
    live_until(application, lambda: bool(loaded) and bool(rests) and rests[-1] > loaded[0], 120.0)
    result = {"points": count, "load_s": loaded[0] - started, "best_s": rests[-1] - loaded[0]}
    result |= turn(application, window.viewport, seconds)
    released = time.monotonic()
    live_until(application, lambda: rests[-1] > released, 120.0)
    result["rest_s"] = rests[-1] - released
    size = window.viewport.size()
    child = psutil.Process(window.viewport.renderer.process_id)
    result |= {
        "backend": window.viewport.renderer.backend,
        "view": f"{size.width()}x{size.height()}",
        "renderer_mb": child.memory_info().rss / 2**20,
        "window_mb": psutil.Process().memory_info().rss / 2**20,
    }
    window.close()
    return result


def live_until(application: Any, condition: Any, seconds: float) -> None:
    """Lets the window live until something is true."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("the window did not get there in time")
        application.processEvents()
        time.sleep(0.005)


def turn(application: Any, viewport: Any, seconds: float) -> dict[str, Any]:
    """Drags in circles, 60 movements a second, for `WARM_UP_S` and then for `seconds` that count."""
    from PySide6.QtCore import QEventLoop, QPointF, Qt, QTimer

    frames: list[float] = []
    beats: list[float] = []
    viewport.frame_shown.connect(lambda _: frames.append(time.monotonic()))
    middle = QPointF(viewport.width() / 2, viewport.height() / 2)
    begin = time.monotonic()

    def move() -> None:
        angle = (time.monotonic() - begin) * 1.5
        mouse(viewport, "move", middle + QPointF(150 * np.cos(angle), 60 * np.sin(angle)))

    mouse(viewport, "press", middle + QPointF(150, 0))
    hand, pulse, loop = QTimer(interval=16), QTimer(interval=4), QEventLoop()
    for timer in (hand, pulse):
        timer.setTimerType(Qt.TimerType.PreciseTimer)
    hand.timeout.connect(move)
    pulse.timeout.connect(lambda: beats.append(time.monotonic()))
    QTimer.singleShot(round(1000 * (WARM_UP_S + seconds)), loop.quit)
    hand.start()
    pulse.start()
    loop.exec()
    hand.stop()
    pulse.stop()
    mouse(viewport, "release", middle)
    shown = np.array([t for t in frames if t > begin + WARM_UP_S])
    gaps = np.diff([t for t in beats if t > begin + WARM_UP_S]) * 1000.0
    return {
        "fps": len(shown) / seconds,
        "worst_frame_ms": float(np.diff(shown).max() * 1000.0) if len(shown) > 1 else None,
        "blocked_ms": float(gaps.max()),
        "blocked_p99_ms": float(np.percentile(gaps, 99)),
    }


def mouse(viewport: Any, kind: str, at: Any) -> None:
    """Sends a mouse event as the window system would."""
    from PySide6.QtCore import QEvent, Qt
    from PySide6.QtGui import QMouseEvent
    from PySide6.QtWidgets import QApplication

    types = {"press": QEvent.Type.MouseButtonPress, "move": QEvent.Type.MouseMove, "release": QEvent.Type.MouseButtonRelease}
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    button = none if kind == "move" else left
    held = none if kind == "release" else left
    event = QMouseEvent(types[kind], at, viewport.mapToGlobal(at), button, held, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(viewport, event)


# ---------------------------------------------------------------- the table


def report_rows(starts: list[float], cases: list[dict[str, Any]]) -> list[list[str]]:
    """What was measured, its limit, and whether it is kept ('' where there is no limit)."""
    first = statistics.median(starts)
    rows = [["first paint, s (median)", f"{first:.2f}", f"< {FIRST_PAINT_S:g}", _kept(first < FIRST_PAINT_S)]]
    rows.append(["first paint, s (worst)", f"{max(starts):.2f}", "", ""])
    for case in cases:
        name, least = f"{case['points']:,} points", LIMITS.get(case["points"], 0.0)
        rows += [
            [f"{name}: new frames a second while orbiting", f"{case['fps']:.1f}", f">= {least:g}", _kept(case["fps"] >= least)],
            [f"{name}: longest time between frames, ms", f"{case['worst_frame_ms'] or float('nan'):.0f}", "", ""],
            [
                f"{name}: longest hold-up of the window, ms",
                f"{case['blocked_ms']:.0f}",
                f"<= {BLOCKED_MS:g}",
                _kept(case["blocked_ms"] <= BLOCKED_MS),
            ],
            [f"{name}: hold-up, 99 of 100, ms", f"{case['blocked_p99_ms']:.0f}", "", ""],
            [f"{name}: from the hand's rest to the finished picture, s", f"{case['rest_s']:.1f}", "", ""],
            [f"{name}: from the start of the window to the loaded layer, s", f"{case['load_s']:.1f}", "", ""],
            [f"{name}: memory of the renderer, MB", f"{case['renderer_mb']:.0f}", "", ""],
            [f"{name}: memory of the window, MB", f"{case['window_mb']:.0f}", "", ""],
        ]
    return rows


def _kept(good: bool) -> str:
    return "yes" if good else "NO"


def report(rows: list[list[str]], cases: list[dict[str, Any]], seconds: float) -> list[str]:
    """Lines of the results file."""
    backends = ", ".join(sorted({case["backend"] for case in cases}))
    views = ", ".join(sorted({case["view"] for case in cases}))
    machine = machine_lines()
    driver = " on a software driver" if "no GPU" in machine[0] and backends != "software" else ""
    return [
        "# The window",
        "",
        f"`photolith bench window`: the main window of {WINDOW[0]}x{WINDOW[1]} (3D view {views}), renderer '{backends}'{driver}.",
        f"The mouse drags in circles, 60 movements a second, for {seconds:g} s. A hold-up is the time between two beats of a 4 ms",
        "timer of the window.",
        "",
        *machine,
        f"- Load when the measuring ended: {os.getloadavg()[0]:.1f}." if hasattr(os, "getloadavg") else "",
        "",
        *table(["what", "measured", "limit", "kept"], rows),
    ]


if __name__ == "__main__":
    sys.exit(main())
