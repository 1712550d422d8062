"""A form made from a stage's settings: a field of the right kind each, with sentence, unit, range and reset."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QCheckBox, QComboBox, QDoubleSpinBox, QLineEdit, QSpinBox, QWidget

from desktop.panels.parts import column, push_button, row, tool_button, wrapped
from desktop.state import SettingItem

Change = Callable[[str, Any], None]
LIMIT = 2**31 - 1
EDITOR = 138
"""Width of fields, px."""


class SettingsForm(QWidget):
    """The settings of one stage; experts' ones stay behind a toggle.

    Args:
        settings: What to show.
        change: Called with name and value when somebody has changed a field.
        advanced: Whether experts' settings are unfolded at first.
    """

    def __init__(self, settings: tuple[SettingItem, ...], change: Change, advanced: bool = False) -> None:
        super().__init__()
        self.editors: dict[str, QWidget] = {}
        self.resets: dict[str, QWidget] = {}
        self._change = change
        layout = column(self, 0, 12)
        layout.setContentsMargins(28, 4, 4, 12)
        for item in settings:
            if not item.advanced:
                layout.addWidget(self._field(item))
        hidden = [self._field(item) for item in settings if item.advanced]
        self.toggle = push_button("", flat=True)
        if hidden:
            self.toggle.clicked.connect(lambda: self.show_advanced(not self.advanced))
            layout.addWidget(self.toggle, 0, Qt.AlignmentFlag.AlignLeft)
            for widget in hidden:
                layout.addWidget(widget)
        self._hidden = hidden
        self.show_advanced(advanced)
        if not settings:
            layout.addWidget(wrapped("This stage has no settings.", "muted"))

    def show_advanced(self, on: bool) -> None:
        """Unfolds or folds the experts' settings."""
        self.advanced = on
        self.toggle.setText("Hide advanced" if on else f"Show {len(self._hidden)} advanced")
        self.toggle.setVisible(bool(self._hidden))
        for widget in self._hidden:
            widget.setVisible(on)

    def _field(self, item: SettingItem) -> QWidget:
        box = QWidget()
        layout = column(box, 0, 2)
        line = row(spacing=4)
        editor = make_editor(item, lambda value: self._change(item.name, value))
        editor.setAccessibleName(readable(item.name))
        editor.setAccessibleDescription(item.doc)
        editor.setToolTip(hint(item))
        editor.installEventFilter(self)
        self.editors[item.name] = editor
        reset = tool_button("arrow-counter-clockwise", f"Back to {shown(item.default)}")
        reset.setEnabled(item.changed)
        reset.clicked.connect(lambda: self._change(item.name, item.default))
        self.resets[item.name] = reset
        if not isinstance(editor, QCheckBox):
            name = wrapped(readable(item.name))
            name.setBuddy(editor)
            line.addWidget(name, 1)
            editor.setFixedWidth(EDITOR)
            line.addWidget(editor)
        else:
            line.addWidget(editor, 1)
        line.addWidget(reset)
        layout.addLayout(line)
        layout.addWidget(wrapped(item.doc, "small"))
        return box

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The wheel scrolls the panel instead of changing numbers that merely pass under the pointer."""
        if event.type() == QEvent.Type.Wheel and isinstance(watched, QWidget) and not watched.hasFocus():
            event.ignore()
            return True
        return False


def make_editor(item: SettingItem, changed: Callable[[Any], None]) -> QWidget:
    """The field for one setting; `changed(value)` is called when its user is done."""
    if item.choices is not None:
        return _choice(item, changed)
    if item.kind is bool:
        check = QCheckBox(readable(item.name))
        check.setChecked(bool(item.value))
        check.toggled.connect(changed)
        return check
    if item.kind is int:
        return _integer(item, changed)
    if item.kind is float:
        return _number(item, changed)
    edit = QLineEdit(str(item.value))
    edit.editingFinished.connect(lambda: changed(edit.text()))
    return edit


def _choice(item: SettingItem, changed: Callable[[Any], None]) -> QComboBox:
    box = QComboBox()
    for value in item.choices or ():
        box.addItem(str(value), value)
    box.setCurrentIndex(max(0, box.findText(str(item.value))))
    box.activated.connect(lambda: changed(box.currentData()))
    return box


def _integer(item: SettingItem, changed: Callable[[Any], None]) -> QSpinBox:
    box = QSpinBox()
    box.setRange(int(item.minimum if item.minimum is not None else -LIMIT), int(item.maximum if item.maximum is not None else LIMIT))
    box.setGroupSeparatorShown(True)
    box.setValue(int(item.value))
    box.setKeyboardTracking(False)
    box.lineEdit().setTextMargins(4, 0, 0, 0)
    box.setSuffix(f" {item.unit}" if item.unit else "")
    box.valueChanged.connect(changed)
    return box


def _number(item: SettingItem, changed: Callable[[Any], None]) -> QDoubleSpinBox:
    box = QDoubleSpinBox()
    size = abs(float(item.default)) or 1.0
    digits = 1
    while digits < 6 and size * 10**digits < 100:
        digits += 1
    box.setDecimals(digits)
    box.setRange(item.minimum if item.minimum is not None else -1e9, item.maximum if item.maximum is not None else 1e9)
    box.setSingleStep(10.0 ** (1 - digits) if size < 10 else size / 20)
    box.setValue(float(item.value))
    box.setKeyboardTracking(False)
    box.lineEdit().setTextMargins(4, 0, 0, 0)
    box.setSuffix(f" {item.unit}" if item.unit else "")
    box.valueChanged.connect(lambda value: changed(round(value, digits)))
    return box


def readable(name: str) -> str:
    """'max_size' -> 'Max size', 'memory_mb' -> 'Memory': the unit stands beside the value."""
    return name.removesuffix("_px").removesuffix("_mb").replace("_", " ").capitalize()


def shown(value: Any) -> str:
    """A value as people write it."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:,}" if isinstance(value, int) else str(value)


def hint(item: SettingItem) -> str:
    """Sentence, default and range as a tooltip."""
    unit = f" {item.unit}" if item.unit else ""
    lines = [item.doc, f"Default: {shown(item.default)}{unit}"]
    if item.minimum is not None and item.maximum is not None:
        lines.append(f"From {shown(item.minimum)} to {shown(item.maximum)}{unit}")
    elif item.minimum is not None:
        lines.append(f"At least {shown(item.minimum)}{unit}")
    elif item.maximum is not None:
        lines.append(f"At most {shown(item.maximum)}{unit}")
    return "\n".join(lines)
