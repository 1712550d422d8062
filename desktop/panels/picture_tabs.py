"""The tabs [Photo] and [Compare]: the selected photo as it is, and undistorted beside its depth."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QWidget

from desktop.jobs.background import Background
from desktop.jobs.pictures import read_depth_picture, read_photo
from desktop.panels.parts import column, label, wrapped
from desktop.panels.photo_view import PhotoView
from desktop.state import AppState
from recon.errors import PhotolithError


def chosen_photo(state: AppState) -> str:
    """The selected photo, or the first one."""
    if state.selection.kind == "photo" and state.photo(state.selection.names[0]) is not None:
        return state.selection.names[0]
    return state.photos[0].id if state.photos else ""


class PictureTab(QWidget):
    """Reads pictures on a thread while it is visible; the newest wish wins."""

    def __init__(self, state: AppState) -> None:
        super().__init__()
        self.setObjectName("center")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._state = state
        self._threads = Background(1, "pictures", self)
        self._shown: Any = None
        for topic in ("selection", "photos", "stages"):
            state.subscribe(topic, self.refresh)

    def showEvent(self, event) -> None:
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

    def _wish(self) -> Any:
        raise NotImplementedError

    def _load(self, wish: Any) -> None:
        raise NotImplementedError


class PhotoTab(PictureTab):
    """The photo, zoomable."""

    def __init__(self, state: AppState) -> None:
        super().__init__(state)
        self.view = PhotoView("Photo")
        self.caption = label("", "muted", selectable=True)
        self.caption.setContentsMargins(12, 4, 12, 4)
        layout = column(self, 0, 0)
        layout.addWidget(self.view, 1)
        layout.addWidget(self.caption)

    def _wish(self) -> tuple[str, Path] | None:
        photo = self._state.photo(chosen_photo(self._state))
        return None if photo is None else (photo.id, photo.file)

    def _load(self, wish: tuple[str, Path] | None) -> None:
        if wish is None:
            self.view.clear()
            self.caption.setText("Select a photo on the left.")
            return
        name, file = wish
        self.caption.setText(f"{name} …")

        def done(image: Any) -> None:
            if self._shown == wish:
                self.view.show_image(image)
                self.caption.setText(f"{name}   {image.width()} × {image.height()} px")

        def failed(error: Exception) -> None:
            if self._shown == wish:
                self.view.clear()
                self.caption.setText(str(error) if isinstance(error, PhotolithError) else f"{name} cannot be shown: {error}")

        self._threads.submit(lambda: read_photo(file), done, failed)


class CompareTab(PictureTab):
    """Undistorted photo and depth map, moving together."""

    def __init__(self, state: AppState) -> None:
        super().__init__(state)
        self.photo_view, self.depth_view = PhotoView("Photo without distortion"), PhotoView("Depth map")
        self.captions = (wrapped("", "muted"), wrapped("", "muted"))
        self.photo_view.moved.connect(lambda zoom, center: self.depth_view.follow(zoom, center))
        self.depth_view.moved.connect(lambda zoom, center: self.photo_view.follow(zoom, center))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        for view, caption in zip((self.photo_view, self.depth_view), self.captions, strict=True):
            side = column(None, 0, 0)
            caption.setContentsMargins(12, 4, 12, 4)
            side.addWidget(view, 1)
            side.addWidget(caption)
            layout.addLayout(side, 1)

    def _wish(self) -> tuple[str, Path | None, Path | None]:
        name = chosen_photo(self._state)
        picture, depth = self._state.views.get(name, (None, None))
        return name, picture, depth

    def _load(self, wish: tuple[str, Path | None, Path | None]) -> None:
        name, picture, depth = wish
        texts = (
            f"{name} has no camera, so there is nothing to compare." if picture is None else f"{name}, without lens distortion",
            "Its depth is not computed yet: run until 'Depth maps'." if depth is None else "Depth …",
        )
        for caption, text in zip(self.captions, texts, strict=True):
            caption.setText(text if name else "Select a photo on the left.")
        self.photo_view.clear()
        self.depth_view.clear()
        if picture is not None:
            self._threads.submit(lambda: read_photo(picture), lambda image: self._show(wish, self.photo_view, image), self._failed(0))
        if depth is not None:
            self._threads.submit(lambda: read_depth_picture(depth), lambda result: self._show_depth(wish, result), self._failed(1))

    def _show(self, wish: Any, view: PhotoView, image: Any) -> None:
        if self._shown == wish:
            view.show_image(image)

    def _show_depth(self, wish: Any, result: Any) -> None:
        image, text = result
        if self._shown == wish:
            self.captions[1].setText(text)
            self.depth_view.show_image(image)

    def _failed(self, side: int):
        return lambda error: self.captions[side].setText(str(error))
