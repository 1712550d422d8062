"""The message bar: what went wrong, why, and what to do, over the middle; never a dialog."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QFrame, QLabel, QVBoxLayout, QWidget

from desktop.panels.parts import push_button, row, tool_button, wrapped
from desktop.state import AppState, Message
from desktop.style import theme

ICONS = {"error": ("warning-circle-fill", "error"), "warn": ("warning-fill", "warn"), "info": ("info-fill", "info")}
ACTIONS = {"resume": "Resume"}


class MessageBar(QWidget):
    """Shows the state's messages, newest on top."""

    action = Signal(str)

    def __init__(self, state: AppState) -> None:
        super().__init__()
        self._state = state
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(8, 8, 8, 8)
        self._layout.setSpacing(4)
        state.subscribe("messages", self._sync)
        self._sync()

    def _sync(self) -> None:
        while (item := self._layout.takeAt(0)) is not None:
            card = item.widget()
            if card is not None:
                card.hide()
                card.deleteLater()
        for message in self._state.messages:
            self._layout.addWidget(self._card(message))
        self.setVisible(bool(self._state.messages))

    def _card(self, message: Message) -> QFrame:
        card = QFrame()
        card.setObjectName("message")
        card.setProperty("level", message.level)
        card.setAccessibleName(message.text)
        name, color = ICONS[message.level]
        mark = QLabel()
        mark.setPixmap(theme.icon(name, color).pixmap(QSize(18, 18), self.devicePixelRatioF()))
        mark.setAlignment(Qt.AlignmentFlag.AlignTop)
        words = QVBoxLayout()
        words.setSpacing(2)
        what = wrapped(message.what, "heading")
        what.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        words.addWidget(what)
        rest = " ".join(part for part in (message.why, message.remedy) if part)
        if rest:
            more = wrapped(rest)
            more.setTextFormat(Qt.TextFormat.PlainText)
            more.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            words.addWidget(more)
        layout = row(10, 10)
        layout.addWidget(mark, 0, Qt.AlignmentFlag.AlignTop)
        layout.addLayout(words, 1)
        if message.action in ACTIONS:
            button = push_button(ACTIONS[message.action])
            button.clicked.connect(lambda: self.action.emit(message.action))
            layout.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        close = tool_button("x", "Dismiss (it stays in the log)")
        close.clicked.connect(lambda: self._state.dismiss(message))
        layout.addWidget(close, 0, Qt.AlignmentFlag.AlignTop)
        card.setLayout(layout)
        return card
