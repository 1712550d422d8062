"""The main window: puts panels, menus and session together. It computes nothing."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QByteArray, Qt, QTimer, QUrl
from PySide6.QtGui import QCloseEvent, QDesktopServices, QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import QMainWindow, QWidget

from desktop import menus
from desktop.commands.actions import Actions
from desktop.dialogs import files
from desktop.drops import Drops
from desktop.jobs.bridge import JobBridge
from desktop.jobs.exporter import Exporter
from desktop.panels.inspector import InspectorPanel
from desktop.panels.layers import TITLES, LayersPanel
from desktop.panels.log import LogPanel
from desktop.panels.parts import Dock, padded, tool_button
from desktop.panels.photos import PhotosPanel
from desktop.panels.pipeline import PipelinePanel, header_buttons
from desktop.panels.status import StatusBar
from desktop.panels.viewer import ViewerPanel
from desktop.preferences import Preferences
from desktop.session import Session
from desktop.state import AppState, Message
from desktop.style import theme

SIZE = (1360, 860)


class MainWindow(QMainWindow):
    """One window, four places: work on it left, look at it in the middle, do things right, see what happens below.

    Args:
        preferences: What is remembered.
        bridge: The worker; tests hand in their own.
        make_viewport: Makes the 3D view; tests hand in a stand-in.
    """

    def __init__(self, preferences: Preferences, bridge: JobBridge | None = None, make_viewport: Callable[[], Any] | None = None) -> None:
        super().__init__()
        self.preferences, self.state = preferences, AppState()
        self.session = Session(self.state, preferences, bridge, self)
        self.actions_ = Actions(self)
        self.exporter = Exporter(self)
        self.resize(*SIZE)
        self._build(make_viewport or _viewport)
        self._connect()
        self.retint()
        self._sync()

    # ---- building

    def _build(self, make_viewport: Callable[[], Any]) -> None:
        state, actions = self.state, self.actions_
        self.viewport = make_viewport()
        self.viewer = ViewerPanel(state, actions, self.viewport, self.session.open_project)
        self.setCentralWidget(self.viewer)
        self.photos, self.layers = PhotosPanel(state, actions), LayersPanel(state)
        self.inspector, self.log = InspectorPanel(state), LogPanel(state)
        self.pipeline = PipelinePanel(state, actions, self.session.set_setting, self.session.runs.run)
        panels = {
            "Photos": self.photos,
            "Layers": padded(self.layers, 7, 0, 8, 4),
            "Properties": self.inspector,
            "Pipeline": self.pipeline,
            "Log": self.log,
        }
        self.docks = {name: Dock(name, panel) for name, panel in panels.items()}
        add = self.docks["Photos"].add_button(tool_button("plus", actions["add_files"].toolTip()))
        add.clicked.connect(actions["add_files"].trigger)
        for button in header_buttons(actions):
            self.docks["Pipeline"].add_button(button)
        copy = self.docks["Properties"].add_button(tool_button("copy", actions["copy"].toolTip()))
        copy.clicked.connect(actions["copy"].trigger)
        close = self.docks["Log"].add_button(tool_button("x", "Hide the log"))
        close.clicked.connect(self.docks["Log"].hide)
        self.setDockOptions(QMainWindow.DockOption.AnimatedDocks | QMainWindow.DockOption.AllowTabbedDocks)
        self.menus = menus.fill_menus(self, actions, list(self.docks.values()))
        presets = menus.PresetMenu(state, self.session.set_preset, self)
        self.menus["Reconstruct"].insertMenu(actions["check"], presets)
        self.menus["File"].insertMenu(actions["demo"], menus.RecentMenu(state, self.session.open_project, self))
        self.toolbar = menus.ToolBar(state, actions, presets)
        self.presets = presets
        self.addToolBar(self.toolbar)
        self.status = StatusBar(state, actions, self._process_ids)
        self.setStatusBar(self.status)
        self.drops = Drops(self, self.viewer, state, self.session.photos.add, self.session.open_project)
        self.default_layout()
        self._default = self.saveState()
        geometry, docks = self.preferences.layout()
        if not geometry.isEmpty():
            self.restoreGeometry(geometry)
            self.restoreState(docks)

    def default_layout(self) -> None:
        """Photos over layers on the left, properties over pipeline on the right, the log hidden below."""
        left, right, bottom = (
            Qt.DockWidgetArea.LeftDockWidgetArea,
            Qt.DockWidgetArea.RightDockWidgetArea,
            Qt.DockWidgetArea.BottomDockWidgetArea,
        )
        for name, area in (("Photos", left), ("Layers", left), ("Properties", right), ("Pipeline", right), ("Log", bottom)):
            self.addDockWidget(area, self.docks[name])
            self.docks[name].setVisible(name != "Log")
        self.resizeDocks([self.docks["Photos"], self.docks["Properties"]], [276, 312], Qt.Orientation.Horizontal)
        self.resizeDocks([self.docks["Photos"], self.docks["Layers"]], [560, 160], Qt.Orientation.Vertical)
        self.resizeDocks([self.docks["Properties"], self.docks["Pipeline"]], [320, 420], Qt.Orientation.Vertical)
        self.resizeDocks([self.docks["Log"]], [160], Qt.Orientation.Vertical)

    def _connect(self) -> None:
        self.actions_.connect_all(self._handlers())
        for topic in ("project", "photos", "layers", "job", "stages", "selection"):
            self.state.subscribe(topic, self._sync)
        self.session.undo.canUndoChanged.connect(lambda _: self._sync())
        self.session.undo.canRedoChanged.connect(lambda _: self._sync())
        self.session.undo.indexChanged.connect(lambda _: self._sync())
        self.photos.opened.connect(lambda _: self.viewer.show_tab(1))
        self.viewer.messages.action.connect(lambda name: self.session.runs.run() if name == "resume" else None)
        self.viewport.status.connect(self._told)
        self.viewport.camera_stepped.connect(lambda name: self.state.select("photo", name) if name else None)
        self.viewport.screenshot_saved.connect(lambda path: self._told(f"Saved {path}"))
        self.viewport.screenshot_failed.connect(lambda text: self.session.tell(Message("The picture was not saved.", text)))
        self.viewport.layer_loaded.connect(self._layer_loaded)
        self.viewport.layer_failed.connect(self._layer_failed)
        self.exporter.done.connect(lambda path, size: self._told(f"Exported {path} ({size / 1e6:.1f} MB)"))
        self.exporter.failed.connect(lambda e: self.session.tell(Message(e.get("what", ""), e.get("why", ""), e.get("remedy", ""))))
        self.docks["Log"].visibilityChanged.connect(lambda _: self.status.log.setChecked(self.docks["Log"].isVisible()))
        self.status.log.clicked.connect(self.docks["Log"].setVisible)
        for name, call in (("photo_open", lambda: self.viewer.show_tab(1)), ("photo_remove", self._remove)):
            key = QShortcut(
                QKeySequence("Return" if name == "photo_open" else "Del"), self.photos.view, context=Qt.ShortcutContext.WidgetShortcut
            )
            key.activated.connect(call)

    def _handlers(self) -> dict[str, Callable[[], Any]]:
        session, viewport, undo = self.session, self.viewport, self.session.undo
        calls: dict[str, Callable[[], Any]] = {
            "new": partial(files.new_project, self, session.create_project),
            "open": partial(files.open_project, self, session.open_project), "demo": session.open_demo, "close": session.close_project,
            "export": self._export, "screenshot": self._screenshot, "folder": lambda: _show(self.state.project),
            "report": lambda: _show(self.state.report),
            "preferences": self._preferences, "quit": self.close, "undo": undo.undo, "redo": undo.redo,
            "copy": lambda: QGuiApplication.clipboard().setText(self.inspector.text()),
            "add_files": partial(files.add_photos, self, session.photos.add),
            "add_folder": partial(files.add_folder, self, session.photos.add), "photo_open": lambda: self.viewer.show_tab(1),
            "photo_use": lambda: session.photos.set_enabled(self.photos.selected(), True),
            "photo_leave": lambda: session.photos.set_enabled(self.photos.selected(), False),
            "photo_remove": self._remove, "photo_folder": self._photo_folder,
            "run": session.runs.run, "stop": session.runs.stop, "check": lambda: session.runs.run("photos"),
            "fit": viewport.fit, "camera_next": lambda: viewport.step_camera(1), "camera_previous": lambda: viewport.step_camera(-1),
            "theme": self._switch_theme, "reset_layout": lambda: self.restoreState(self._default), "palette": self._palette,
        }  # fmt: skip
        calls |= {f"view_{n}": partial(viewport.standard_view, n) for n in range(1, 7)}
        calls |= {f"tab_{name}": partial(self.viewer.show_tab, n) for n, name in enumerate(("3d", "photo", "compare", "matches", "matrix"))}
        calls |= {name: partial(self._help, name) for name in ("guide", "mouse", "about")}
        return calls

    # ---- following the state

    def _sync(self) -> None:
        state, actions = self.state, self.actions_
        has, page, chosen = state.project is not None, state.page(), state.selection.kind == "photo"
        running = state.job is not None and not state.job.quiet
        model = page == "model"
        enabled = {
            "close": has, "folder": has, "export": any(layer.kind != "cameras" for layer in state.layers), "screenshot": model,
            "photo_open": chosen, "photo_use": chosen, "photo_leave": chosen, "photo_remove": chosen, "photo_folder": chosen,
            "run": has and not running and state.ready_photos >= 2, "check": has and not running and state.ready_photos > 0,
            "stop": state.job is not None and not state.job.stopping, "copy": has,
            "undo": self.session.undo.canUndo(), "redo": self.session.undo.canRedo(),
            "report": state.report is not None,
        }  # fmt: skip
        enabled |= dict.fromkeys(("tab_3d", "tab_photo", "tab_compare", "tab_matches", "tab_matrix"), bool(state.photos))
        enabled |= dict.fromkeys(("fit", "camera_next", "camera_previous", *(f"view_{n}" for n in range(1, 7))), model)
        for name, on in enabled.items():
            actions[name].setEnabled(on)
        undo = self.session.undo
        actions["undo"].setText(f"Undo {undo.undoText()}".strip())
        actions["redo"].setText(f"Redo {undo.redoText()}".strip())
        actions["run"].setText("Resume" if state.primary() == "resume" else "Reconstruct")
        self.docks["Photos"].count.setText(str(len(state.photos)) if state.photos else "")
        self.docks["Pipeline"].count.setText(pipeline_count(state))
        busy = f" ({state.job.done}/{state.job.total})" if running and state.job is not None and state.job.total else ""
        self.setWindowTitle(f"{state.name}{busy} · Photolith" if has else "Photolith")
        self.setWindowFilePath(str(state.project) if has else "")

    def retint(self) -> None:
        """Everything that is painted by hand takes the theme's colours."""
        self.actions_.retint()
        self.viewer.retint()
        self.status.retint()
        self.log.rebuild()
        self.state.notify("stages", "photos")

    def apply_theme(self) -> None:
        """Takes the theme of the preferences."""
        theme.apply(self.preferences.theme)
        self.retint()

    def _layer_loaded(self, name: str, facts: dict[str, Any]) -> None:
        from desktop.panels.inspector import bounds_rows

        layer = self.state.layer(name)
        if layer is not None:
            from dataclasses import replace

            told = replace(layer, facts={**layer.facts, **bounds_rows(facts, self.state.metric)})
            self.state.set("layers", layers=tuple(told if x.name == name else x for x in self.state.layers))

    def _layer_failed(self, name: str, why: str) -> None:
        what = f"{TITLES.get(name, name)} cannot be shown."
        self.session.tell(Message(what, why, "Reconstruct writes the file again.", "warn"))

    def look_at_machine(self) -> None:
        """Finds out which device computes, on a thread; says so when a GPU lies idle."""
        from desktop.machine import look

        def done(found: tuple[str, Message | None]) -> None:
            device, message = found
            self.status.device = device
            self.status.measure()
            if message is not None:
                self.session.tell(message)

        self.session.background.submit(look, done, lambda error: self.session.log("warning", f"The device was not found out: {error}"))

    def _told(self, text: str) -> None:
        self.session.log("info", text)
        self.status.say(text)

    def _process_ids(self) -> list[int]:
        renderer = getattr(self.viewport, "renderer", None)
        ids = [os.getpid(), self.session.bridge.pid, getattr(renderer, "process_id", 0)]
        return [pid for pid in ids if pid]

    # ---- what actions do

    def _export(self) -> None:
        from desktop.dialogs.export import ExportDialog

        def write(kind: str, source: Path, target: Path) -> None:
            self._told(f"Writing {target} …")
            self.exporter.export(kind, source, target)

        ExportDialog(self.state, write, self).show()

    def _screenshot(self) -> None:
        folder = self.state.project or Path.home()
        scale, size = self.viewport.devicePixelRatioF(), self.viewport.size()
        width, height = round(size.width() * scale), round(size.height() * scale)
        files.picture(self, folder, self.state.name, lambda path: self.viewport.screenshot(path, width, height))

    def _remove(self) -> None:
        self.session.photos.remove(self.photos.selected())

    def _photo_folder(self) -> None:
        photo = self.state.photo(self.photos.selected()[0]) if self.photos.selected() else None
        _show(photo.file.parent if photo is not None else None)

    def _preferences(self) -> None:
        from desktop.dialogs.preferences import PreferencesDialog

        PreferencesDialog(self.preferences, self.apply_theme, self).show()

    def _switch_theme(self) -> None:
        self.preferences.theme = "light" if theme.current().name == "dark" else "dark"
        self.apply_theme()

    def _palette(self) -> None:
        from desktop.dialogs.palette import CommandPalette

        more = [(f"Preset: {action.text()}", action) for action in self.presets.actions()]
        more += [(f"Panel: {name}", dock.toggleViewAction()) for name, dock in self.docks.items()]
        palette = CommandPalette(self.actions_, more, self)
        place = self.mapToGlobal(self.rect().topLeft())
        palette.move(place.x() + (self.width() - palette.width()) // 2, place.y() + 90)
        palette.show()
        palette.edit.setFocus()

    def _help(self, name: str) -> None:
        from desktop.dialogs import help as texts

        getattr(texts, name)(self).show()

    # ---- the end

    def closeEvent(self, event: QCloseEvent) -> None:
        """Remembers the layout; a run that goes on is ended, and can be resumed."""
        self.preferences.save_layout(QByteArray(self.saveGeometry()), QByteArray(self.saveState()))
        self.session.close()
        self.exporter.close()
        self.photos.model.close()
        self.viewer.close_threads()
        event.accept()
        app = QGuiApplication.instance()
        if app is not None:
            QTimer.singleShot(0, app.quit)


def pipeline_count(state: AppState) -> str:
    """'5 of 8 up to date'."""
    fresh = sum(stage.state == "fresh" for stage in state.stages)
    return f"{fresh} of {len(state.stages)}" if state.stages else ""


def _show(path: Path | None) -> None:
    if path is not None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))


def _viewport() -> QWidget:
    from desktop.viewport.widget import ViewportWidget

    return ViewportWidget()
