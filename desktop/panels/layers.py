"""The layers dock: what the project has to show, with counts and check boxes."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHeaderView, QTreeWidget, QTreeWidgetItem

from desktop.state import AppState

TITLES = {
    "cameras": "Cameras",
    "sparse": "Sparse points",
    "cloud": "Dense points",
    "refined": "Refined points",
    "mesh": "Mesh",
    "textured": "Textured mesh",
    "cloud_distance": "Points by distance",
    "mesh_distance": "Mesh by distance",
}


class LayersPanel(QTreeWidget):
    """One row a layer."""

    def __init__(self, state: AppState) -> None:
        super().__init__()
        self.setObjectName("layers")
        self.setAccessibleName("Layers")
        self._state = state
        self._filling = False
        self.setColumnCount(2)
        self.setHeaderHidden(True)
        self.setRootIsDecorated(False)
        self.setIndentation(8)
        self.setFrameShape(QTreeWidget.Shape.NoFrame)
        self.header().setStretchLastSection(False)
        self.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.itemChanged.connect(self._changed)
        self.itemSelectionChanged.connect(self._selected)
        state.subscribe("layers", self._sync)
        state.subscribe("selection", self._follow)
        self._sync()

    def _sync(self) -> None:
        """Updates rows in place; they are made anew only when there are other layers (never while a row is being clicked)."""
        layers = self._state.layers
        self._filling = True
        if self._names() != [layer.name for layer in layers] or not layers:
            self._rebuild()
        for number, layer in enumerate(layers):
            item = self.topLevelItem(number)
            if item is None:
                continue
            count = "" if layer.count is None else f"{layer.count:,}"
            item.setText(1, count)
            item.setCheckState(0, Qt.CheckState.Checked if layer.visible else Qt.CheckState.Unchecked)
            item.setToolTip(0, f"{count} {layer.unit}\n{layer.path}".strip())
            item.setToolTip(1, f"{count} {layer.unit}")
        self._filling = False

    def _names(self) -> list[str]:
        items = [self.topLevelItem(number) for number in range(self.topLevelItemCount())]
        return [item.data(0, Qt.ItemDataRole.UserRole) for item in items if item is not None]

    def _rebuild(self) -> None:
        self.clear()
        for layer in self._state.layers:
            item = QTreeWidgetItem([TITLES.get(layer.name, layer.name), ""])
            item.setData(0, Qt.ItemDataRole.UserRole, layer.name)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            item.setTextAlignment(1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            self.addTopLevelItem(item)
        if not self._state.layers:
            item = QTreeWidgetItem(["Nothing to show yet"])
            item.setForeground(0, self.palette().placeholderText())
            item.setFlags(Qt.ItemFlag.NoItemFlags)
            self.addTopLevelItem(item)

    def _changed(self, item: QTreeWidgetItem, column: int) -> None:
        name = item.data(0, Qt.ItemDataRole.UserRole)
        if not self._filling and name:
            self._state.show_layer(name, item.checkState(0) == Qt.CheckState.Checked)

    def _selected(self) -> None:
        names = [item.data(0, Qt.ItemDataRole.UserRole) for item in self.selectedItems()]
        if not self._filling and names and names[0]:
            self._state.select("layer", names[0])

    def _follow(self) -> None:
        if self._state.selection.kind != "layer" and self.selectedItems():
            self._filling = True
            self.clearSelection()
            self._filling = False
