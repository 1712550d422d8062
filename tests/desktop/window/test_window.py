import re
import struct
from pathlib import Path

import numpy as np
from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import QApplication

from desktop.commands.actions import TABLE
from desktop.dialogs.export import ExportDialog
from desktop.dialogs.palette import CommandPalette
from desktop.menus import RecentMenu
from desktop.panels.inspector import describe
from desktop.panels.messages import ICONS
from desktop.panels.pages import ADVICE
from desktop.panels.photo_model import PHOTO
from desktop.panels.pipeline import LOOKS
from desktop.style import theme
from recon.project import Project


def dragged(*paths: Path) -> QMimeData:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return data


def drag_over(window, data: QMimeData) -> None:
    place, no_keys = QPoint(300, 300), Qt.KeyboardModifier.NoModifier
    event = QDragEnterEvent(place, Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, no_keys)
    QApplication.sendEvent(window, event)
    assert event.isAccepted()


def drop(window, *paths: Path) -> None:
    data = dragged(*paths)
    drag_over(window, data)
    place, no_keys = QPointF(300, 300), Qt.KeyboardModifier.NoModifier
    event = QDropEvent(place, Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, no_keys)
    QApplication.sendEvent(window, event)
    assert event.isAccepted()


def test_without_a_project_the_start_page_teaches_the_next_step(window):
    assert window.viewer.stack.currentWidget() is window.viewer.start
    assert window.actions_["new"].isEnabled()
    assert not window.actions_["run"].isEnabled()
    assert not window.actions_["export"].isEnabled()


def test_photos_dropped_on_the_empty_window_make_an_untitled_project(window, until, pictures, tmp_path):
    drop(window, pictures)
    until(lambda: len(window.state.photos) == 3)
    assert window.state.project == tmp_path / "projects" / "Untitled"
    assert [photo.id for photo in Project.open(window.state.project).photos] == ["a b ü 0.png", "a b ü 1.png", "a b ü 2.png"]
    assert "notes.txt" in window.state.messages[0].text, "a file that was not taken must be named"
    assert window.viewer.stack.currentWidget() is window.viewer.empty
    assert window.state.recents[0] == window.state.project


def test_what_is_dragged_over_the_window_is_told_what_will_become_of_it(window, until, pictures, tmp_path):
    def hint(*paths: Path) -> str:
        data = dragged(*paths)
        drag_over(window, data)
        assert window.drops.hint.isVisible()
        text = window.drops.hint.text()
        QApplication.sendEvent(window, QDragLeaveEvent())
        assert not window.drops.hint.isVisible()
        return text

    Project.create(tmp_path / "Vase")
    assert hint(pictures) == "Make a project of 'pictures'"
    assert hint(tmp_path / "Vase") == "Open the project 'Vase'"
    window.session.open_project(tmp_path / "Vase")
    until(lambda: window.state.name == "Vase")
    assert hint(*pictures.glob("*.png")) == "Add 3 files to 'Vase'"


def test_a_dropped_project_is_opened(window, until, tmp_path):
    Project.create(tmp_path / "Vase")
    drop(window, tmp_path / "Vase")
    until(lambda: window.state.name == "Vase")
    assert window.viewer.stack.currentWidget() is window.viewer.drop


def test_thumbnails_arrive_from_the_thread(project, until):
    model = project.photos.model
    index = model.index(0)
    model.data(index, Qt.ItemDataRole.DecorationRole)
    until(lambda: model.data(index, Qt.ItemDataRole.DecorationRole) is not None)
    assert model.data(index, Qt.ItemDataRole.DecorationRole).width() == 64


def test_removing_photos_can_be_undone_with_order_and_switches_intact(project, until):
    window, path = project, project.state.project
    before = [(p.id, p.enabled, p.digest) for p in Project.open(path).photos]
    window.session.photos.remove(["a b ü 0.png"])
    until(lambda: len(window.state.photos) == 2)
    assert not (path / "photos" / "a b ü 0.png").exists()
    window.actions_["undo"].trigger()
    until(lambda: len(window.state.photos) == 3)
    assert [(p.id, p.enabled, p.digest) for p in Project.open(path).photos] == before
    window.actions_["redo"].trigger()
    until(lambda: len(window.state.photos) == 2)


def test_adding_photos_can_be_undone_and_done_again(project, until):
    project.actions_["undo"].trigger()
    until(lambda: not project.state.photos)
    project.actions_["redo"].trigger()
    until(lambda: len(project.state.photos) == 3)


def test_leaving_a_photo_out_is_undone(project, until):
    project.session.photos.set_enabled(["a b ü 1.png"], False)
    until(lambda: project.state.ready_photos == 2)
    assert "Leave out" in project.actions_["undo"].text()
    project.actions_["undo"].trigger()
    until(lambda: project.state.ready_photos == 3)


def test_the_filter_narrows_by_name_and_by_kind(project, until):
    photos = project.photos
    photos.search.setText("ü 1")
    assert [photos.filter.index(n, 0).data(PHOTO).id for n in range(photos.filter.rowCount())] == ["a b ü 1.png"]
    photos.search.clear()
    photos.kind.setCurrentText("Left out")
    assert photos.filter.rowCount() == 0


def test_a_setting_changed_in_the_form_reaches_the_project_and_can_be_undone(project, until):
    row = project.pipeline.rows["toy"]
    row.toggle()
    row.form.editors["size"].setValue(2000)
    until(lambda: Project.open(project.state.project).settings == {"toy": {"size": 2000}})
    until(lambda: project.state.stage("toy").settings[0].value == 2000)
    assert row.form.resets["size"].isEnabled()
    project.actions_["undo"].trigger()
    until(lambda: Project.open(project.state.project).settings == {})


def test_the_preset_reaches_the_project(project, until):
    project.session.set_preset("draft")
    until(lambda: Project.open(project.state.project).preset == "draft")
    until(lambda: project.toolbar.preset.text() == "Draft")


def test_a_preset_chosen_on_the_start_page_holds_for_the_new_project(window, until, tmp_path):
    window.session.set_preset("draft")
    window.session.create_project(tmp_path / "Vase")
    until(lambda: window.state.name == "Vase")
    assert Project.open(tmp_path / "Vase").preset == "draft"
    window.session.create_project(tmp_path / "Bowl")
    until(lambda: window.state.name == "Bowl")
    assert Project.open(tmp_path / "Bowl").preset == "balanced"


def test_the_file_menu_opens_recent_projects(project, until, tmp_path):
    Project.create(tmp_path / "Vase & Bowl")
    project.session.open_project(tmp_path / "Vase & Bowl")
    until(lambda: project.state.name == "Vase & Bowl")
    recent = project.findChild(RecentMenu)
    assert [action.text() for action in recent.actions()] == ["Vase && Bowl", "Statue"]
    recent.actions()[1].trigger()
    until(lambda: project.state.name == "Statue")


def test_opening_something_that_is_no_project_says_so_without_a_dialog(window, until, tmp_path):
    window.session.open_project(tmp_path)
    until(lambda: window.state.messages)
    assert "not a Photolith project" in window.state.messages[0].what
    assert window.viewer.messages.isVisible()
    assert window.log.errors() == 1


def test_outputs_on_disk_become_layers_with_their_counts(project, until):
    outputs = project.state.project / "outputs"
    outputs.mkdir(exist_ok=True)
    head = b"ply\nformat binary_little_endian 1.0\nelement vertex 2\nproperty float x\nproperty float y\nproperty float z\nend_header\n"
    (outputs / "cloud.ply").write_bytes(head + np.zeros(6, "<f4").tobytes())
    project.session.refresh()
    until(lambda: project.state.layers)
    assert project.state.layer("cloud").count == 2
    assert project.viewer.stack.currentWidget() is project.viewport
    assert project.viewport.specs["cloud"].path == outputs / "cloud.ply"
    item = project.layers.topLevelItem(0)
    assert item.text(1) == "2"
    item.setCheckState(0, Qt.CheckState.Unchecked)
    assert ("set_layer_visible", ("cloud", False)) in project.viewport.calls


def test_a_layer_is_loaded_again_only_when_its_file_changes(project, until):
    outputs = project.state.project / "outputs"
    outputs.mkdir(exist_ok=True)
    (outputs / "cloud.ply").write_bytes(b"ply\nelement vertex 1\nend_header\n")
    project.session.refresh()
    until(lambda: project.state.layers)
    project.session.refresh()
    until(lambda: project.session.edits.idle)
    assert project.viewport.calls.count(("set_layer", "cloud")) == 1
    (outputs / "cloud.ply").write_bytes(b"ply\nelement vertex 12\nend_header\n")
    project.session.refresh()
    until(lambda: project.viewport.calls.count(("set_layer", "cloud")) == 2)


def test_a_layer_that_cannot_be_shown_is_told_and_stays_in_the_log(project):
    project.viewport.layer_failed.emit("cloud", "'cloud.ply' ends early.")
    assert project.state.messages[0].text == "Dense points cannot be shown. 'cloud.ply' ends early. Reconstruct writes the file again."
    assert project.state.log[-1].level == "warning"


def test_every_action_is_in_a_menu_and_has_a_tooltip_with_its_shortcut(window):
    listed = {action.objectName() for menu in window.menus.values() for action in menu.actions()}
    assert set(TABLE) <= listed
    for name, entry in TABLE.items():
        assert window.actions_[name].toolTip()
        if entry.shortcut:
            assert "(" in window.actions_[name].toolTip(), name


def test_no_two_actions_share_a_shortcut():
    keys = [entry.shortcut for entry in TABLE.values() if entry.shortcut]
    assert len(keys) == len(set(keys))


def test_the_command_palette_finds_by_words_and_leaves_out_what_cannot_be_done(window):
    palette = CommandPalette(window.actions_, [], window)
    palette.narrow("proj new")
    assert palette.titles() == ["File: New project…"]
    palette.narrow("export")
    assert palette.titles() == []


def test_the_theme_switch_changes_palette_and_stylesheet_and_is_remembered(window, app):
    dark = app.styleSheet()
    window.actions_["theme"].trigger()
    assert theme.current().name == "light"
    assert window.preferences.theme == "light"
    assert app.styleSheet() != dark
    assert app.palette().window().color().name() == theme.current().panel
    window.actions_["theme"].trigger()
    assert app.styleSheet() == dark


def test_the_inspector_shows_figures_of_the_selected_photo_that_can_be_copied(project, app):
    project.state.select("photo", "a b ü 1.png")
    assert project.inspector.title.text() == "a b ü 1.png"
    _, rows = describe(project.state)
    assert ("Verdict", "Not looked at yet") in rows
    project.actions_["copy"].trigger()
    assert app.clipboard().text().startswith("a b ü 1.png\nVerdict\tNot looked at yet")


def test_the_export_dialog_refuses_what_cannot_be_written(project, until, tmp_path):
    outputs = project.state.project / "outputs"
    outputs.mkdir(exist_ok=True)
    (outputs / "cloud.ply").write_bytes(b"ply\nelement vertex 1000\nend_header\n")
    project.session.refresh()
    until(lambda: project.state.layers)
    written = []
    dialog = ExportDialog(project.state, lambda *arguments: written.append(arguments), project)
    dialog.target.setText(str(tmp_path / "x.docx"))
    assert not dialog.go.isEnabled()
    dialog.target.setText(str(tmp_path / "nowhere" / "x.ply"))
    assert not dialog.go.isEnabled()
    dialog.target.setText(str(tmp_path / "x.xyz"))
    assert dialog.go.isEnabled()
    dialog.go.click()
    assert written == [("cloud", outputs / "cloud.ply", tmp_path / "x.xyz")]


def test_an_export_is_written_by_a_process_of_its_own(window, until, tmp_path):
    source = tmp_path / "cloud.ply"
    head = "ply\nformat binary_little_endian 1.0\nelement vertex 2\nproperty float x\nproperty float y\nproperty float z\nend_header\n"
    source.write_bytes(head.encode() + struct.pack("<6f", 0, 1, 2, 3, 4, 5))
    window.exporter.export("cloud", source, tmp_path / "out.xyz")
    until(lambda: not window.exporter.busy)
    assert len((tmp_path / "out.xyz").read_text().splitlines()) == 2
    window.exporter.export("mesh", source, tmp_path / "out.obj")
    until(lambda: not window.exporter.busy)
    assert window.state.messages, "an export that failed must say so"


def test_layout_and_recent_projects_are_remembered(project):
    project.docks["Layers"].hide()
    project.close()
    geometry, docks = project.preferences.layout()
    assert not geometry.isEmpty()
    assert not docks.isEmpty()
    assert project.preferences.recents == (project.state.project,)


def test_every_icon_that_the_code_names_is_in_the_font(app):
    root = Path(theme.__file__).parents[1]
    named = {entry.icon for entry in TABLE.values() if entry.icon} | {icon for icon, _ in ADVICE}
    named |= {look[0] for look in (*LOOKS.values(), *ICONS.values())}
    for path in (*root.glob("*.py"), *root.glob("panels/*.py"), *root.glob("dialogs/*.py")):
        named |= set(re.findall(r'(?:theme\.icon\(|set_icon\([\w.]+, |tool_button\()"([a-z-]+)"', path.read_text(encoding="utf-8")))
    assert len(named) > 40
    for name in named:
        theme.icon(name)


def test_a_folder_that_holds_only_a_folder_of_photos_is_searched_one_deeper(project, until, tmp_path):
    inner = tmp_path / "scene" / "images"
    inner.mkdir(parents=True)
    Image.new("RGB", (32, 32), (9, 9, 9)).save(inner / "deep.png")
    drop(project, tmp_path / "scene")
    until(lambda: project.state.photo("deep.png") is not None)
