"""Preferences: theme and device. What is chosen holds at once; closing is all there is to do."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QDialog, QFormLayout, QVBoxLayout, QWidget

from desktop.panels.parts import push_button, wrapped
from desktop.preferences import DEVICES, THEMES, Preferences

WORDS = {
    "system": "As the system",
    "light": "Light",
    "dark": "Dark",
    "auto": "Automatic (GPU where there is one)",
    "cpu": "Processor (CPU)",
    "cuda": "NVIDIA GPU (CUDA)",
    "mps": "Apple GPU (MPS)",
}


class PreferencesDialog(QDialog):
    """Non-modal; `changed` is called after every choice."""

    def __init__(self, preferences: Preferences, changed: Callable[[], None], parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Preferences")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._preferences, self._changed = preferences, changed
        form = QFormLayout()
        form.setSpacing(12)
        self.theme = _box(THEMES, preferences.theme)
        self.device = _box(DEVICES, preferences.device)
        self.theme.currentIndexChanged.connect(self._store)
        self.device.currentIndexChanged.connect(self._store)
        form.addRow("&Theme", self.theme)
        form.addRow("&Device", self.device)
        note = wrapped("The device is used from the next run on.", "small")
        close = push_button("Close")
        close.clicked.connect(self.close)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(12)
        layout.addLayout(form)
        layout.addWidget(note)
        layout.addWidget(close, 0, Qt.AlignmentFlag.AlignRight)
        self.setMinimumWidth(420)

    def _store(self) -> None:
        self._preferences.theme = self.theme.currentData()
        self._preferences.device = self.device.currentData()
        self._changed()


def _box(values: tuple[str, ...], current: str) -> QComboBox:
    box = QComboBox()
    for value in values:
        box.addItem(WORDS[value], value)
    box.setCurrentIndex(values.index(current))
    return box
