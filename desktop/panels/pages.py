"""The empty states of the middle: start page, drop zone, 'no model yet'. Each teaches the next step."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QFrame, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from desktop.commands.actions import Actions, keys_of
from desktop.panels.parts import clock, column, label, push_button, row, wrapped
from desktop.state import AppState
from desktop.style import theme

ADVICE = (
    ("stack", "20 to 60 photos, each overlapping the next by two thirds."),
    ("arrows-clockwise", "Walk around the object, also higher and lower; do not turn on the spot."),
    ("sun", "Even, steady light: no flash, nothing that moves."),
    ("frame-corners", "Sharp, and one zoom setting for all; keep the original files with their EXIF."),
    ("drop", "Shiny, transparent or plain white surfaces give no points."),
)


class Page(QWidget):
    """A column in the middle of the page."""

    def __init__(self, width: int = 480) -> None:
        super().__init__()
        self.setObjectName("center")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        outer = column(self, 24, 0)
        outer.addStretch(2)
        holder = QWidget()
        holder.setMaximumWidth(width)
        self.body = column(holder, 0, 12)
        line = row()
        line.addStretch()
        line.addWidget(holder, 10)
        line.addStretch()
        outer.addLayout(line)
        outer.addStretch(3)


class StartPage(Page):
    """No project: recent ones, New, Open, the demo."""

    def __init__(self, state: AppState, actions: Actions, open_project) -> None:
        super().__init__(440)
        self._state, self._open = state, open_project
        self.body.addWidget(label("Photolith", "title"))
        self.body.addWidget(wrapped("Photographs in, 3D model out, on your own machine. To begin, drop photos on this window.", "muted"))
        self.body.addSpacing(8)
        line = row()
        self.new = self._button(actions, "new", "New project", primary=True)
        line.addWidget(self.new)
        line.addWidget(self._button(actions, "open", "Open…"))
        line.addWidget(self._button(actions, "demo", "Try the demo"))
        line.addStretch()
        self.body.addLayout(line)
        self.body.addSpacing(16)
        self.heading = label("Recent projects", "muted")
        self.body.addWidget(self.heading)
        self._recents = column(None, 0, 0)
        self.body.addLayout(self._recents)
        state.subscribe("recents", self._sync)
        state.subscribe("project", self._busy)
        self._sync()

    def _button(self, actions: Actions, name: str, text: str, primary: bool = False) -> QPushButton:
        button = push_button(text, primary=primary, big=True)
        button.setToolTip(actions[name].toolTip())
        button.clicked.connect(actions[name].trigger)
        return button

    def _busy(self) -> None:
        self.setEnabled(not self._state.loading)

    def _sync(self) -> None:
        while (item := self._recents.takeAt(0)) is not None:
            button = item.widget()
            if button is not None:
                button.deleteLater()
        for path in self._state.recents:
            self._recents.addWidget(self._recent(path))
        self.heading.setVisible(bool(self._state.recents))

    def _recent(self, path: Path) -> QPushButton:
        button = QPushButton()
        button.setProperty("row", True)
        button.setMinimumHeight(46)
        button.setAccessibleName(f"Open {path}")
        button.setToolTip(str(path))
        inside = QVBoxLayout(button)
        inside.setContentsMargins(10, 4, 10, 4)
        inside.setSpacing(0)
        for text, role in ((path.name, "heading"), (str(path.parent), "small")):
            words = label(button.fontMetrics().elidedText(text, Qt.TextElideMode.ElideMiddle, 420), role)
            words.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
            inside.addWidget(words)
        button.clicked.connect(lambda: self._open(path))
        return button


class DropPage(Page):
    """A project without photos: where they go, and which are good."""

    def __init__(self, actions: Actions) -> None:
        super().__init__(560)
        zone = QFrame()
        zone.setObjectName("dropzone")
        inside = column(zone, 32, 12)
        self._mark = QLabel(alignment=Qt.AlignmentFlag.AlignCenter)
        inside.addWidget(self._mark)
        title = label("Drop photos here", "title")
        title.setAlignment(Qt.AlignmentFlag.AlignCenter)
        inside.addWidget(title)
        kinds = label("JPEG, PNG, TIFF, WebP or HEIC; files or a folder", "muted")
        kinds.setAlignment(Qt.AlignmentFlag.AlignCenter)
        inside.addWidget(kinds)
        line = row()
        line.addStretch()
        for name, text, primary in (("add_files", "Add photos…", True), ("add_folder", "Add folder…", False)):
            button = push_button(text, primary=primary, big=True)
            button.setToolTip(actions[name].toolTip())
            button.clicked.connect(actions[name].trigger)
            line.addWidget(button)
        line.addStretch()
        inside.addSpacing(4)
        inside.addLayout(line)
        self.body.addWidget(zone)
        self.body.addSpacing(8)
        self.body.addWidget(label("What good photos are", "heading"))
        self._advice: list[tuple[QLabel, str]] = []
        for icon, text in ADVICE:
            advice = row(spacing=10)
            mark = QLabel()
            mark.setFixedWidth(20)
            self._advice.append((mark, icon))
            advice.addWidget(mark, 0, Qt.AlignmentFlag.AlignTop)
            advice.addWidget(wrapped(text, "muted"), 1)
            self.body.addLayout(advice)
        self.retint()

    def retint(self) -> None:
        """Paints the icons in the theme's colours."""
        self._mark.setPixmap(theme.icon("image-square", "muted").pixmap(QSize(48, 48), self.devicePixelRatioF()))
        for mark, icon in self._advice:
            mark.setPixmap(theme.icon(icon, "muted").pixmap(QSize(18, 18), self.devicePixelRatioF()))


class EmptyPage(Page):
    """Photos but no model: the one button that makes it; while it runs, how far it is."""

    def __init__(self, state: AppState, actions: Actions) -> None:
        super().__init__(460)
        self._state = state
        self.title = label("No model yet", "title")
        self.title.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.text = wrapped("", "muted")
        self.text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.button = push_button("Reconstruct", primary=True, big=True)
        self.button.setToolTip(actions["run"].toolTip())
        self.button.clicked.connect(self._press)
        self._actions = actions
        self.bar = QProgressBar(textVisible=False)
        for widget in (self.title, self.text, self.bar):
            self.body.addWidget(widget)
        line = row()
        line.addStretch()
        line.addWidget(self.button)
        line.addStretch()
        self.body.addSpacing(4)
        self.body.addLayout(line)
        for topic in ("photos", "job", "project", "stages"):
            state.subscribe(topic, self._sync)
        self._sync()

    def _press(self) -> None:
        self._actions["add_files" if self._state.primary() == "add" else "run"].trigger()

    def _sync(self) -> None:
        job, state = self._state.job, self._state
        running = job is not None and not job.quiet
        self.bar.setVisible(running)
        self.button.setVisible(not running)
        if job is not None and running:
            self.title.setText(f"{job.title}…" if not job.stopping else "Stopping…")
            left = f"{clock(job.eta_seconds)} left in this step" if job.eta_seconds is not None else ""
            step = " · ".join(part for part in (job.detail, left) if part)
            self.text.setText(f"{step or ' '}\nThe model appears here as it grows.")
            self.bar.setRange(0, job.total)
            self.bar.setValue(job.done)
            return
        enough = state.ready_photos >= 2
        self.title.setText("No model yet" if enough else "One more photo, at least")
        count = f"{state.ready_photos} photos are ready." if enough else "A model needs two photos or more; twenty and up make a good one."
        text = f"{count} Preset '{state.preset}', {keys_of('run')}." if enough else count
        self.text.setText("It was stopped; finished work is kept. " + text if state.interrupted and enough else text)
        self.button.setText("Add photos…" if not enough else "Resume" if state.interrupted else "Reconstruct")
