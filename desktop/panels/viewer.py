"""The middle: pages for the empty states, tabs [3D] [Photo] [Compare] [Matches] [Matrix], view settings in the header."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractSpinBox, QDoubleSpinBox, QLabel, QSlider, QStackedWidget, QTabBar, QToolButton, QVBoxLayout, QWidget

from desktop.commands.actions import Actions
from desktop.panels.legend_bar import LegendBar
from desktop.panels.matches_tab import MatchesTab
from desktop.panels.matrix_tab import MatrixTab
from desktop.panels.messages import MessageBar
from desktop.panels.pages import DropPage, EmptyPage, StartPage
from desktop.panels.parts import choice, row
from desktop.panels.picture_tabs import CompareTab, PhotoTab
from desktop.state import AppState, LayerItem
from desktop.style import theme
from desktop.viewport.layers import LayerSpec, ViewStyle
from desktop.viewport.legends import last_color, legend_of

COLORS = {
    "rgb": "Colour",
    "normals": "Normals",
    "confidence": "Confidence",
    "views": "Number of views",
    "height": "Height",
    "depth": "Depth",
    "origin": "Origin",
    "distance": "Distance",
}
SHADINGS = {"smooth": "Smooth", "flat": "Flat", "wireframe": "Wireframe"}
BACKGROUNDS = {"theme": "As theme", "dark": "Dark", "light": "Light"}
TABS = ("3D", "Photo", "Compare", "Matches", "Matrix")
POINT_SIZES = (0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0)


class ViewerPanel(QWidget):
    """Everything in the middle of the window.

    Args:
        viewport: The 3D view; `desktop.viewport.widget.ViewportWidget` or something with its methods.
        open_project: Called with a recent project's path.
    """

    def __init__(self, state: AppState, actions: Actions, viewport: Any, open_project: Any) -> None:
        super().__init__()
        self.setObjectName("center")
        self._state, self._actions, self.viewport = state, actions, viewport
        self._specs: dict[str, LayerSpec] = {}
        self._style = ViewStyle()
        self._last_colors: dict[str, dict[str, float]] = {}
        self.messages = MessageBar(state)
        self.start, self.drop, self.empty = StartPage(state, actions, open_project), DropPage(actions), EmptyPage(state, actions)
        self.photo, self.compare, self.matches, self.matrix = PhotoTab(state), CompareTab(state), MatchesTab(state), MatrixTab(state)
        self._tabs = (self.photo, self.compare, self.matches, self.matrix)
        self.matrix.opened.connect(self._open_pair)
        self.stack = QStackedWidget()
        self.stack.setObjectName("center")
        for page in (self.start, self.drop, self.empty, viewport, *self._tabs):
            self.stack.addWidget(page)
        self.header = QWidget()
        self.header.setObjectName("view-header")
        self.header.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._build_header()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.header)
        layout.addWidget(self.messages)
        layout.addWidget(self.stack, 1)
        layout.addWidget(self._build_legend())
        viewport.layer_loaded.connect(self._loaded)
        for topic in ("project", "photos", "layers"):
            state.subscribe(topic, self.refresh)
        state.subscribe("stages", self._measure)
        state.subscribe("selection", self._choose)
        self.refresh()

    def _build_header(self) -> None:
        self.tabs = QTabBar()
        self.tabs.setExpanding(False)
        self.tabs.setUsesScrollButtons(False)
        self.tabs.setAccessibleName("View")
        for text in TABS:
            self.tabs.addTab(text)
        self.tabs.currentChanged.connect(self.refresh)
        self.color = choice("Colour of points and surface", COLORS)
        self.shading = choice("Shading of surfaces", SHADINGS)
        self.background = choice("Background", BACKGROUNDS)
        self.point_size = QSlider(Qt.Orientation.Horizontal)
        self.point_size.setRange(0, len(POINT_SIZES) - 1)
        self.point_size.setValue(POINT_SIZES.index(1.0))
        self.point_size.setFixedWidth(72)
        self.point_size.setPageStep(1)
        self.point_size.setToolTip("Size of points")
        self.point_size.setAccessibleName("Size of points")
        fit = QToolButton()
        fit.setDefaultAction(self._actions["fit"])
        fit.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
        for box in (self.color, self.shading, self.background):
            box.currentIndexChanged.connect(self.restyle)
        self.point_size.valueChanged.connect(self.restyle)
        layout = row(0, 4)
        layout.setContentsMargins(8, 0, 8, 0)
        layout.addWidget(self.tabs)
        layout.addStretch()
        self._dot = QLabel()
        self._dot.setToolTip("Size of points")
        self._controls: list[QWidget] = [self.color, self.shading, self.background, self._dot, self.point_size, fit]
        for control in (*self._controls, *(control for tab in self._tabs for control in tab.controls)):
            layout.addWidget(control)
        self.header.setLayout(layout)

    def _build_legend(self) -> QWidget:
        """The bar of the present colours, and how far it reaches."""
        self.farthest = QDoubleSpinBox()
        self.farthest.setRange(0.0, 1e9)
        self.farthest.setDecimals(5)
        self.farthest.setSpecialValueText("Up to: automatic")
        self.farthest.setPrefix("Up to: ")
        self.farthest.setFixedWidth(160)
        self.farthest.setStepType(QAbstractSpinBox.StepType.AdaptiveDecimalStepType)
        self.farthest.setToolTip("Distance of the last colour; 0 = below which 95 % of the layer lies")
        self.farthest.setAccessibleName("Distance of the last colour")
        self.farthest.valueChanged.connect(self.restyle)
        self.legend, self.footer = LegendBar(), QWidget()
        line = row(0, 8)
        line.setContentsMargins(0, 0, 12, 0)
        line.addWidget(self.legend, 1)
        line.addWidget(self.farthest)
        self.footer.setLayout(line)
        return self.footer

    def show_tab(self, number: int) -> None:
        """Turns to one of `TABS`."""
        self.tabs.setCurrentIndex(number)
        shown = self.stack.currentWidget()
        if shown is not None:
            shown.setFocus()

    def _open_pair(self, one: str, other: str) -> None:
        self.matches.open_pair(one, other)
        self.show_tab(TABS.index("Matches"))

    def refresh(self) -> None:
        """Shows the page that fits the state."""
        page = self._state.page()
        self.header.setVisible(page in ("model", "empty"))
        tab = self.tabs.currentIndex()
        pages = {"start": self.start, "drop": self.drop, "empty": self.empty, "model": self.viewport}
        shown = (pages[page], *self._tabs)[tab] if page in ("model", "empty") else pages[page]
        if self.stack.currentWidget() is not shown:
            self.stack.setCurrentWidget(shown)
        for control in self._controls:
            control.setVisible(shown is self.viewport)
        for each in self._tabs:
            for control in each.controls:
                control.setVisible(shown is each)
        self._explain()
        self.shading.setEnabled(any(layer.kind == "mesh" for layer in self._state.layers))
        self._sync_layers()

    def _sync_layers(self) -> None:
        wanted = {layer.name: _spec(layer) for layer in self._state.layers}
        for name in self._specs.keys() - wanted.keys():
            self.viewport.remove_layer(name)
        for name, spec in wanted.items():
            old = self._specs.get(name)
            if old is not None and old != spec and replace(old, visible=spec.visible) == spec:
                self.viewport.set_layer_visible(name, spec.visible)
            elif old != spec:
                self.viewport.set_layer(spec)
        self._specs = wanted

    def _loaded(self, name: str, facts: dict[str, Any]) -> None:
        self._last_colors[name] = facts.get("last_colors", {})
        if self._style.color_mode in self._last_colors[name]:
            self.restyle()

    def _measure(self) -> None:
        """The scene's unit is known, or another."""
        self.viewport.set_metric(self._state.metric)
        self._explain()

    def _explain(self) -> None:
        """Shows the bar of the present colours, where they stand for values."""
        mode, in_sight = self.color.currentData(), self.stack.currentWidget() is self.viewport
        self.farthest.setVisible(mode == "distance")
        last = self._style.farthest or last_color(mode, self._shown_last_colors())
        legend = legend_of(self._style, last, "m" if self._state.metric else "scene units") if in_sight else None
        self.footer.setVisible(legend is not None)
        self.legend.show_legend(legend)

    def _shown_last_colors(self) -> list[dict[str, float]]:
        return [self._last_colors.get(layer.name, {}) for layer in self._state.layers if layer.visible]

    def _choose(self) -> None:
        chosen = self._state.selection
        self.viewport.set_chosen(chosen.names if chosen.kind == "photo" else ())

    def restyle(self) -> None:
        """Hands colours, shading, background and point size to the viewport."""
        background, mode = self.background.currentData(), self.color.currentData()
        self._style = ViewStyle(
            mode,
            self.shading.currentData(),
            theme.current().name if background == "theme" else background,
            POINT_SIZES[self.point_size.value()],
            farthest=(self.farthest.value() or last_color(mode, self._shown_last_colors())) if mode == "distance" else 0.0,
        )
        self.viewport.set_style(self._style)
        self._explain()

    def retint(self) -> None:
        """Takes the theme's colours."""
        self._dot.setPixmap(theme.icon("dots-nine", "muted").pixmap(16, 16))
        self.drop.retint()
        for tab in self._tabs:
            tab.retint()
        self._state.notify("messages")
        self.restyle()

    def close_threads(self) -> None:
        """Ends threads and the renderer."""
        for tab in self._tabs:
            tab.close_threads()
        self.viewport.shutdown()


def _spec(layer: LayerItem) -> LayerSpec:
    return LayerSpec(layer.name, layer.kind, layer.path, layer.visible, layer.thumbnails, layer.stamp)
