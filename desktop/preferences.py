"""What the window remembers between sessions: theme, device, recent projects, its own size and docks."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from platformdirs import user_config_dir, user_documents_dir
from PySide6.QtCore import QByteArray, QSettings

RECENTS = 8
THEMES = ("system", "light", "dark")
DEVICES = ("auto", "cpu", "cuda", "mps")


class Preferences:
    """Settings in one INI file; `PHOTOLITH_CONFIG_DIR` puts it somewhere else."""

    def __init__(self, folder: Path | None = None) -> None:
        place = folder or Path(os.environ.get("PHOTOLITH_CONFIG_DIR") or user_config_dir("photolith", appauthor=False))
        self._settings = QSettings(str(place / "window.ini"), QSettings.Format.IniFormat)

    @property
    def theme(self) -> str:
        """'system', 'light' or 'dark'."""
        return self._choice("theme", THEMES)

    @theme.setter
    def theme(self, value: str) -> None:
        self._settings.setValue("theme", value)

    @property
    def device(self) -> str:
        """'auto', 'cpu', 'cuda' or 'mps'."""
        return self._choice("device", DEVICES)

    @device.setter
    def device(self, value: str) -> None:
        self._settings.setValue("device", value)

    @property
    def recents(self) -> tuple[Path, ...]:
        """Projects opened last that are still there, newest first."""
        stored: Any = self._settings.value("recents", [])
        names = [stored] if isinstance(stored, str) else list(stored or [])
        return tuple(Path(name) for name in names if (Path(name) / "manifest.json").exists())[:RECENTS]

    def remember(self, project: Path) -> None:
        """Puts a project on top of the recent ones."""
        names = [str(project), *(str(path) for path in self.recents if path != project)]
        self._settings.setValue("recents", names[:RECENTS])

    def layout(self) -> tuple[QByteArray, QByteArray]:
        """Geometry and state of the main window; empty when nothing was saved."""
        return self._bytes("geometry"), self._bytes("docks")

    def save_layout(self, geometry: QByteArray, docks: QByteArray) -> None:
        """Remembers geometry and state of the main window."""
        self._settings.setValue("geometry", geometry)
        self._settings.setValue("docks", docks)
        self._settings.sync()

    def _choice(self, name: str, allowed: tuple[str, ...]) -> str:
        value = str(self._settings.value(name, allowed[0]))
        return value if value in allowed else allowed[0]

    def _bytes(self, name: str) -> QByteArray:
        value: Any = self._settings.value(name)
        return value if isinstance(value, QByteArray) else QByteArray()


def projects_folder() -> Path:
    """Where new projects go: 'Photolith' in the user's documents; `PHOTOLITH_PROJECTS_DIR` puts it somewhere else."""
    return Path(os.environ.get("PHOTOLITH_PROJECTS_DIR") or Path(user_documents_dir()) / "Photolith")


def untitled(folder: Path, stem: str = "Untitled") -> Path:
    """A project path in `folder` that does not exist yet: 'Untitled', 'Untitled 2', ..."""
    number = 1
    while (path := folder / (stem if number == 1 else f"{stem} {number}")).exists():
        number += 1
    return path
