"""Drag and drop: photos, folders and projects may be dropped anywhere on the window."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QEvent, QObject, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QLabel, QWidget

from desktop.state import AppState


class Drops(QObject):
    """Says what a drop would do while something is dragged over the window, and does it.

    Args:
        window: Where things are dropped.
        middle: The part of it that the hint covers.
        state: Names the open project.
        add_photos: Called with files and folders.
        open_project: Called with a project's folder.
    """

    def __init__(
        self,
        window: QWidget,
        middle: QWidget,
        state: AppState,
        add_photos: Callable[[Sequence[Path]], Any],
        open_project: Callable[[Path], Any],
    ) -> None:
        super().__init__(window)
        self._middle, self._state, self._add_photos, self._open_project = middle, state, add_photos, open_project
        self.hint = QLabel(window, alignment=Qt.AlignmentFlag.AlignCenter)
        self.hint.setObjectName("drop-hint")
        self.hint.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hint.hide()
        window.setAcceptDrops(True)
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Takes the window's drag and drop events."""
        if isinstance(event, QDragEnterEvent):
            self._entered(event)
        elif event.type() == QEvent.Type.DragLeave:
            self.hint.hide()
        elif isinstance(event, QDropEvent) and event.type() == QEvent.Type.Drop:
            self._dropped(event)
        else:
            return False
        return True

    def _entered(self, event: QDragEnterEvent) -> None:
        paths = local_paths(event.mimeData().urls())
        if paths:
            event.acceptProposedAction()
            self.hint.setText(hint_text(paths, self._state.name))
            self.hint.setGeometry(self._middle.geometry().adjusted(16, 16, -16, -16))
            self.hint.show()
            self.hint.raise_()

    def _dropped(self, event: QDropEvent) -> None:
        self.hint.hide()
        paths = local_paths(event.mimeData().urls())
        if not paths:
            return
        event.acceptProposedAction()
        if is_project(paths):
            self._open_project(paths[0])
        else:
            self._add_photos(paths)


def hint_text(paths: Sequence[Path], project: str) -> str:
    """What dropping the files and folders will do; `project` is the name of the open one, '' without."""
    what = f"'{paths[0].name}'" if len(paths) == 1 else f"{len(paths)} files"
    if is_project(paths):
        return f"Open the project {what}"
    return f"Add {what} to '{project}'" if project else f"Make a project of {what}"


def is_project(paths: Sequence[Path]) -> bool:
    """One folder, and it is a project."""
    return len(paths) == 1 and (paths[0] / "manifest.json").exists()


def local_paths(urls: Sequence[QUrl]) -> list[Path]:
    """Files and folders of this machine among what is dragged."""
    return [Path(url.toLocalFile()) for url in urls if url.isLocalFile()]
