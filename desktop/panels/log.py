"""The log dock: everything that was said, and the errors by themselves."""

from __future__ import annotations

from PySide6.QtGui import QColor, QFontDatabase, QGuiApplication, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QPlainTextEdit, QTabBar, QWidget

from desktop.panels.parts import column, row, styled, tool_button
from desktop.state import AppState, LogLine
from desktop.style import theme


class LogPanel(QWidget):
    """Two tabs over the same lines: all, and errors."""

    def __init__(self, state: AppState) -> None:
        super().__init__()
        styled(self)
        self._state = state
        self._shown = 0
        self.tabs = QTabBar()
        self.tabs.addTab("All")
        self.tabs.addTab("Errors")
        self.text = QPlainTextEdit(readOnly=True)
        self.text.setAccessibleName("Log")
        self.text.setMaximumBlockCount(5000)
        self.text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        copy = tool_button("copy", "Copy the log")
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.text.toPlainText()))
        top = row()
        top.addWidget(self.tabs)
        top.addStretch()
        top.addWidget(copy)
        layout = column(self, 0, 0)
        layout.setContentsMargins(8, 0, 8, 4)
        layout.addLayout(top)
        layout.addWidget(self.text, 1)
        self.tabs.currentChanged.connect(self.rebuild)
        state.subscribe("log", self._append)
        self.rebuild()

    def errors(self) -> int:
        """How many errors the log holds."""
        return sum(line.level == "error" for line in self._state.log)

    def rebuild(self) -> None:
        """Writes all lines again (another tab, another theme)."""
        self.text.clear()
        for line in self._state.log:
            self._write(line)
        self._retitle()

    def _append(self) -> None:
        if self._state.log:
            self._write(self._state.log[-1])
        self._retitle()

    def _retitle(self) -> None:
        count = self.errors()
        self.tabs.setTabText(1, f"Errors {count}" if count else "Errors")

    def _write(self, line: LogLine) -> None:
        if self.tabs.currentIndex() == 1 and line.level != "error":
            return
        colors = {"error": theme.current().error, "warning": theme.current().warn}
        cursor = self.text.textCursor()
        cursor.movePosition(QTextCursor.MoveOperation.End)
        if not self.text.document().isEmpty():
            cursor.insertBlock()
        kind = QTextCharFormat()
        kind.setForeground(QColor(theme.current().muted))
        cursor.insertText(f"{line.time}  ", kind)
        kind.setForeground(QColor(colors.get(line.level, theme.current().text)))
        cursor.insertText(line.text, kind)
        bar = self.text.verticalScrollBar()
        bar.setValue(bar.maximum())
