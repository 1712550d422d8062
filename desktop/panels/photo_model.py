"""The photos as a Qt model: thumbnails arrive from threads, verdicts from the state."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QSortFilterProxyModel, Qt
from PySide6.QtGui import QImage, QPixmap

from desktop.jobs.background import Background
from desktop.jobs.pictures import read_thumbnail
from desktop.state import AppState, PhotoItem

Index = QModelIndex | QPersistentModelIndex
PHOTO = Qt.ItemDataRole.UserRole + 1
FILTERS = ("All", "Worth a look", "Placed", "Not placed", "Left out")

VERDICTS = {
    "ok": ("ok", "ok"),
    "blurred": ("blur", "warn"),
    "dark": ("dark", "warn"),
    "bright": ("bright", "warn"),
    "duplicate": ("twin", "warn"),
    "small": ("small", "error"),
    "unreadable": ("broken", "error"),
}
"""Verdict -> (badge text, colour token)."""


class PhotoModel(QAbstractListModel):
    """Photos in project order."""

    def __init__(self, state: AppState, parent: Any = None) -> None:
        super().__init__(parent)
        self._state = state
        self._items: tuple[PhotoItem, ...] = ()
        self._thumbnails: dict[tuple[str, Path], QPixmap | None] = {}
        self._threads = Background(1, "thumbnails", self)
        state.subscribe("photos", self._sync)

    def _sync(self) -> None:
        items = self._state.photos
        if [x.id for x in items] == [x.id for x in self._items]:
            self._items = items
            if items:
                self.dataChanged.emit(self.index(0), self.index(len(items) - 1))
            return
        self.beginResetModel()
        self._items = items
        self.endResetModel()
        keys = {(x.id, x.file) for x in items}
        self._thumbnails = {key: picture for key, picture in self._thumbnails.items() if key in keys}

    def rowCount(self, parent: Index | None = None) -> int:
        """How many photos there are."""
        return 0 if parent is not None and parent.isValid() else len(self._items)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Name, thumbnail, tooltip or the `PhotoItem` itself."""
        item = self._items[index.row()]
        if role == Qt.ItemDataRole.DisplayRole or role == Qt.ItemDataRole.AccessibleTextRole:
            return item.id
        if role == Qt.ItemDataRole.ToolTipRole:
            return tooltip(item)
        if role == Qt.ItemDataRole.DecorationRole:
            return self._thumbnail(item)
        return item if role == PHOTO else None

    def _thumbnail(self, item: PhotoItem) -> QPixmap | None:
        key = (item.id, item.file)
        if key not in self._thumbnails:
            self._thumbnails[key] = None
            ready = self._state.thumbnails.get(item.id)
            self._threads.submit(lambda: read_thumbnail(item.file, ready), lambda image: self._arrived(key, image), lambda _: None)
        return self._thumbnails[key]

    def _arrived(self, key: tuple[str, Path], image: QImage) -> None:
        if key in self._thumbnails and not image.isNull():
            self._thumbnails[key] = QPixmap.fromImage(image)
            for number, item in enumerate(self._items):
                if item.id == key[0]:
                    self.dataChanged.emit(self.index(number), self.index(number), [Qt.ItemDataRole.DecorationRole])

    def close(self) -> None:
        """Ends the thread."""
        self._threads.close()


class PhotoFilter(QSortFilterProxyModel):
    """Narrows the list by name and by what somebody looks for."""

    def __init__(self, model: PhotoModel) -> None:
        super().__init__(model)
        self.setSourceModel(model)
        self._text, self._kind = "", FILTERS[0]

    def narrow(self, text: str, kind: str) -> None:
        """Shows photos whose name contains `text` and that fit `kind`, one of `FILTERS`."""
        self.beginResetModel()
        self._text, self._kind = text.casefold(), kind
        self.endResetModel()
        self.invalidate()

    def filterAcceptsRow(self, row: int, parent: Index) -> bool:
        """Whether the photo is shown."""
        item: PhotoItem = self.sourceModel().index(row, 0, parent).data(PHOTO)
        fits = {
            "All": True,
            "Worth a look": item.has_problem,
            "Placed": item.registered is True,
            "Not placed": item.registered is False,
            "Left out": not item.enabled,
        }[self._kind]
        return fits and self._text in item.id.casefold()


def tooltip(item: PhotoItem) -> str:
    """Name, verdict with its figure, whether it was placed and why not."""
    lines = [item.id]
    if item.reason:
        lines.append(item.reason)
    elif item.verdict == "ok":
        lines.append("Sharp and well exposed.")
    if item.registered is True and item.error_px is not None:
        lines.append(f"Placed, reprojection error {item.error_px:.2f} px.")
    elif item.registered is False:
        lines.append(f"Not placed: {item.registration}" if item.registration else "Not placed.")
    if not item.enabled:
        lines.append("Left out.")
    return "\n".join(lines)
