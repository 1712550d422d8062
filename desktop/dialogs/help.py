"""Help texts: good photos, mouse and keys, about. Non-modal."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QVBoxLayout, QWidget

from desktop.panels.pages import ADVICE
from desktop.panels.parts import label, push_button, wrapped

MOUSE = (
    ("Drag", "turn the model"),
    ("Middle or Shift + drag", "move it"),
    ("Wheel", "zoom to the pointer"),
    ("Double click", "turn about this point"),
    ("F", "fit the model to the view"),
    ("1 to 6", "front, back, left, right, top, bottom"),
    ("C, Shift + C", "look through the next or previous photo's camera"),
)


def guide(parent: QWidget) -> QDialog:
    """What good photos are."""
    return _dialog("How to take good photos", [f"• {text}" for _, text in ADVICE], parent)


def mouse(parent: QWidget) -> QDialog:
    """Mouse and keys in the 3D view."""
    rows = "".join(
        f"<tr><td style='padding:3px 24px 3px 0'><b>{keys}</b></td><td style='padding:3px 0'>{what}</td></tr>" for keys, what in MOUSE
    )
    return _dialog("Mouse and keys in the 3D view", [f"<table>{rows}</table>"], parent)


def about(parent: QWidget) -> QDialog:
    """Version and licence."""
    try:
        number = version("photolith")
    except PackageNotFoundError:
        number = "from source"
    lines = [
        f"Version {number}",
        "Photographs in, inspected and exportable 3D models out, on your own machine.",
        "Apache License 2.0. Built on PyTorch, Open3D, COLMAP (pycolmap), OpenCV, trimesh and Qt.",
    ]
    return _dialog("Photolith", lines, parent)


def _dialog(title: str, lines: list[str], parent: QWidget) -> QDialog:
    dialog = QDialog(parent)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setWindowTitle(title)
    layout = QVBoxLayout(dialog)
    layout.setContentsMargins(24, 24, 24, 16)
    layout.setSpacing(10)
    layout.addWidget(label(title, "title"))
    for line in lines:
        layout.addWidget(wrapped(line))
    close = push_button("Close")
    close.clicked.connect(dialog.close)
    layout.addSpacing(8)
    layout.addWidget(close, 0, Qt.AlignmentFlag.AlignRight)
    dialog.setMinimumWidth(460)
    return dialog
