"""The command palette: all actions, filtered while typing."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QAction, QIcon, QPixmap
from PySide6.QtWidgets import QDialog, QHeaderView, QLineEdit, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from desktop.commands.actions import TABLE, Actions, keys_of


class CommandPalette(QDialog):
    """Type, arrow keys, Enter. Actions that cannot be used now are not listed."""

    def __init__(self, actions: Actions, more: list[tuple[str, QAction]], parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setObjectName("palette")
        self.setAccessibleName("Commands")
        self._entries = [(f"{TABLE[name].menu}: {TABLE[name].text}", keys_of(name), actions[name]) for name in actions if name != "palette"]
        self._entries += [(text, "", action) for text, action in more]
        self.edit = QLineEdit(placeholderText="Type a command", clearButtonEnabled=True)
        self.list = _two_columns()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.setSpacing(8)
        layout.addWidget(self.edit)
        layout.addWidget(self.list, 1)
        self.edit.textChanged.connect(self.narrow)
        self.edit.returnPressed.connect(self._run)
        self.edit.installEventFilter(self)
        self.list.itemClicked.connect(lambda *_: self._run())
        self.resize(520, 380)
        self.narrow("")

    def narrow(self, text: str) -> None:
        """Lists the actions that contain every word of `text`."""
        words = text.casefold().split()
        self.list.clear()
        blank = QIcon(_blank())
        for title, keys, action in self._entries:
            if action.isEnabled() and all(word in title.casefold() for word in words):
                item = QTreeWidgetItem([title, keys])
                item.setIcon(0, action.icon() if not action.icon().isNull() else blank)
                item.setData(0, Qt.ItemDataRole.UserRole, action)
                item.setTextAlignment(1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                item.setForeground(1, self.palette().placeholderText())
                item.setToolTip(0, action.toolTip())
                self.list.addTopLevelItem(item)
        self._choose(0)

    def titles(self) -> list[str]:
        """What is listed now."""
        items = [self.list.topLevelItem(number) for number in range(self.list.topLevelItemCount())]
        return [item.text(0) for item in items if item is not None]

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Arrow keys move in the list while the text has the focus."""
        if event.type() == QEvent.Type.KeyPress and event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):  # type: ignore[attr-defined]
            step = 1 if event.key() == Qt.Key.Key_Down else -1  # type: ignore[attr-defined]
            self._choose((self.list.currentIndex().row() + step) % max(self.list.topLevelItemCount(), 1))
            return True
        return False

    def _choose(self, number: int) -> None:
        self.list.setCurrentIndex(self.list.model().index(number, 0))

    def _run(self) -> None:
        item = self.list.currentItem()
        self.close()
        if item is not None:
            item.data(0, Qt.ItemDataRole.UserRole).trigger()


def _blank() -> QPixmap:
    """Keeps texts in line where an action has no icon."""
    result = QPixmap(16, 16)
    result.fill(Qt.GlobalColor.transparent)
    return result


def _two_columns() -> QTreeWidget:
    """Name left, keys right."""
    result = QTreeWidget()
    result.setColumnCount(2)
    result.setHeaderHidden(True)
    result.setRootIsDecorated(False)
    result.setUniformRowHeights(True)
    result.setIconSize(QSize(16, 16))
    result.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    result.header().setStretchLastSection(False)
    result.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
    result.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
    return result
