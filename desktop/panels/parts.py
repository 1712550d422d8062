"""Small pieces that panels share."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtWidgets import (
    QComboBox,
    QDockWidget,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from desktop.style import theme


def label(text: str = "", role: str = "", selectable: bool = False) -> QLabel:
    """A label; roles are those of the stylesheet: title, heading, muted, small."""
    result = QLabel(text)
    if role:
        result.setProperty("role", role)
    if selectable:
        result.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard)
    return result


def caption() -> QLabel:
    """The line of facts below a picture; it may become as narrow as the picture."""
    result = label("", "muted", selectable=True)
    result.setContentsMargins(12, 4, 12, 4)
    result.setMinimumWidth(40)
    return result


def wrapped(text: str, role: str = "") -> QLabel:
    """A label that breaks lines."""
    result = label(text, role)
    result.setWordWrap(True)
    return result


def tool_button(icon: str, tip: str, color: str = "muted", size: int = 16) -> QToolButton:
    """A small button that is only an icon; the tip is also its accessible name."""
    button = QToolButton()
    theme.set_icon(button, icon, color)
    button.setIconSize(QSize(size, size))
    button.setProperty("small", True)
    button.setMinimumSize(size + 8, size + 8)
    button.setToolTip(tip)
    button.setAccessibleName(tip)
    return button


def push_button(text: str, *, primary: bool = False, flat: bool = False, big: bool = False, icon: str = "") -> QPushButton:
    """A button with text."""
    button = QPushButton(text)
    for name, on in (("primary", primary), ("flat", flat), ("big", big)):
        if on:
            button.setProperty(name, True)
    if icon:
        theme.set_icon(button, icon, "on_accent" if primary else "")
    return button


def choice(tip: str, choices: Mapping[str, str], length: int = 6) -> QComboBox:
    """A quiet box with a few choices, value -> text, at least `length` letters wide; the tip is also its accessible name."""
    box = QComboBox()
    box.setObjectName("quiet")
    box.setToolTip(tip)
    box.setAccessibleName(tip)
    for value, text in choices.items():
        box.addItem(text, value)
    box.setMinimumContentsLength(length)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    return box


def rule() -> QFrame:
    """A hairline."""
    line = QFrame()
    line.setObjectName("rule")
    return line


class Scrolled(QScrollArea):
    """Scrolls `body` up and down only, so it never becomes narrower than that."""

    def __init__(self, body: QWidget) -> None:
        super().__init__()
        self._body = body
        self.setWidget(body)

    def minimumSizeHint(self) -> QSize:
        """As wide as the body and the scroll bar."""
        return QSize(self._body.minimumSizeHint().width() + self.verticalScrollBar().sizeHint().width(), 60)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Hears of a body that wants another width."""
        if event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return super().eventFilter(watched, event)


def scrolled(body: QWidget) -> QScrollArea:
    """`body` in a vertical scroll area without a frame."""
    area = Scrolled(body)
    area.setObjectName("panel")
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFrameShape(QFrame.Shape.NoFrame)
    body.setObjectName("panel-body")
    return area


def styled(widget: QWidget, name: str = "panel") -> QWidget:
    """Lets the stylesheet paint the widget's background."""
    widget.setObjectName(name)
    widget.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
    return widget


def padded(widget: QWidget, left: int, top: int, right: int, bottom: int) -> QWidget:
    """The widget with room around it, on the panel's ground."""
    holder = styled(QWidget())
    layout = column(holder, 0, 0)
    layout.setContentsMargins(left, top, right, bottom)
    layout.addWidget(widget)
    return holder


def column(parent: QWidget | None = None, margin: int = 8, spacing: int = 8) -> QVBoxLayout:
    """A vertical layout on the grid."""
    layout = QVBoxLayout(parent) if parent is not None else QVBoxLayout()
    layout.setContentsMargins(margin, margin, margin, margin)
    layout.setSpacing(spacing)
    return layout


def row(margin: int = 0, spacing: int = 8) -> QHBoxLayout:
    """A horizontal layout on the grid."""
    layout = QHBoxLayout()
    layout.setContentsMargins(margin, margin, margin, margin)
    layout.setSpacing(spacing)
    return layout


class Dock(QDockWidget):
    """A dock with a quiet title: name, count, and the panel's own small buttons.

    Args:
        name: Shown, and the key of the saved layout.
        body: The panel.
    """

    def __init__(self, name: str, body: QWidget) -> None:
        super().__init__(name)
        self.setObjectName(f"dock-{name.lower()}")
        self.setWidget(body)
        bar = QWidget()
        bar.setObjectName("dock-title")
        bar.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        title = label(name.upper())
        title.setObjectName("dock-name")
        self.count = label()
        self.count.setObjectName("dock-count")
        layout = QHBoxLayout(bar)
        layout.setContentsMargins(12, 4, 6, 4)
        layout.addStrut(26)
        layout.setSpacing(6)
        layout.addWidget(title)
        layout.addWidget(self.count)
        layout.addStretch()
        self._layout = layout
        self.setTitleBarWidget(bar)

    def add_button(self, button: QToolButton) -> QToolButton:
        """Puts a button at the right of the title."""
        self._layout.addWidget(button)
        return button


def clock(seconds: float | None) -> str:
    """'0:07', '12:05', '1:02:03'."""
    if seconds is None:
        return ""
    whole = max(0, round(seconds))
    hours, rest = divmod(whole, 3600)
    minutes, secs = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{secs:02}" if hours else f"{minutes}:{secs:02}"


def duration(seconds: float) -> str:
    """'0.4 s', '12 s', '3 min 05 s'."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s"


def memory(size: int) -> str:
    """'320 MB', '1.3 GB'."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"
