"""Every action of the window in one table: text, icon, shortcut, hint. Menus, tool bar and command palette use the same ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QKeySequence

from desktop.style import theme


@dataclass(frozen=True)
class Entry:
    """One action. `shortcut` is a portable key sequence; `keep` means the menu shows it, but a widget handles the key."""

    menu: str
    text: str
    icon: str = ""
    shortcut: str = ""
    hint: str = ""
    keep: bool = False


TABLE: dict[str, Entry] = {
    "new": Entry("File", "New project…", "file-plus", "Ctrl+N", "Make a new, empty project"),
    "open": Entry("File", "Open project…", "folder-open", "Ctrl+O", "Open a project folder"),
    "demo": Entry("File", "Try the demo", "sparkle", "", "Reconstruct the photos that come with Photolith"),
    "close": Entry("File", "Close project", "", "Ctrl+W", "Back to the start page"),
    "export": Entry("File", "Export…", "export", "Ctrl+E", "Write points, mesh or cameras to a file for other programs"),
    "screenshot": Entry("File", "Save picture of the view…", "camera", "Ctrl+Shift+S", "Write the 3D view to a PNG file"),
    "report": Entry("File", "Open report", "file-text", "", "Open the page about the last run in the browser"),
    "folder": Entry("File", "Show project folder", "folder", "", "Open the project's folder in the file manager"),
    "preferences": Entry("File", "Preferences…", "gear", "Ctrl+,", "Theme and device"),
    "quit": Entry("File", "Quit", "", "Ctrl+Q", "Close Photolith"),
    "undo": Entry("Edit", "Undo", "arrow-arc-left", "Ctrl+Z", "Take back the last change"),
    "redo": Entry("Edit", "Redo", "arrow-arc-right", "Ctrl+Shift+Z", "Make the change again"),
    "copy": Entry("Edit", "Copy properties", "copy", "Ctrl+Shift+C", "Copy the figures of what is selected"),
    "add_files": Entry("Photos", "Add photos…", "plus", "Ctrl+I", "Add photo files; dropping them on the window does the same"),
    "add_folder": Entry("Photos", "Add folder of photos…", "folder-plus", "Ctrl+Shift+I", "Add all photos of a folder"),
    "photo_open": Entry("Photos", "Show photo", "image", "Return", "Show the selected photo in the middle", keep=True),
    "photo_use": Entry("Photos", "Use in reconstruction", "check", "Ctrl+U", "Switch the selected photos on"),
    "photo_leave": Entry("Photos", "Leave out", "prohibit", "Ctrl+Shift+U", "Switch the selected photos off; they stay in the project"),
    "photo_remove": Entry(
        "Photos", "Remove from project", "trash", "Del", "Take the selected photos out; undo brings them back", keep=True
    ),
    "photo_folder": Entry("Photos", "Show in file manager", "folder", "", "Open the folder the photo lies in"),
    "run": Entry("Reconstruct", "Reconstruct", "play-fill", "Ctrl+R", "Compute everything that is not up to date"),
    "stop": Entry("Reconstruct", "Stop", "stop-fill", "Ctrl+.", "Stop; finished work is kept"),
    "check": Entry("Reconstruct", "Check photos only", "magnifying-glass", "", "Look for blurred, dark or doubled photos"),
    "fit": Entry("Model", "Fit model to view", "corners-out", "F", "Show the whole model", keep=True),
    "view_1": Entry("Model", "View from the front", "", "1", "Front", keep=True),
    "view_2": Entry("Model", "View from the back", "", "2", "Back", keep=True),
    "view_3": Entry("Model", "View from the left", "", "3", "Left", keep=True),
    "view_4": Entry("Model", "View from the right", "", "4", "Right", keep=True),
    "view_5": Entry("Model", "View from the top", "", "5", "Top", keep=True),
    "view_6": Entry("Model", "View from the bottom", "", "6", "Bottom", keep=True),
    "camera_next": Entry("Model", "Next camera", "caret-right", "C", "Look through the next photo's camera", keep=True),
    "camera_previous": Entry("Model", "Previous camera", "caret-left", "Shift+C", "Look through the previous photo's camera", keep=True),
    "tab_3d": Entry("View", "3D", "cube", "Alt+1", "Show the 3D view"),
    "tab_photo": Entry("View", "Photo", "image", "Alt+2", "Show the selected photo"),
    "tab_compare": Entry("View", "Compare", "columns", "Alt+3", "Show the photo beside its depth, normals or confidence"),
    "tab_matches": Entry("View", "Matches", "arrows-left-right", "Alt+4", "Show keypoints and matches of two photos"),
    "tab_matrix": Entry("View", "Matrix", "grid-four", "Alt+5", "Show how well every photo is matched with every other"),
    "theme": Entry("View", "Switch light and dark", "circle-half", "Ctrl+Shift+L", "Switch between the light and the dark theme"),
    "reset_layout": Entry("View", "Reset panels", "layout", "", "Put every panel back to its place"),
    "palette": Entry("Help", "Find a command…", "magnifying-glass", "Ctrl+K", "List all commands and filter them"),
    "guide": Entry("Help", "How to take good photos", "question", "F1", "What makes a set of photos work"),
    "mouse": Entry("Help", "Mouse and keys in the 3D view", "mouse", "", "How to turn, move and zoom the model"),
    "about": Entry("Help", "About Photolith", "info", "", "Version and licence"),
}
"""Name -> entry. Separators and submenus are put in by `desktop.menus`."""


class Actions(QObject):
    """The actions as Qt objects, looked up by name."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._actions = {name: self._make(name, entry) for name, entry in TABLE.items()}

    def __getitem__(self, name: str) -> QAction:
        return self._actions[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._actions)

    def connect_all(self, handlers: dict[str, Callable[[], None]]) -> None:
        """Connects each action with what it does.

        Raises:
            KeyError: An action has no handler, or a handler no action.
        """
        if handlers.keys() != self._actions.keys():
            raise KeyError(sorted(handlers.keys() ^ self._actions.keys()))
        for name, handler in handlers.items():
            self._actions[name].triggered.connect(lambda _checked=False, call=handler: call())

    def retint(self) -> None:
        """Gives every action its icon in the theme's colour."""
        for name, entry in TABLE.items():
            if entry.icon:
                theme.set_icon(self._actions[name], entry.icon)

    def _make(self, name: str, entry: Entry) -> QAction:
        action = QAction(entry.text, self)
        action.setObjectName(name)
        if entry.icon:
            theme.set_icon(action, entry.icon)
        if entry.shortcut and not entry.keep:
            action.setShortcut(QKeySequence(entry.shortcut))
        keys = QKeySequence(entry.shortcut).toString(QKeySequence.SequenceFormat.NativeText)
        action.setToolTip(f"{entry.hint or entry.text}  ({keys})" if keys else entry.hint or entry.text)
        action.setStatusTip("")
        return action


def keys_of(name: str) -> str:
    """The shortcut as this system writes it."""
    return QKeySequence(TABLE[name].shortcut).toString(QKeySequence.SequenceFormat.NativeText)
