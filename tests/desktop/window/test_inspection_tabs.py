"""The tabs [Compare], [Matches] and [Matrix], and the widgets they are made of."""

from abc import abstractmethod
from types import SimpleNamespace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from desktop import snapshot
from desktop.panels.abstract import AbstractWidget
from desktop.panels.legend_bar import LegendBar
from desktop.panels.matrix_view import LABEL, MatrixView
from desktop.panels.viewer import TABS
from desktop.state import ViewFiles
from recon.inspection.matrix import matrix_legend
from recon.inspection.pairs import load_pairs
from recon.project import Project
from tests.recon.inspection.made_up import project as made_up

NAMES = ["a b ü 0.png", "a b ü 1.png", "a b ü 2.png"]
MATCHES, MATRIX, COMPARE = TABS.index("Matches"), TABS.index("Matrix"), TABS.index("Compare")


@pytest.fixture
def compared(project, tmp_path):
    """The window on three photos: the first two have matches, the third was compared with the first in vain."""
    made, photos = made_up(tmp_path / "made", NAMES)
    project.state.pairs = load_pairs(made["features"], made["matches"])
    project.state.views = {name: ViewFiles(photos[name], made["depth"].items[name], made["cloud"].items[name]) for name in NAMES}
    project.session.refresh = lambda: None
    project.resize(1200, 800)
    project.state.select("photo", NAMES[0])
    return project


def partners(tab):
    return [tab.partner.itemText(i) for i in range(tab.partner.count())]


def test_the_selected_photo_is_shown_with_its_best_partner_and_all_others_are_listed(compared, until):
    tab = compared.viewer.matches
    compared.viewer.show_tab(MATCHES)
    until(lambda: not tab.view.empty)
    assert tab.first.currentText() == NAMES[0]
    assert partners(tab) == [f"{NAMES[1]}   2 of 4", f"{NAMES[2]}   none verified of 1"]
    assert "2 verified of 4 matches (calibrated) · 2 drawn" in tab.caption.text()
    assert len(tab.view.lines.ends) == 2


def test_lines_begin_and_end_where_the_keypoints_are(compared, until):
    """The features are of photos of 80 x 60 pixels, the pictures shown have 64 x 48."""
    tab = compared.viewer.matches
    compared.viewer.show_tab(MATCHES)
    until(lambda: not tab.view.empty)
    ends, right = tab.view.lines.ends, tab.view.area().width() - 64
    assert ends[0].tolist() == pytest.approx([0.8 * 10.5, 0.8 * 20.5, right + 0.8 * 11.5, 0.8 * 20.5], rel=1e-5)
    assert ends[1].tolist() == pytest.approx([0.8 * 50.5, 0.8 * 50.5, right + 0.8 * 60.5, 0.8 * 10.5], rel=1e-5)
    assert tab.view.match(1) == ([50, 50], [60, 10], True)
    tab.below.setChecked(True)
    down = tab.view.area().height() - 48
    assert tab.view.lines.ends[0].tolist() == pytest.approx([0.8 * 10.5, 0.8 * 20.5, 0.8 * 11.5, down + 0.8 * 20.5], rel=1e-5)


def test_the_menu_chooses_what_is_drawn(compared, until):
    tab = compared.viewer.matches
    compared.viewer.show_tab(MATCHES)
    until(lambda: not tab.view.empty)
    tab.what.setCurrentIndex(tab.what.findData("raw"))
    assert len(tab.view.lines.ends) == 4
    tab.coloring.setCurrentIndex(tab.coloring.findData("verdict"))
    green, red, _, _ = tab.view.lines.colors.astype(int)
    assert green[1] > green[0]
    assert red[0] > red[1]
    tab.what.setCurrentIndex(tab.what.findData("keypoints"))
    assert len(tab.view.lines.ends) == 0
    assert not tab.count.isEnabled()
    assert "4 and 4 keypoints" in tab.caption.text()
    assert sum(len(side) for side in tab.view.lines.dots) == 8


def test_the_match_under_the_pointer_stands_out_and_is_told(compared, until, app):
    tab = compared.viewer.matches
    compared.viewer.show_tab(MATCHES)
    until(lambda: not tab.view.empty)
    place = tab.view.mapFromScene(QPointF(8.4, 16.4))
    QTest.mouseMove(tab.view.viewport(), place + QPoint(30, 0))
    QTest.mouseMove(tab.view.viewport(), place)
    until(lambda: tab.view.lines.pointed == 0)
    assert tab.caption.text() == "(10.0, 20.0) → (11.0, 20.0) px, verified"
    plain = tab.view.grab().toImage()
    tab.view.hovered.emit(None)
    assert tab.view.lines.pointed == -1
    assert "2 drawn" in tab.caption.text()
    assert tab.view.grab().toImage() != plain


def test_keys_go_through_the_partners_and_a_pair_without_matches_is_shown_too(compared, until):
    tab = compared.viewer.matches
    compared.viewer.show_tab(MATCHES)
    until(lambda: not tab.view.empty)
    QTest.keyClick(tab.view, Qt.Key.Key_PageDown)
    until(lambda: "0 verified of 1" in tab.caption.text())
    assert tab.partner.currentText().startswith(NAMES[2])
    QTest.keyClick(tab.view, Qt.Key.Key_PageUp)
    until(lambda: "2 verified" in tab.caption.text())


def test_photos_that_were_not_compared_say_what_to_do(compared, until):
    compared.viewer.matches.open_pair(NAMES[1], NAMES[2])
    compared.viewer.show_tab(MATCHES)
    until(lambda: "were not compared" in compared.viewer.matches.view.hint)
    assert compared.viewer.matches.view.empty


def test_two_selected_photos_are_the_pair(compared, until):
    compared.state.select("photo", NAMES[2], NAMES[0])
    compared.viewer.show_tab(MATCHES)
    until(lambda: "0 verified of 1" in compared.viewer.matches.caption.text())


def test_before_matching_each_tab_says_what_to_do(project, until):
    for tab, word in ((MATCHES, "run until 'Matches'"), (MATRIX, "run until 'Matches'"), (COMPARE, "run until 'Undistortion'")):
        project.viewer.show_tab(tab)
        shown = project.viewer.stack.currentWidget()
        view = shown.photo_view if tab == COMPARE else shown.view
        until(lambda view=view, word=word: word in view.hint)
        assert view.empty


def test_a_cell_of_the_matrix_tells_its_pair_and_opens_it(compared, until):
    tab = compared.viewer.matrix
    compared.viewer.show_tab(MATRIX)
    until(lambda: not tab.view.empty)
    assert "3 photos · 1 of 2 compared pairs verified" in tab.caption.text()
    assert tab.legend.legend is not None
    cell = tab.view.mapFromScene(QPointF(0.5, 1.5))
    QTest.mouseMove(tab.view.viewport(), cell + QPoint(2, 2))
    QTest.mouseMove(tab.view.viewport(), cell)
    until(lambda: tab.view.cell == (1, 0))
    assert tab.caption.text() == f"{NAMES[1]} and {NAMES[0]}: 2 verified of 4 matches (calibrated)"
    QTest.mouseClick(tab.view.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, cell)
    until(lambda: not compared.viewer.matches.view.empty)
    assert compared.viewer.tabs.currentIndex() == MATCHES
    assert compared.viewer.matches.first.currentText() == NAMES[1]
    assert compared.viewer.matches.partner.currentText().startswith(NAMES[0])


def test_the_matrix_is_used_with_keys_too(compared, until):
    tab = compared.viewer.matrix
    compared.viewer.show_tab(MATRIX)
    until(lambda: not tab.view.empty)
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Right):
        QTest.keyClick(tab.view, key)
    assert tab.view.cell == (0, 2)
    assert "none verified of 1" in tab.caption.text()
    QTest.keyClick(tab.view, Qt.Key.Key_Return)
    assert compared.viewer.tabs.currentIndex() == MATCHES


def test_dragging_the_matrix_opens_nothing(compared, until):
    tab = compared.viewer.matrix
    compared.viewer.show_tab(MATRIX)
    until(lambda: not tab.view.empty)
    cell = tab.view.mapFromScene(QPointF(0.5, 1.5))
    QTest.mousePress(tab.view.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, cell)
    QTest.mouseRelease(tab.view.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, cell + QPoint(25, 25))
    assert compared.viewer.tabs.currentIndex() == MATRIX


@pytest.mark.parametrize("number", [2, 500])
def test_a_matrix_of_any_size_fits_beside_its_names(app, number):
    view = MatrixView("Matrix")
    view.resize(800, 700)
    view.show()
    counts = np.ones((number, number), np.int32)
    view.show_counts(tuple(f"IMG_{i}.jpg" for i in range(number)), counts)
    first, last = view.mapFromScene(QPointF(0, 0)), view.mapFromScene(QPointF(number, number))
    assert first.x() >= LABEL - 1
    assert first.y() >= LABEL - 1
    assert last.x() <= view.viewport().width() + 1
    assert last.y() <= view.viewport().height() + 1
    assert not view.grab().toImage().isNull()
    view.deleteLater()


def test_compare_shows_every_layer_raw_or_consistent_with_a_legend(compared, until):
    tab = compared.viewer.compare
    compared.viewer.show_tab(COMPARE)
    for number, title in enumerate(("Depth", "Surface faces", "Confidence", "Views that agree")):
        tab.layer.setCurrentIndex(number)
        until(lambda title=title: tab.legend.legend is not None and tab.legend.legend.title.startswith(title))
        assert not tab.depth_view.empty
        assert tab.captions[1].text().startswith("Consistent.")
    tab.layer.setCurrentIndex(0)
    tab.kind.setCurrentIndex(1)
    until(lambda: tab.captions[1].text().startswith("Raw."))


def test_compare_tells_the_values_under_the_pointer_and_marks_the_place_in_the_other_picture(compared, until):
    tab = compared.viewer.compare
    compared.viewer.show_tab(COMPARE)
    until(lambda: not tab.depth_view.empty and not tab.photo_view.empty)
    tab.photo_view.hovered.emit(QPointF(40, 30))
    assert tab.captions[1].text().startswith("Depth 2.5")
    assert all(mark.isVisible() for mark in tab.depth_view._marks)
    tab.photo_view.hovered.emit(None)
    assert tab.captions[1].text().startswith("Consistent.")
    assert not any(mark.isVisible() for mark in tab.depth_view._marks)


def test_where_consistent_depth_is_not_there_yet_the_raw_one_is_shown(compared, until):
    tab, name = compared.viewer.compare, NAMES[0]
    files = compared.state.views[name]
    compared.state.views = {name: ViewFiles(files.picture, files.raw)}
    compared.viewer.show_tab(COMPARE)
    until(lambda: tab.captions[1].text().startswith("Raw."))
    assert "not there yet" in tab.captions[1].text()
    compared.state.views = {name: ViewFiles(files.picture)}
    tab.refresh()
    until(lambda: "run until 'Depth maps'" in tab.depth_view.hint)


def test_controls_belong_to_their_tab(compared):
    for tab in range(len(TABS)):
        compared.viewer.show_tab(tab)
        assert compared.viewer.compare.layer.isVisible() == (tab == COMPARE)
        assert compared.viewer.matches.what.isVisible() == (tab == MATCHES)
        assert compared.viewer.point_size.isVisible() == (compared.viewer.stack.currentWidget() is compared.viewport)


def test_the_theme_can_be_switched_while_pairs_are_shown(compared, until):
    compared.viewer.show_tab(MATRIX)
    until(lambda: not compared.viewer.matrix.view.empty)
    dark = compared.viewer.matrix.grab().toImage()
    compared.actions_["theme"].trigger()
    assert compared.viewer.matrix.grab().toImage() != dark
    compared.actions_["theme"].trigger()


def test_a_legend_is_painted_and_can_be_read_aloud(app):
    bar = LegendBar()
    bar.resize(400, 52)
    empty = bar.grab().toImage()
    bar.show_legend(matrix_legend(np.array([[0, 40], [40, 0]], np.int32)))
    assert bar.grab().toImage() != empty
    assert "Verified matches" in bar.accessibleName()


def test_an_abstract_widget_cannot_be_made_and_a_whole_one_can(app):
    class Part(QWidget, metaclass=AbstractWidget):
        @abstractmethod
        def missing(self):
            """Must be brought."""

    class Whole(Part):
        def missing(self):
            return 1

    with pytest.raises(TypeError, match="missing"):
        Part()
    assert Whole().missing() == 1


def test_the_report_can_be_opened_once_it_is_there(project, until):
    assert not project.actions_["report"].isEnabled()
    outputs = project.state.project / "outputs"
    outputs.mkdir(exist_ok=True)
    (outputs / "report.html").write_text("<p>")
    project.session.refresh()
    until(lambda: project.actions_["report"].isEnabled())
    assert project.state.report == outputs / "report.html"


def test_pairs_of_features_that_are_gone_are_not_shown(tmp_path):
    class Store:
        def record(self, stage, key):
            return SimpleNamespace(key=key, digest="new", recipe={"inputs": {"features": "old"}})

    project = Project.create(tmp_path / "p")
    project.store = Store()
    project.history = lambda stage: ("k",)
    assert snapshot._pairs(project, SimpleNamespace(path=tmp_path / "k")) is None
    assert snapshot._pairs(project, None) is None
