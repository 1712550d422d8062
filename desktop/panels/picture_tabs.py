"""The tabs [Photo] and [Compare]: the selected photo as it is, and undistorted beside its depth."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import Any

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QGridLayout, QWidget

from desktop.jobs.background import Background
from desktop.jobs.inspection import KINDS, MapView, read_map
from desktop.jobs.pictures import read_photo
from desktop.panels.abstract import AbstractWidget
from desktop.panels.legend_bar import LegendBar
from desktop.panels.parts import caption, choice, column, wrapped
from desktop.panels.photo_view import PhotoView
from desktop.state import AppState, ViewFiles
from recon.errors import PhotolithError
from recon.inspection.maps import LAYERS, value_at

NONE = "Add photos first, then select one on the left."


def chosen_photo(state: AppState) -> str:
    """The selected photo, or the first one."""
    if state.selection.kind == "photo" and state.photo(state.selection.names[0]) is not None:
        return state.selection.names[0]
    return state.photos[0].id if state.photos else ""


class PictureTab(QWidget, metaclass=AbstractWidget):
    """Reads pictures on a thread while it is visible; the newest wish wins."""

    def __init__(self, state: AppState) -> None:
        super().__init__()
        self.setObjectName("center")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._state = state
        self._threads = Background(1, "pictures", self)
        self._shown: Any = object()  # like no wish
        self.controls: list[QWidget] = []
        for topic in ("selection", "photos", "stages"):
            state.subscribe(topic, self.refresh)

    def showEvent(self, event: QShowEvent) -> None:
        """Reads what was selected meanwhile."""
        super().showEvent(event)
        self.refresh()

    def refresh(self) -> None:
        """Shows the selected photo if it is another one now."""
        if self.isVisible():
            wish = self._wish()
            if wish != self._shown:
                self._shown = wish
                self._threads.drop_waiting()
                self._load(wish)

    def close_threads(self) -> None:
        """Ends the thread."""
        self._threads.close()

    def retint(self) -> None:
        """Takes the theme's colours."""
        for view in self.findChildren(PhotoView):
            view.retint()

    @abstractmethod
    def _wish(self) -> Any:
        """What should be shown now: something that compares equal as long as nothing has to be read again."""

    @abstractmethod
    def _load(self, wish: Any) -> None:
        """Shows what `_wish` returned; whatever takes time is handed to the thread."""


def told(error: Exception, name: str) -> str:
    """Why something cannot be shown."""
    return str(error) if isinstance(error, PhotolithError) else f"{name} cannot be shown: {error}"


class PhotoTab(PictureTab):
    """The photo, zoomable."""

    def __init__(self, state: AppState) -> None:
        super().__init__(state)
        self.view = PhotoView("Photo")
        self.caption = caption()
        layout = column(self, 0, 0)
        layout.addWidget(self.view, 1)
        layout.addWidget(self.caption)
        self.setFocusProxy(self.view)

    def _wish(self) -> tuple[str, Path] | None:
        photo = self._state.photo(chosen_photo(self._state))
        return None if photo is None else (photo.id, photo.file)

    def _load(self, wish: tuple[str, Path] | None) -> None:
        if wish is None:
            self._nothing(NONE)
            return
        name, file = wish
        self.caption.setText(f"{name} …")

        def done(image: Any) -> None:
            if self._shown == wish:
                self.view.show_image(image)
                self.caption.setText(f"{name}   {image.width()} × {image.height()} px")

        def failed(error: Exception) -> None:
            if self._shown == wish:
                self._nothing(told(error, name))

        self._threads.submit(lambda: read_photo(file), done, failed)

    def _nothing(self, why: str) -> None:
        self.view.clear()
        self.view.show_hint(why)
        self.caption.setText("")


class CompareTab(PictureTab):
    """Undistorted photo and a layer of its depth map, moving together."""

    def __init__(self, state: AppState) -> None:
        super().__init__(state)
        self.photo_view, self.depth_view = PhotoView("Photo without distortion"), PhotoView("Depth map")
        self.captions = (wrapped("", "muted"), wrapped("", "muted"))
        self.legend = LegendBar()
        self.layer, self.kind = choice("What is beside the photo", LAYERS, 8), choice("Which depth map", KINDS, 8)
        self.controls = [self.layer, self.kind]
        for box in (self.layer, self.kind):
            box.currentIndexChanged.connect(self.refresh)
        self.photo_view.moved.connect(lambda zoom, center: self.depth_view.follow(zoom, center))
        self.depth_view.moved.connect(lambda zoom, center: self.photo_view.follow(zoom, center))
        for view, other in ((self.photo_view, self.depth_view), (self.depth_view, self.photo_view)):
            view.hovered.connect(lambda place, view=view, other=other: self._point(view.share(place), other))
        self._map: MapView | None = None
        self._arrange()
        self.setFocusProxy(self.photo_view)

    def _arrange(self) -> None:
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setHorizontalSpacing(4)
        layout.setVerticalSpacing(0)
        for side, (view, text) in enumerate(zip((self.photo_view, self.depth_view), self.captions, strict=True)):
            text.setContentsMargins(12, 4, 12, 4)
            text.setAlignment(Qt.AlignmentFlag.AlignTop)
            text.setMinimumHeight(text.fontMetrics().lineSpacing() * 2 + 8)
            layout.addWidget(view, 0, side)
            layout.addWidget(text, 2, side)
            layout.setColumnStretch(side, 1)
        layout.addWidget(self.legend, 1, 1)
        layout.setRowStretch(0, 1)

    def _wish(self) -> tuple[str, ViewFiles | None, str, str]:
        name = chosen_photo(self._state)
        return name, self._state.views.get(name), self.kind.currentData(), self.layer.currentData()

    def _load(self, wish: tuple[str, ViewFiles | None, str, str]) -> None:
        name, view, kind, layer = wish
        self._map = None
        if view is None:
            self._nothing(self.photo_view, why_no_view(self._state, name))
            self._nothing(self.depth_view, "")
            self.captions[0].setText(name)
            self.captions[1].setText("")
            return
        self.captions[0].setText(f"{name}, without lens distortion")
        self._threads.submit(
            lambda: read_photo(view.picture),
            lambda image: self._show(wish, image),
            lambda error: self._failed(wish, self.photo_view, error),
        )
        self.captions[1].setText("")
        if view.raw is None and view.consistent is None:
            self._nothing(self.depth_view, "Its depth is not computed yet: run until 'Depth maps'.")
            return
        kind = kind if (view.raw if kind == "raw" else view.consistent) is not None else "consistent" if view.raw is None else "raw"
        unit = self._state.unit
        self._threads.submit(
            lambda: read_map(view, kind, layer, unit),
            lambda found: self._show_map(wish, kind, found),
            lambda error: self._failed(wish, self.depth_view, error),
        )

    def _show(self, wish: Any, image: Any) -> None:
        if self._shown == wish:
            self.photo_view.show_image(image)

    def _show_map(self, wish: Any, kind: str, found: MapView) -> None:
        if self._shown != wish:
            return
        self._map = found
        if found.legend is None:
            other = kind == "raw" and wish[1].consistent is not None and bool(found.depth_map.depth.any())
            self._nothing(self.depth_view, f"{found.text} Choose 'Consistent' above." if other else found.text)
            return
        self.legend.show_legend(found.legend)
        instead = "" if kind == wish[2] else " The consistent map is not there yet; this is the raw one."
        self._text = f"{KINDS[kind]}. {found.text}{instead}"
        self.captions[1].setText(self._text)
        self.depth_view.show_image(found.image)

    def _nothing(self, view: PhotoView, why: str) -> None:
        view.clear()
        view.show_hint(why)
        if view is self.depth_view:
            self.legend.show_legend(None)

    def _failed(self, wish: Any, view: PhotoView, error: Exception) -> None:
        if self._shown == wish:
            self._nothing(view, told(error, wish[0]))

    def _point(self, place: QPointF | None, other: PhotoView) -> None:
        """Marks the same place in the other picture and tells what is known there."""
        other.set_mark(place)
        if place is None:
            for view in (self.photo_view, self.depth_view):
                view.set_mark(None)
        if self._map is not None and self._map.legend is not None:
            value = "" if place is None else value_at(self._map.depth_map, place.x(), place.y(), self._state.unit)
            self.captions[1].setText(value.capitalize() if value else self._text)


def why_no_view(state: AppState, name: str) -> str:
    """Why a photo has nothing to compare, and what to do."""
    photo = state.photo(name)
    if photo is None:
        return NONE
    if photo.registered is False:
        return f"{name} has no camera, so there is nothing to compare: select a photo that was placed."
    if not state.views:
        return "No photo has a camera yet: run until 'Undistortion'."
    return f"{name} has no camera, so there is nothing to compare: reconstruct again with this photo."
