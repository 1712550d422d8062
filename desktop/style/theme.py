"""Applies the tokens: palette, stylesheet, icons. The theme in use is asked for with `current()`."""

from __future__ import annotations

from string import Template
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QPalette
from PySide6.QtWidgets import QApplication, QWidget

import resources
from desktop.style.tokens import DARK, LIGHT, THEMES, Tokens

_current: Tokens = DARK


def current() -> Tokens:
    """The tokens in use."""
    return _current


def resolve(choice: str) -> Tokens:
    """Tokens for 'dark', 'light' or 'system' (what the desktop says)."""
    if choice in THEMES:
        return THEMES[choice]
    return LIGHT if QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Light else DARK


def stylesheet(tokens: Tokens) -> str:
    """The one stylesheet, filled in with `tokens`.

    Raises:
        KeyError: The stylesheet names a colour that is not in the tokens.
    """
    text = resources.path("style/photolith.qss").read_text(encoding="utf-8")
    icons = resources.path(f"icons/{tokens.name}").as_posix()
    return Template(text).substitute(vars(tokens), icons=icons)


def palette(tokens: Tokens) -> QPalette:
    """The palette behind the stylesheet, for everything that paints itself."""
    roles = QPalette.ColorRole
    colors = {
        roles.Window: tokens.panel,
        roles.WindowText: tokens.text,
        roles.Base: tokens.sunken,
        roles.AlternateBase: tokens.panel,
        roles.Text: tokens.text,
        roles.Button: tokens.raised,
        roles.ButtonText: tokens.text,
        roles.BrightText: tokens.error,
        roles.Highlight: tokens.selection,
        roles.HighlightedText: tokens.text,
        roles.PlaceholderText: tokens.muted,
        roles.ToolTipBase: tokens.raised,
        roles.ToolTipText: tokens.text,
        roles.Link: tokens.link,
        roles.Mid: tokens.line,
        roles.Dark: tokens.line,
        roles.Light: tokens.hover,
    }
    result = QPalette()
    for role, color in colors.items():
        result.setColor(role, QColor(color))
    for role in (roles.WindowText, roles.Text, roles.ButtonText):
        result.setColor(QPalette.ColorGroup.Disabled, role, QColor(tokens.disabled))
    return result


def apply(choice: str) -> Tokens:
    """Switches the application to a theme and tints every icon that was set with `set_icon`."""
    global _current
    _current = resolve(choice)
    app = QApplication.instance()
    if isinstance(app, QApplication):
        app.setStyle("Fusion")
        app.setPalette(palette(_current))
        app.setStyleSheet(stylesheet(_current))
        for widget in app.allWidgets():
            _retint(widget)
    return _current


def icon(name: str, color: str = "") -> QIcon:
    """An icon of the Phosphor family ('play', 'stop-fill'), tinted by a token's name or '#rrggbb'; default is the text colour."""
    import qtawesome

    tint = color if color.startswith("#") else str(getattr(_current, color or "text"))
    found: QIcon = qtawesome.icon(f"ph.{name}", color=tint, color_disabled=_current.disabled)
    return found


def set_icon(target: Any, name: str, color: str = "") -> None:
    """Gives a widget or action an icon that follows the theme."""
    target.setProperty("icon-name", name)
    target.setProperty("icon-color", color)
    target.setIcon(icon(name, color))


def set_property(widget: QWidget, name: str, value: Any) -> None:
    """Sets a property the stylesheet looks at and polishes the widget again when it changed."""
    if widget.property(name) != value:
        widget.setProperty(name, value)
        widget.style().unpolish(widget)
        widget.style().polish(widget)


def _retint(widget: QWidget) -> None:
    targets: tuple[Any, ...] = (widget, *widget.actions())
    for target in targets:
        name = target.property("icon-name")
        if name:
            target.setIcon(icon(name, target.property("icon-color") or ""))
