"""The pipeline dock: stages with their state and reason, settings folded away, run until here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QLabel, QProgressBar, QToolButton, QVBoxLayout, QWidget

from desktop.commands.actions import Actions
from desktop.panels.parts import clock, column, duration, label, row, scrolled, styled, tool_button, wrapped
from desktop.panels.settings_form import SettingsForm
from desktop.state import AppState, StageItem
from desktop.style import theme

LOOKS = {
    "fresh": ("check-circle-fill", "ok", "Up to date"),
    "stale": ("arrows-clockwise", "warn", "Out of date"),
    "never": ("circle", "muted", "Not run yet"),
    "blocked": ("circle-dashed", "muted", "Waits for earlier stages"),
    "running": ("circle-half-fill", "link", "Running"),
    "failed": ("x-circle-fill", "error", "Failed"),
}
"""State -> (icon, colour token, words)."""


class StageRow(QWidget):
    """One stage: state, title, time; reason below; unfolds to its settings."""

    selected = Signal(str)
    run_until = Signal(str)

    def __init__(self, stage: StageItem, change: Callable[[str, str, Any], None]) -> None:
        super().__init__()
        self.name = stage.name
        self._change = change
        self._settings: Any = None
        self._advanced = False
        self.form: SettingsForm | None = None
        self.setObjectName("stage")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.fold = tool_button("caret-right", "Show settings")
        self.fold.clicked.connect(self.toggle)
        self.mark = QLabel()
        self.mark.setFixedSize(16, 16)
        self.title = label(stage.title)
        self.time = label("", "muted")
        self.go = tool_button("play", f"Run until '{stage.title}'")
        self.go.clicked.connect(lambda: self.run_until.emit(self.name))
        self.why = wrapped("", "small")
        self.why.setIndent(0)
        self.bar = QProgressBar(textVisible=False)
        self._lay_out()
        self.update_stage(stage, None)

    def _lay_out(self) -> None:
        top = row(spacing=6)
        for widget in (self.fold, self.mark, self.title):
            top.addWidget(widget)
        top.addStretch()
        top.addWidget(self.time)
        top.addWidget(self.go)
        below = QVBoxLayout()
        below.setContentsMargins(52, 0, 8, 4)
        below.setSpacing(4)
        below.addWidget(self.why)
        below.addWidget(self.bar)
        layout = column(self, 0, 0)
        layout.setContentsMargins(4, 2, 4, 2)
        layout.addLayout(top)
        layout.addLayout(below)
        self._layout = layout

    def update_stage(self, stage: StageItem, progress: tuple[int, int, float | None] | None) -> None:
        """Shows the stage as it is now; `progress` is (done, total, seconds left) of the running one."""
        icon, color, words = LOOKS[stage.state]
        self.mark.setPixmap(theme.icon(icon, color).pixmap(QSize(16, 16), self.devicePixelRatioF()))
        self.mark.setToolTip(words)
        self.setAccessibleName(f"{stage.title}: {words}. {stage.why}")
        running = stage.state == "running"
        self.why.setText(stage.why)
        self.why.setVisible(bool(stage.why) and stage.state != "fresh" and (stage.state not in ("never", "blocked") or running))
        self.bar.setVisible(running)
        if running and progress is not None:
            done, total, left = progress
            self.bar.setRange(0, total)
            self.bar.setValue(done)
            self.time.setText(f"{clock(left)} left" if left is not None else (f"{done}/{total}" if total else ""))
        else:
            done_in = duration(stage.seconds) if stage.seconds is not None and stage.state in ("fresh", "stale") else ""
            self.time.setText(words if stage.state in ("failed",) else done_in)
        changed = sum(item.changed for item in stage.settings)
        self.fold.setToolTip(f"Show settings ({changed} changed)" if changed else "Show settings")
        if stage.settings != self._settings:
            self._settings = stage.settings
            if self.form is not None:
                self._build_form()

    def set_busy(self, busy: bool) -> None:
        """While something runs no other run can be started."""
        self.go.setEnabled(not busy)

    def toggle(self) -> None:
        """Unfolds or folds the settings."""
        if self.form is not None:
            self._advanced = self.form.advanced
            self.form.hide()
            self.form.deleteLater()
            self.form = None
            theme.set_icon(self.fold, "caret-right", "muted")
        else:
            self._build_form()
            theme.set_icon(self.fold, "caret-down", "muted")

    def _build_form(self) -> None:
        focus = next((name for name, editor in self.form.editors.items() if editor.hasFocus()), "") if self.form is not None else ""
        if self.form is not None:
            self._advanced = self.form.advanced
            self._layout.removeWidget(self.form)
            self.form.hide()
            self.form.deleteLater()
        self.form = SettingsForm(self._settings, lambda name, value: self._change(self.name, name, value), self._advanced)
        self._layout.addWidget(self.form)
        if focus:
            self.form.editors[focus].setFocus()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click makes the stage the inspector's subject."""
        self.selected.emit(self.name)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter shows it in the inspector, space and arrows fold and unfold."""
        unfold = {Qt.Key.Key_Space: None, Qt.Key.Key_Right: True, Qt.Key.Key_Left: False}
        key = Qt.Key(event.key())
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.selected.emit(self.name)
        elif key in unfold and unfold[key] in (None, self.form is None):
            self.toggle()
        else:
            super().keyPressEvent(event)


class PipelinePanel(QWidget):
    """All stages, from photos to mesh."""

    def __init__(
        self, state: AppState, actions: Actions, change: Callable[[str, str, Any], None], run_until: Callable[[str], None]
    ) -> None:
        super().__init__()
        styled(self)
        self._state, self._change, self._run_until = state, change, run_until
        self.rows: dict[str, StageRow] = {}
        body = QWidget()
        self._list = column(body, 0, 0)
        self._list.setContentsMargins(4, 0, 4, 8)
        self._empty = wrapped("Stages appear here when a project is open.", "muted")
        self._empty.setContentsMargins(8, 4, 8, 4)
        self._list.addWidget(self._empty)
        self._list.addStretch()
        column(self, 0, 0).addWidget(scrolled(body))
        state.subscribe("stages", self._sync)
        state.subscribe("job", self._sync)
        self._sync()

    def _sync(self) -> None:
        stages = self._state.shown_stages()
        if list(self.rows) != [stage.name for stage in stages]:
            self._rebuild(stages)
        job = self._state.job
        progress = (job.done, job.total, job.eta_seconds) if job is not None else None
        for stage in stages:
            self.rows[stage.name].update_stage(stage, progress)
            self.rows[stage.name].set_busy(job is not None and not job.quiet)
        self._empty.setVisible(not stages)

    def _rebuild(self, stages: tuple[StageItem, ...]) -> None:
        for old in self.rows.values():
            self._list.removeWidget(old)
            old.deleteLater()
        self.rows = {}
        for number, stage in enumerate(stages):
            item = StageRow(stage, self._change)
            item.selected.connect(lambda name: self._state.select("stage", name))
            item.run_until.connect(self._run_until)
            self._list.insertWidget(number + 1, item)
            self.rows[stage.name] = item


def header_buttons(actions: Actions) -> list[QToolButton]:
    """Run and stop, for the dock's title."""
    buttons = []
    for name in ("run", "stop"):
        button = QToolButton()
        button.setDefaultAction(actions[name])
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
        button.setIconSize(QSize(16, 16))
        button.setProperty("small", True)
        buttons.append(button)
    return buttons
