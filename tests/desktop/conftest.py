"""The command line in this process; Qt's application and patience, for all tests of the window."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication


@pytest.fixture
def photolith(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str, str]]:
    """Runs a command in this process; gives exit code, stdout and stderr."""

    from desktop.cli.main import main

    def call(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["photolith", *map(str, arguments)])
        capfd.readouterr()
        try:
            code = main()
        except SystemExit as end:
            code = int(end.code or 0)
        return code, *capfd.readouterr()

    return call


@pytest.fixture(scope="session")
def app() -> QApplication:
    """The one application of the process."""
    from PySide6.QtWidgets import QApplication

    existing = QApplication.instance()
    return existing if isinstance(existing, QApplication) else QApplication([])


@pytest.fixture(scope="session")
def until(app: QApplication) -> Callable[..., None]:
    """Lets the event loop run until something is true; fails after 20 s."""

    def wait(condition: Callable[[], Any], seconds: float = 20) -> None:
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, "it did not happen in time"
            app.processEvents()
            time.sleep(0.005)
        app.processEvents()

    return wait
