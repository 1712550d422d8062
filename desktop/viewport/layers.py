"""What the viewport shows and how: small immutable descriptions that cross the process border as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from recon.errors import SettingsError

KINDS = ("cloud", "mesh", "sparse", "cameras")
COLOR_MODES = ("rgb", "normals", "confidence", "height", "depth", "views", "origin", "distance")
SHADINGS = ("smooth", "flat", "wireframe")
BACKGROUNDS = ("dark", "light")


@dataclass(frozen=True)
class LayerSpec:
    """One thing to draw. The file is read by the renderer process, never by the window.

    Args:
        name: Unique in the viewport.
        kind: 'cloud' or 'mesh' (PLY), 'sparse' (points of a `scene.npz`) or 'cameras' (its views as frusta).
        path: The file.
        visible: Drawn or not.
        thumbnails: For 'cameras': folder with a small picture `<view name>.jpg` of each view, shown in the frustum.
        revision: Any text that changes when the file's content does; the same spec twice is not loaded again.
    """

    name: str
    kind: str
    path: Path
    visible: bool = True
    thumbnails: Path | None = None
    revision: str = ""

    def __post_init__(self) -> None:
        _choice("layer kind", self.kind, KINDS)

    def to_json(self) -> dict[str, Any]:
        """Plain values for the renderer process."""
        thumbnails = None if self.thumbnails is None else str(self.thumbnails)
        return asdict(self) | {"path": str(self.path), "thumbnails": thumbnails}

    @staticmethod
    def from_json(values: Mapping[str, Any]) -> LayerSpec:
        """Inverse of `to_json`."""
        thumbnails = values.get("thumbnails")
        return LayerSpec(**{**values, "path": Path(values["path"]), "thumbnails": None if thumbnails is None else Path(thumbnails)})


@dataclass(frozen=True)
class ViewStyle:
    """How layers are drawn.

    Args:
        color_mode: One of `COLOR_MODES`; 'depth' is the distance from the viewer, 'distance' the one to a true surface.
        shading: 'smooth', 'flat' or 'wireframe'; concerns meshes.
        background: 'dark' or 'light'.
        point_size: Factor on the automatic size of points, 0.25 to 8.
        frustum_size: Factor on the automatic size of camera frusta, 0.1 to 10.
        farthest: Distance of the last colour of the mode 'distance'; 0 = each layer's own, see `geometry.farthest`.
    """

    color_mode: str = "rgb"
    shading: str = "smooth"
    background: str = "dark"
    point_size: float = 1.0
    frustum_size: float = 1.0
    farthest: float = 0.0

    def __post_init__(self) -> None:
        _choice("colour mode", self.color_mode, COLOR_MODES)
        _choice("shading", self.shading, SHADINGS)
        _choice("background", self.background, BACKGROUNDS)
        _within("point size", self.point_size, 0.25, 8.0)
        _within("frustum size", self.frustum_size, 0.1, 10.0)
        _within("farthest distance", self.farthest, 0.0, 1e30)

    def to_json(self) -> dict[str, Any]:
        """Plain values for the renderer process."""
        return asdict(self)


def _choice(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise SettingsError(f"Unknown {name} '{value}'.", f"Choices: {', '.join(allowed)}.")


def _within(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise SettingsError(f"The {name} cannot be {value}.", f"It lies between {low} and {high}.")
