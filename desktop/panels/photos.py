"""The photos dock: thumbnails with badges, filter, switch on and off, remove."""

from __future__ import annotations

from PySide6.QtCore import QItemSelectionModel, QPoint, Qt, Signal
from PySide6.QtWidgets import QAbstractItemView, QComboBox, QLineEdit, QListView, QMenu, QWidget

from desktop.commands.actions import Actions
from desktop.panels.parts import column, row, styled
from desktop.panels.photo_delegate import CELL, PhotoDelegate
from desktop.panels.photo_model import FILTERS, PHOTO, PhotoFilter, PhotoModel
from desktop.state import AppState


class PhotosPanel(QWidget):
    """Shows the photos; selecting one makes it the subject of the inspector."""

    opened = Signal(str)

    def __init__(self, state: AppState, actions: Actions) -> None:
        super().__init__()
        styled(self)
        self._state, self._actions = state, actions
        self.model = PhotoModel(state, self)
        self.filter = PhotoFilter(self.model)
        self.search = QLineEdit(placeholderText="Filter by name", clearButtonEnabled=True)
        self.search.setAccessibleName("Filter photos by name")
        self.kind = QComboBox()
        self.kind.addItems(FILTERS)
        self.kind.setAccessibleName("Which photos are shown")
        self.kind.setMinimumContentsLength(5)
        self.kind.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.view = _list()
        self.view.setModel(self.filter)
        self.view.setItemDelegate(PhotoDelegate(self.view))
        self.view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.view.customContextMenuRequested.connect(self._menu)
        self.view.doubleClicked.connect(lambda index: self.opened.emit(index.data(PHOTO).id))
        self.view.selectionModel().selectionChanged.connect(self._selected)
        self.search.textChanged.connect(self._narrow)
        self.kind.currentTextChanged.connect(self._narrow)
        top = row()
        top.addWidget(self.search, 1)
        top.addWidget(self.kind)
        layout = column(self, 8, 8)
        layout.setContentsMargins(8, 4, 8, 0)
        layout.addLayout(top)
        layout.addWidget(self.view, 1)
        state.subscribe("photos", self._sync)
        state.subscribe("selection", self._follow)
        self._sync()

    def selected(self) -> tuple[str, ...]:
        """Ids of the selected photos."""
        return tuple(index.data(PHOTO).id for index in self.view.selectionModel().selectedIndexes())

    def _narrow(self) -> None:
        self.filter.narrow(self.search.text(), self.kind.currentText())

    def _sync(self) -> None:
        useful = len(self._state.photos) > 0
        self.search.setEnabled(useful)
        self.kind.setEnabled(useful)

    def _selected(self) -> None:
        names = self.selected()
        if names:
            self._state.select("photo", *names)

    def _follow(self) -> None:
        """Selects what was selected elsewhere (the viewport, the compare view)."""
        chosen = self._state.selection
        if chosen.kind != "photo" or chosen.names == self.selected():
            if chosen.kind != "photo":
                self.view.selectionModel().blockSignals(True)
                self.view.clearSelection()
                self.view.selectionModel().blockSignals(False)
                self.view.viewport().update()
            return
        model = self.view.selectionModel()
        for number in range(self.filter.rowCount()):
            index = self.filter.index(number, 0)
            if index.data(PHOTO).id == chosen.names[0]:
                model.setCurrentIndex(index, QItemSelectionModel.SelectionFlag.ClearAndSelect)
                return

    def _menu(self, place: QPoint) -> None:
        if not self.selected():
            return
        menu = QMenu(self)
        for name in ("photo_open", "photo_use", "photo_leave", "photo_remove", "photo_folder"):
            menu.addAction(self._actions[name])
        menu.popup(self.view.viewport().mapToGlobal(place))


def _list() -> QListView:
    view = QListView()
    view.setObjectName("photos")
    view.setAccessibleName("Photos")
    view.setViewMode(QListView.ViewMode.IconMode)
    view.setResizeMode(QListView.ResizeMode.Adjust)
    view.setMovement(QListView.Movement.Static)
    view.setUniformItemSizes(True)
    view.setGridSize(CELL)
    view.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
    view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    view.setDragDropMode(QAbstractItemView.DragDropMode.NoDragDrop)
    view.setMouseTracking(True)
    view.setFrameShape(QListView.Shape.NoFrame)
    view.setMinimumWidth(CELL.width() + 12)
    return view
