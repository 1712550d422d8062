"""The 3D view's colours are explained, and how far they reach can be chosen."""

from __future__ import annotations

from pathlib import Path

from desktop.state import LayerItem
from desktop.viewport.layers import ViewStyle
from desktop.window import MainWindow


def last_style(window: MainWindow) -> ViewStyle:
    return [arguments[0] for name, arguments in window.viewport.calls if name == "set_style"][-1]


def test_distances_have_a_bar_whose_range_can_be_chosen(project: MainWindow, tmp_path: Path) -> None:
    viewer = project.viewer
    project.state.set_layers((LayerItem("mesh_distance", "mesh", tmp_path / "mesh_distance.ply", "1"),))
    assert viewer.legend.legend is None
    viewer.color.setCurrentIndex(viewer.color.findData("distance"))
    assert viewer.legend.legend is None, "nothing is loaded that has distances"
    project.viewport.layer_loaded.emit("mesh_distance", {"last_colors": {"distance": 0.4}})
    assert viewer.legend.legend is not None
    assert viewer.legend.legend.ticks[-1][1] == "0.4 and more"
    assert last_style(project).farthest == 0.4
    viewer.farthest.setValue(0.02)
    assert last_style(project).farthest == 0.02
    assert viewer.legend.legend.ticks[-1][1] == "0.02 and more"
    viewer.color.setCurrentIndex(viewer.color.findData("rgb"))
    assert viewer.legend.legend is None
    assert last_style(project).farthest == 0.0
