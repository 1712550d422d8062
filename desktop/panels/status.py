"""The status bar: what runs with time left and stop | device, cores, memory | figures of the model | log."""

from __future__ import annotations

import psutil
from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtWidgets import QLabel, QProgressBar, QStatusBar, QToolButton, QWidget

from desktop.commands.actions import Actions
from desktop.panels.parts import clock, label, memory, row, tool_button
from desktop.state import AppState
from desktop.style import theme

MEMORY_MS = 2000


class StatusBar(QStatusBar):
    """Three groups: what runs, the machine, the model."""

    def __init__(self, state: AppState, actions: Actions, process_ids) -> None:
        super().__init__()
        self._state, self._process_ids = state, process_ids
        self.setSizeGripEnabled(False)
        self.text = label()
        self.bar = QProgressBar(textVisible=False)
        self.bar.setFixedWidth(160)
        self.left = label("", "muted")
        self.stop = QToolButton()
        self.stop.setDefaultAction(actions["stop"])
        self.stop.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
        self.stop.setIconSize(QSize(14, 14))
        self.stop.setProperty("small", True)
        keep_place(self.stop)
        job = QWidget()
        line = row(0, 8)
        line.setContentsMargins(12, 2, 0, 2)
        for widget in (self.text, self.bar, self.left, self.stop):
            line.addWidget(widget)
        line.addStretch()
        job.setLayout(line)
        self.addWidget(job)
        self.machine = label("", "muted")
        self.figures = label("", "muted", selectable=True)
        self.log = tool_button("terminal-window", "Show or hide the log", size=14)
        self.log.setCheckable(True)
        self.log.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        for widget in (self.machine, _bar(), self.figures, self.log):
            self.addPermanentWidget(widget)
        self._separator = self.findChildren(QLabel, "status-rule")[0]
        self.device = "CPU"
        self._timer = QTimer(self, interval=MEMORY_MS)
        self._timer.timeout.connect(self.measure)
        self._timer.start()
        QTimer.singleShot(50, self, self.measure)
        for topic in ("job", "stages", "photos", "project", "layers"):
            state.subscribe(topic, self._sync)
        state.subscribe("log", self._sync_log)
        self._sync()
        self._sync_log()

    def say(self, text: str) -> None:
        """A passing sentence."""
        if self._state.job is None:
            self.text.setText(self.text.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, max(240, self.width() // 3)))
            self.text.setToolTip(text)
            QTimer.singleShot(6000, self, self._sync)

    def measure(self) -> None:
        """Memory of window, worker and renderer."""
        total = 0
        for pid in self._process_ids():
            try:
                total += psutil.Process(pid).memory_info().rss
            except psutil.Error:
                continue
        cores = len(psutil.Process().cpu_affinity()) if hasattr(psutil.Process, "cpu_affinity") else psutil.cpu_count()
        self.machine.setText(f"{self.device} · {cores} cores · {memory(total)}")
        self.machine.setToolTip("Device for computing · processor cores · memory of window, worker and renderer together")

    def _sync(self) -> None:
        job = self._state.job
        for widget in (self.bar, self.left, self.stop):
            widget.setVisible(job is not None)
        if job is not None:
            count = f" {job.done}/{job.total}" if job.total else ""
            self.text.setText("Stopping…" if job.stopping else f"{job.title}{count}")
            self.text.setMinimumWidth(max(self.text.minimumWidth(), self.text.sizeHint().width()))
            self.text.setToolTip(job.detail)
            self.bar.setRange(0, job.total)
            self.bar.setValue(job.done)
            self.left.setText(f"{clock(job.eta_seconds)} left" if job.eta_seconds is not None else "")
        else:
            self.text.setMinimumWidth(0)
            self.text.setText(idle_text(self._state))
            self.text.setToolTip("")
        self.figures.setText(figures(self._state))
        self._separator.setVisible(bool(self.figures.text()))

    def _sync_log(self) -> None:
        errors = sum(line.level == "error" for line in self._state.log)
        self.log.setText(f"Log · {errors} error{'s' if errors != 1 else ''}" if errors else "Log")

    def retint(self) -> None:
        """Takes the theme's colours."""
        theme.set_icon(self.log, "terminal-window", "muted")


def keep_place(widget: QWidget) -> None:
    """Hidden it still takes its room, so that the bar does not jump."""
    policy = widget.sizePolicy()
    policy.setRetainSizeWhenHidden(True)
    widget.setSizePolicy(policy)


def _bar() -> QLabel:
    rule = label("│", "muted")
    rule.setObjectName("status-rule")
    rule.setEnabled(False)
    return rule


def idle_text(state: AppState) -> str:
    """What the left says when nothing runs."""
    if state.project is None:
        return "Opening…" if state.loading else "No project"
    if state.failed_stage:
        stage = state.stage(state.failed_stage)
        return f"Failed at '{stage.title}'" if stage is not None else "Failed"
    if state.interrupted:
        return "Stopped; finished work is kept"
    if state.stages and all(stage.state == "fresh" for stage in state.stages):
        return "Everything is up to date"
    return "Ready"


def figures(state: AppState) -> str:
    """'11/11 photos · 0.40 px · 1,146,343 points'."""
    summary = state.summary
    if state.project is None:
        return ""
    ready = state.ready_photos
    placed = None if summary.registered is None else f"{summary.registered}/{summary.photos} photos"
    parts = [placed or f"{ready} photo{'s' if ready != 1 else ''}"]
    if summary.error_px is not None:
        parts.append(f"{summary.error_px:.2f} px")
    if summary.points is not None:
        parts.append(f"{summary.points:,} points")
    if summary.faces is not None:
        parts.append(f"{summary.faces:,} faces")
    return " · ".join(parts)
