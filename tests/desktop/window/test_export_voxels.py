"""The export dialog offers the voxel grid of a project that has a dense cloud."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from desktop.dialogs.export import ExportDialog
from desktop.state import LayerItem
from desktop.window import MainWindow


def test_voxels_are_exported_from_the_project_itself(project: MainWindow, until: Callable[..., None], tmp_path: Path) -> None:
    project.state.set_layers((LayerItem("cloud", "cloud", tmp_path / "cloud.ply", "1", 9),))
    written: list[tuple[str, Path, Path]] = []
    dialog = ExportDialog(project.state, lambda *arguments: written.append(arguments), project)
    (button,) = [button for button in dialog.what.buttons() if button.property("layer") == "voxels"]
    assert "128" in button.text()
    button.setChecked(True)
    assert dialog.path.name.endswith(" voxels.npz")
    dialog.target.setText(str(tmp_path / "boxes.xyz"))
    assert not dialog.go.isEnabled()
    dialog.target.setText(str(tmp_path / "grid.npz"))
    dialog.go.click()
    assert written == [("voxels", project.state.project, tmp_path / "grid.npz")]
    project.exporter.export(*written[0])
    until(lambda: not project.exporter.busy)
    assert "up to the cloud" in project.state.messages[0].text, "this one has no depth maps"


def test_a_project_without_points_offers_no_voxels(project: MainWindow, tmp_path: Path) -> None:
    project.state.set_layers((LayerItem("sparse", "sparse", tmp_path / "scene.npz", "1", 9),))
    dialog = ExportDialog(project.state, lambda *arguments: None, project)
    assert [button.property("layer") for button in dialog.what.buttons()] == ["sparse"]
