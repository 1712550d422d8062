"""The dialogs that ask for files and folders. None of them stops the window; each calls back with what was chosen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QWidget

from desktop.preferences import projects_folder, untitled

PHOTOS = "Photos (*.jpg *.jpeg *.jpe *.png *.tif *.tiff *.webp *.heic *.heif *.bmp *.JPG *.JPEG *.PNG *.TIF *.HEIC)"


def new_project(parent: QWidget, chosen: Callable[[Path], Any]) -> None:
    """Where a new project goes; suggests 'Untitled' in the documents."""
    suggestion = untitled(projects_folder())
    dialog = _dialog(parent, "New project: name its folder", _made(suggestion.parent))
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setLabelText(QFileDialog.DialogLabel.Accept, "Create")
    dialog.setOption(QFileDialog.Option.DontConfirmOverwrite)
    dialog.selectFile(suggestion.name)
    dialog.fileSelected.connect(lambda path: chosen(Path(path)))
    dialog.open()


def open_project(parent: QWidget, chosen: Callable[[Path], Any]) -> None:
    """Which project folder to open."""
    dialog = _dialog(parent, "Open a project folder", projects_folder())
    dialog.setFileMode(QFileDialog.FileMode.Directory)
    dialog.setOption(QFileDialog.Option.ShowDirsOnly)
    dialog.fileSelected.connect(lambda path: chosen(Path(path)))
    dialog.open()


def add_photos(parent: QWidget, chosen: Callable[[Sequence[Path]], Any]) -> None:
    """Which photos to add."""
    dialog = _dialog(parent, "Add photos", Path.home())
    dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
    dialog.setNameFilters([PHOTOS, "All files (*)"])
    dialog.filesSelected.connect(lambda names: chosen([Path(name) for name in names]))
    dialog.open()


def add_folder(parent: QWidget, chosen: Callable[[Sequence[Path]], Any]) -> None:
    """Which folder's photos to add."""
    dialog = _dialog(parent, "Add all photos of a folder", Path.home())
    dialog.setFileMode(QFileDialog.FileMode.Directory)
    dialog.fileSelected.connect(lambda name: chosen([Path(name)]))
    dialog.open()


def picture(parent: QWidget, folder: Path, name: str, chosen: Callable[[str], Any]) -> None:
    """Where the picture of the view goes."""
    dialog = _dialog(parent, "Save picture of the view", folder)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setNameFilter("PNG (*.png)")
    dialog.setDefaultSuffix("png")
    dialog.selectFile(f"{name}.png")
    dialog.fileSelected.connect(chosen)
    dialog.open()


def _made(folder: Path) -> Path:
    """The folder, made if possible."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return Path.home()
    return folder


def _dialog(parent: QWidget, title: str, folder: Path) -> QFileDialog:
    place = next(p for p in (folder, *folder.parents) if p.is_dir())
    dialog = QFileDialog(parent, title, str(place))
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    return dialog
