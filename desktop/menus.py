"""Menu bar and tool bar, built from the one table of actions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QActionGroup, QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QMainWindow, QMenu, QSizePolicy, QToolBar, QToolButton, QWidget

from desktop.commands.actions import TABLE, Actions, keys_of
from desktop.state import AppState
from desktop.style import theme

SEPARATED = {"close", "export", "folder", "preferences", "quit", "copy", "photo_open", "photo_folder", "check", "view_1", "camera_next"}
SEPARATED |= {"theme", "reset_layout", "guide", "about"}
"""Actions that a separator comes before."""

PRESETS = {
    "draft": "Draft: quick look, small pictures",
    "balanced": "Balanced: good for most",
    "quality": "Quality: slow, full detail",
    "learned": "Learned: networks find features, depth and points",
}


def fill_menus(window: QMainWindow, actions: Actions, docks: list) -> dict[str, QMenu]:
    """Builds the menu bar; the panels can be switched in 'View'."""
    menus: dict[str, QMenu] = {}
    for name in ("File", "Edit", "Photos", "Reconstruct", "Model", "View", "Help"):
        menus[name] = window.menuBar().addMenu(f"&{name}")
        menus[name].setToolTipsVisible(False)
    for name in actions:
        menu = menus[TABLE[name].menu]
        if name in SEPARATED:
            menu.addSeparator()
        menu.addAction(actions[name])
        if TABLE[name].keep:  # shown, but the key belongs to the widget that has the focus
            actions[name].setShortcut(QKeySequence(TABLE[name].shortcut))
            actions[name].setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
    panels = menus["View"].addMenu("Panels")
    for dock in docks:
        panels.addAction(dock.toggleViewAction())
    return menus


class PresetMenu(QMenu):
    """Draft, balanced, quality, learned; the chosen one is marked."""

    def __init__(self, state: AppState, choose: Callable[[str], None], parent: QWidget) -> None:
        super().__init__("Preset", parent)
        self._state = state
        self._group = QActionGroup(self)
        for name, text in PRESETS.items():
            action = self.addAction(text)
            action.setCheckable(True)
            action.setData(name)
            action.triggered.connect(lambda _=False, name=name: choose(name))
            self._group.addAction(action)
        state.subscribe("project", self._sync)
        self._sync()

    def _sync(self) -> None:
        for action in self.actions():
            action.setChecked(action.data() == self._state.preset)


class RecentMenu(QMenu):
    """Projects opened last."""

    def __init__(self, state: AppState, open_project: Callable[[Path], None], parent: QWidget) -> None:
        super().__init__("Open recent", parent)
        self.setToolTipsVisible(True)
        self._state, self._open = state, open_project
        state.subscribe("recents", self._sync)
        self._sync()

    def _sync(self) -> None:
        self.clear()
        for path in self._state.recents:
            action = self.addAction(path.name.replace("&", "&&"))
            action.setToolTip(str(path))
            action.triggered.connect(lambda _=False, path=path: self._open(path))
        self.menuAction().setEnabled(bool(self._state.recents))


class ToolBar(QToolBar):
    """new, open | photos | Reconstruct with preset | stop | export ... find, theme."""

    def __init__(self, state: AppState, actions: Actions, presets: PresetMenu) -> None:
        super().__init__("Tool bar")
        self.setObjectName("tool-bar")
        self.setMovable(False)
        self.setIconSize(QSize(18, 18))
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self._state, self._actions = state, actions
        self._add("new", "")
        self._add("open", "")
        self.addSeparator()
        self.photos = self._add("add_files", "Photos")
        self.addSeparator()
        self._add_run(presets)
        self._add("stop", "Stop")
        self.addSeparator()
        self.export = self._add("export", "Export")
        spacer = QWidget()
        spacer.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.addWidget(spacer)
        self.search = self._add("palette", f"Find a command   {keys_of('palette')}", "muted")
        self.search.setObjectName("search")
        self._add("theme", "")
        for topic in ("project", "photos", "stages", "job"):
            state.subscribe(topic, self._sync)
        self._sync()

    def _add(self, name: str, text: str, color: str = "") -> QToolButton:
        button = QToolButton()
        button.setToolTip(self._actions[name].toolTip())
        button.setAccessibleName(self._actions[name].text())
        button.setText(text)
        theme.set_icon(button, TABLE[name].icon, color)
        style = Qt.ToolButtonStyle.ToolButtonTextBesideIcon if text else Qt.ToolButtonStyle.ToolButtonIconOnly
        button.setToolButtonStyle(style)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(self._actions[name].trigger)
        self._actions[name].enabledChanged.connect(button.setEnabled)
        self.addWidget(button)
        return button

    def _add_run(self, presets: PresetMenu) -> None:
        holder = QWidget()
        layout = QHBoxLayout(holder)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(1)
        self.run, self.preset = QToolButton(), QToolButton()
        self.run.setObjectName("run")
        self.run.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.run.clicked.connect(self._actions["run"].trigger)
        self._actions["run"].enabledChanged.connect(self._enable_run)
        self.preset.setObjectName("preset")
        self.preset.setMenu(presets)
        self.preset.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.preset.setToolTip("Preset: how much detail, how much time")
        for button in (self.run, self.preset):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.setIconSize(QSize(16, 16))
            layout.addWidget(button)
        self.addWidget(holder)

    def _enable_run(self, on: bool) -> None:
        self.run.setEnabled(on)
        self._sync()

    def _sync(self) -> None:
        state = self._state
        primary = state.primary()
        here = primary in ("run", "resume") and state.page() == "model"  # elsewhere the page itself has the primary button
        text = "Resume" if state.interrupted and primary == "resume" else "Reconstruct"
        self.run.setText(text)
        self.run.setToolTip(self._actions["run"].toolTip())
        self.run.setAccessibleName(text)
        self.preset.setText(state.preset.capitalize())
        for button in (self.run, self.preset):
            theme.set_property(button, "primary", here)
        theme.set_icon(self.run, "play-fill", "on_accent" if here and self.run.isEnabled() else "")
