"""Starts the window: `photolith gui [PROJECT]`."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

LOOK_AFTER_MS = 3000
"""When the device is looked for: importing torch must not delay the first steps."""


def main(argv: list[str] | None = None) -> int:
    """Opens the window, on the project named in `argv` when there is one.

    `PHOTOLITH_BENCH_FIRST_PAINT=1` prints 'first-paint SECONDS' (since the process began) at the first paint and quits.

    Returns:
        The exit code.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments and arguments[0] in ("-h", "--help"):
        print("usage: photolith gui [PROJECT]\n\nOpens the window, on PROJECT when it is given.")
        return 0
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication

    from desktop.preferences import Preferences
    from desktop.style import theme
    from desktop.window import MainWindow

    existing = QApplication.instance()
    app = existing if isinstance(existing, QApplication) else QApplication([sys.argv[0]])
    app.setApplicationName("photolith")
    app.setApplicationDisplayName("Photolith")
    app.setDesktopFileName("photolith")
    preferences = Preferences()
    theme.apply(preferences.theme)
    window = MainWindow(preferences)
    if os.environ.get("PHOTOLITH_BENCH_FIRST_PAINT") == "1":
        _measure_first_paint(window)
    else:
        QTimer.singleShot(LOOK_AFTER_MS, window.look_at_machine)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: window.close())
    window.show()
    if arguments:
        path = Path(arguments[0]).expanduser().absolute()
        QTimer.singleShot(0, lambda: window.session.open_project(path))
    return int(app.exec())


def _measure_first_paint(window) -> None:
    """Prints the time from the process's start to the window's first paint, then quits."""
    import psutil
    from PySide6.QtCore import QEvent, QObject, QTimer

    class Watch(QObject):
        seen = False

        def eventFilter(self, watched: QObject, event: QEvent) -> bool:
            if event.type() == QEvent.Type.Paint and not self.seen:
                Watch.seen = True
                QTimer.singleShot(0, self.tell)
            return False

        def tell(self) -> None:
            print(f"first-paint {time.time() - psutil.Process().create_time():.3f}", file=sys.stderr, flush=True)
            window.close()

    watch = Watch(window)
    for widget in (window.viewer, window.viewer.start):
        widget.installEventFilter(watch)


if __name__ == "__main__":
    raise SystemExit(main())
