"""The export dialog: what, as which file, where. Writing happens in a process of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QDialog,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from desktop.jobs.voxels import RESOLUTION
from desktop.panels.layers import TITLES
from desktop.panels.parts import label, push_button, wrapped
from desktop.state import AppState, LayerItem

FORMATS = {
    "mesh": {
        ".obj": "OBJ: Blender, MeshLab and most others",
        ".glb": "GLB: web, game engines, viewers",
        ".ply": "PLY: all attributes, binary",
        ".stl": "STL: 3D printing, shape only",
    },
    "cloud": {
        ".ply": "PLY: all attributes, binary",
        ".xyz": "XYZ: text, position and colour",
        ".pts": "PTS: text, for laser scan software",
    },
    "voxels": {
        ".npz": "NPZ: distances, weights and occupancy, for numpy",
        ".ply": "PLY: occupied voxels as boxes",
        ".obj": "OBJ: occupied voxels as boxes",
        ".glb": "GLB: occupied voxels as boxes",
    },
}
_NAMES = {**TITLES, "voxels": "Voxel grid"}
BYTES: dict[str, dict[str, int]] = {
    "mesh": {".obj": 94, ".glb": 29, ".ply": 27, ".stl": 50},
    "cloud": {".ply": 33, ".xyz": 49, ".pts": 53},
    "voxels": {},
}
"""Rough bytes for each face or point, for the estimate."""


class ExportDialog(QDialog):
    """Non-modal. `write(kind, source, target)` is called when somebody presses Export."""

    def __init__(self, state: AppState, write: Callable[[str, Path, Path], None], parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Export")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._write = write
        self._layers = {layer.name: layer for layer in state.layers if layer.kind != "cameras"}
        if state.project is not None and "cloud" in self._layers:
            self._layers["voxels"] = LayerItem("voxels", "voxels", state.project, "", RESOLUTION, "along the longest side")
        self._folder = (state.project or Path.home()) / "outputs"
        self._stem = state.name or "model"
        self.what = QButtonGroup(self)
        self.format = QComboBox()
        self.target = QLineEdit()
        self.target.setMinimumWidth(300)
        self.note = wrapped("", "small")
        self.go = push_button("Export", primary=True)
        self.go.setDefault(True)
        self._lay_out()
        self.format.currentIndexChanged.connect(self._retarget)
        self.target.textChanged.connect(self._judge)
        self.go.clicked.connect(self._export)
        self._choose()

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setSpacing(12)
        choices = QVBoxLayout()
        choices.setSpacing(6)
        order = [name for name in ("mesh", "refined", "cloud", "sparse", "voxels") if name in self._layers]
        for number, name in enumerate(order):
            layer = self._layers[name]
            count = f"   {layer.count:,} {layer.unit}" if layer.count is not None else ""
            button = QRadioButton(f"{_NAMES[name]}{count}")
            button.setProperty("layer", name)
            button.setChecked(number == 0)
            button.toggled.connect(self._choose)
            self.what.addButton(button)
            choices.addWidget(button)
        form.addRow(label("What"), choices)
        form.addRow("&Format", self.format)
        place = QHBoxLayout()
        place.addWidget(self.target, 1)
        browse = push_button("Browse…")
        browse.clicked.connect(self._browse)
        place.addWidget(browse)
        form.addRow(label("File"), place)
        buttons = QHBoxLayout()
        buttons.addStretch()
        cancel = push_button("Cancel")
        cancel.clicked.connect(self.close)
        buttons.addWidget(cancel)
        buttons.addWidget(self.go)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(12)
        layout.addLayout(form)
        layout.addWidget(self.note)
        layout.addLayout(buttons)

    @property
    def layer(self) -> LayerItem:
        """What is chosen."""
        chosen = self.what.checkedButton()
        return self._layers[chosen.property("layer")] if chosen is not None else next(iter(self._layers.values()))

    @property
    def path(self) -> Path:
        """Where it will be written."""
        return Path(self.target.text()).expanduser()

    def _kind(self) -> str:
        return self.layer.kind if self.layer.kind in ("mesh", "voxels") else "cloud"

    def _choose(self) -> None:
        self.format.blockSignals(True)
        self.format.clear()
        for suffix, text in FORMATS[self._kind()].items():
            self.format.addItem(text, suffix)
        self.format.blockSignals(False)
        self._retarget()

    def _retarget(self) -> None:
        old = self.path if self.target.text() else self._folder / "x"
        part = {"mesh": "", "refined": " refined points", "cloud": " points", "sparse": " sparse points", "voxels": " voxels"}[
            self.layer.name
        ]
        self.target.setText(str(old.parent / f"{self._stem}{part}{self.format.currentData()}"))
        self._judge()

    def _judge(self) -> None:
        """Size, and what stands in the way."""
        path, suffix = self.path, self.path.suffix.lower()
        size = (self.layer.count or 0) * BYTES[self._kind()].get(suffix, 0)
        problem = ""
        if suffix not in FORMATS[self._kind()]:
            problem = f"'{suffix or path.name}' is not a format for this. Choose {', '.join(FORMATS[self._kind()])}."
        elif not path.parent.is_dir():
            problem = f"The folder '{path.parent}' does not exist."
        elif path == self.layer.path:
            problem = "That is the project's own file. Choose another name."
        about = f"About {size / 1e6:,.1f} MB." if size else ""
        replaced = " The file is there already and will be replaced." if path.exists() and not problem else ""
        self.note.setText(problem or about + replaced)
        self.go.setEnabled(not problem)

    def _browse(self) -> None:
        filters = ";;".join(f"{text.split(':')[0]} (*{suffix})" for suffix, text in FORMATS[self._kind()].items())
        dialog = QFileDialog(self, "Export to", str(self.path.parent), filters)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.selectFile(self.path.name)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self.target.setText)
        dialog.open()

    def _export(self) -> None:
        self._write("sparse" if self.layer.kind == "sparse" else self._kind(), self.layer.path, self.path)
        self.close()
