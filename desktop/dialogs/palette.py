"""The command palette: all actions, filtered while typing."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QDialog, QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from desktop.commands.actions import TABLE, Actions, keys_of


class CommandPalette(QDialog):
    """Type, arrow keys, Enter. Actions that cannot be used now are not listed."""

    def __init__(self, actions: Actions, more: list[tuple[str, QAction]], parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setAccessibleName("Commands")
        self._entries = [(f"{TABLE[name].menu}: {TABLE[name].text}", keys_of(name), actions[name]) for name in actions if name != "palette"]
        self._entries += [(text, "", action) for text, action in more]
        self.edit = QLineEdit(placeholderText="Type a command", clearButtonEnabled=True)
        self.list = QListWidget()
        self.list.setUniformItemSizes(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.setSpacing(8)
        layout.addWidget(self.edit)
        layout.addWidget(self.list, 1)
        self.edit.textChanged.connect(self.narrow)
        self.edit.returnPressed.connect(self._run)
        self.edit.installEventFilter(self)
        self.list.itemActivated.connect(lambda _: self._run())
        self.list.itemClicked.connect(lambda _: self._run())
        self.resize(520, 380)
        self.narrow("")

    def narrow(self, text: str) -> None:
        """Lists the actions that contain every word of `text`."""
        words = text.casefold().split()
        self.list.clear()
        for title, keys, action in self._entries:
            if action.isEnabled() and all(word in title.casefold() for word in words):
                item = QListWidgetItem(action.icon(), f"{title}    {keys}" if keys else title)
                item.setData(Qt.ItemDataRole.UserRole, action)
                item.setToolTip(action.toolTip())
                self.list.addItem(item)
        self.list.setCurrentRow(0)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Arrow keys move in the list while the text has the focus."""
        if event.type() == QEvent.Type.KeyPress and event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):  # type: ignore[attr-defined]
            step = 1 if event.key() == Qt.Key.Key_Down else -1  # type: ignore[attr-defined]
            self.list.setCurrentRow((self.list.currentRow() + step) % max(self.list.count(), 1))
            return True
        return False

    def _run(self) -> None:
        item = self.list.currentItem()
        self.close()
        if item is not None:
            item.data(Qt.ItemDataRole.UserRole).trigger()
