"""The properties dock: figures of what is selected, selectable and copyable."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QWidget

from desktop.panels.layers import TITLES
from desktop.panels.parts import column, duration, label, memory, rule, scrolled, styled, wrapped
from desktop.panels.pipeline import LOOKS
from desktop.panels.settings_form import readable
from desktop.state import AppState, LayerItem, PhotoItem, StageItem
from recon.inspection.words import value_text

Rows = list[tuple[str, str]]

WORDS = {
    "ok": "Good",
    "blurred": "Blurred",
    "dark": "Too dark",
    "bright": "Too bright",
    "small": "Too small",
    "duplicate": "Near-duplicate",
    "unreadable": "Cannot be read",
    "": "Not looked at yet",
}


class InspectorPanel(QWidget):
    """Label and value in two columns, under the name of what is selected."""

    def __init__(self, state: AppState) -> None:
        super().__init__()
        styled(self)
        self._state = state
        self._rows: Rows = []
        self.title = wrapped("", "heading")
        self.title.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        body = QWidget()
        self._body = column(body, 12, 8)
        self._body.setContentsMargins(12, 4, 8, 8)
        self._body.addWidget(self.title)
        self._grid_holder = QWidget()
        self._body.addWidget(self._grid_holder)
        self._body.addStretch()
        column(self, 0, 0).addWidget(scrolled(body))
        for topic in ("selection", "photos", "layers", "stages"):
            state.subscribe(topic, self._sync)
        self._sync()

    def text(self) -> str:
        """All lines as 'label<tab>value'."""
        return "\n".join([self.title.text(), *(f"{name}\t{value}" for name, value in self._rows if name)])

    def _sync(self) -> None:
        title, rows = describe(self._state)
        if (title, rows) == (self.title.text(), self._rows):
            return
        self._rows = rows
        self.title.setText(title)
        holder = QWidget()
        grid = QGridLayout(holder)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(4)
        grid.setColumnStretch(1, 1)
        for number, (name, value) in enumerate(rows):
            if not name:
                grid.addWidget(rule(), number, 0, 1, 2)
                continue
            grid.addWidget(label(name, "muted"), number, 0, Qt.AlignmentFlag.AlignTop)
            shown = label(value, selectable=True)
            shown.setTextFormat(Qt.TextFormat.PlainText)
            shown.setWordWrap(True)
            shown.setMinimumWidth(40)
            shown.setAccessibleName(name)
            grid.addWidget(shown, number, 1)
        self._body.replaceWidget(self._grid_holder, holder)
        self._grid_holder.deleteLater()
        self._grid_holder = holder


def describe(state: AppState) -> tuple[str, Rows]:
    """Title and lines for the selection; without one, for the project."""
    chosen = state.selection
    if chosen.kind == "photo" and len(chosen.names) > 1:
        return f"{len(chosen.names)} photos", _many(state, chosen.names)
    name = chosen.names[0] if chosen.names else ""
    if chosen.kind == "photo" and (photo := state.photo(name)) is not None:
        return photo.id, photo_rows(photo)
    if chosen.kind == "layer" and (layer := state.layer(name)) is not None:
        return TITLES.get(layer.name, layer.name), layer_rows(layer)
    if chosen.kind == "stage":
        stage = next((item for item in state.shown_stages() if item.name == name), None)
        if stage is not None:
            return stage.title, stage_rows(stage)
    return _project(state)


def photo_rows(photo: PhotoItem) -> Rows:
    """Verdict with its figure, placement, EXIF."""
    rows: Rows = [("Verdict", WORDS.get(photo.verdict, photo.verdict))]
    if photo.reason:
        rows.append(("Reason", photo.reason))
    if not photo.enabled:
        rows.append(("Used", "no, left out"))
    if photo.registered is not None:
        rows.append(("", ""))
        rows.append(("Placed", "yes" if photo.registered else "no"))
        if photo.registration:
            rows.append(("Why" if not photo.registered else "Note", photo.registration))
        if photo.closest:
            rows.append(("Closest to", photo.closest))
        if photo.error_px is not None:
            rows.append(("Reprojection error", f"{photo.error_px:.3f} px"))
        if photo.points is not None:
            rows.append(("Points seen", f"{photo.points:,}"))
        if photo.inliers is not None:
            rows.append(("Verified matches", f"{photo.inliers:,}"))
    if photo.facts:
        rows += [("", ""), *photo.facts.items()]
    if photo.figures:
        rows.append(("", ""))
        rows += [_with_unit(name, _figure(value)) for name, value in photo.figures.items()]
    return [*rows, ("", ""), ("File", str(photo.file))]


def layer_rows(layer: LayerItem) -> Rows:
    """Count, file, what is stored, bounds when the renderer has told them."""
    count = [] if layer.count is None else [(layer.unit.capitalize(), f"{layer.count:,}")]
    return [*count, *layer.facts.items()]


def stage_rows(stage: StageItem) -> Rows:
    """State and reason, cost of the last run, notes, settings in force."""
    rows: Rows = [("State", LOOKS[stage.state][2])]
    if stage.why:
        rows.append(("Reason", stage.why))
    if stage.seconds is not None:
        rows.append(("Time", duration(stage.seconds)))
    if stage.memory_bytes:
        rows.append(("Peak memory", memory(stage.memory_bytes)))
    if stage.device:
        rows.append(("Device", stage.device))
    notes = [_with_unit(name, value_text(value)) for name, value in stage.notes.items() if isinstance(value, (int, float, str))]
    if notes:
        rows += [("", ""), *notes]
    if stage.settings:
        rows.append(("", ""))
        rows += [
            (readable(s.name), f"{value_text(s.value)} {s.unit}".strip() + (" (changed)" if s.changed else "")) for s in stage.settings
        ]
    return rows


def _many(state: AppState, names: tuple[str, ...]) -> Rows:
    photos = [photo for photo in state.photos if photo.id in names]
    placed = [photo for photo in photos if photo.registered]
    rows: Rows = [("Used", f"{sum(p.enabled for p in photos)} of {len(photos)}")]
    if any(photo.registered is not None for photo in photos):
        rows.append(("Placed", f"{len(placed)} of {len(photos)}"))
    return [*rows, ("Worth a look", str(sum(p.has_problem for p in photos)))]


def _project(state: AppState) -> tuple[str, Rows]:
    if state.project is None:
        return "", []
    rows: Rows = [("Photos", f"{state.ready_photos} used of {len(state.photos)}")]
    summary = state.summary
    if summary.registered is not None:
        rows.append(("Placed", f"{summary.registered} of {summary.photos}"))
    if summary.error_px is not None:
        rows.append(("Reprojection error", f"{summary.error_px:.3f} px"))
    if summary.points is not None:
        rows.append(("Points", f"{summary.points:,}"))
    if summary.faces is not None:
        rows.append(("Faces", f"{summary.faces:,}"))
    spent = [stage.seconds for stage in state.stages if stage.seconds is not None and stage.state == "fresh"]
    if spent:
        rows.append(("Time of all stages", duration(sum(spent))))
    return state.name, [*rows, ("Preset", state.preset), ("Folder", str(state.project))]


def _with_unit(name: str, value: str) -> tuple[str, str]:
    """('blur_px', '0.4') -> ('Blur', '0.4 px')."""
    return readable(name), f"{value} px" if name.endswith("_px") else value


def _figure(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def bounds_rows(facts: dict, metric: bool) -> dict[str, str]:
    """What the renderer told of a layer's extent, as label -> text."""
    bounds = facts.get("bounds")
    if not bounds:
        return {}
    low, high = bounds
    return {
        "From": "  ".join(f"{v:.3f}" for v in low),
        "To": "  ".join(f"{v:.3f}" for v in high),
        "Extent": " × ".join(f"{h - v:.3f}" for v, h in zip(low, high, strict=True)) + (" m" if metric else " scene units"),
    }
