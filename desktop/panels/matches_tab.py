"""The tab [Matches]: keypoints and matches of the selected photo and one of its partners."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import QComboBox, QSlider, QWidget

from desktop.jobs.inspection import PairPicture, read_pair
from desktop.panels.pair_view import SHOWN, PairView
from desktop.panels.parts import caption, choice, column, row, tool_button
from desktop.panels.picture_tabs import NONE, PictureTab, chosen_photo, told
from desktop.state import AppState
from recon.errors import PhotolithError
from recon.inspection.matches import COLORINGS
from recon.inspection.pairs import Pair, PairFiles

MOST = (25, 50, 100, 200, 400, 800, 1600, 1_000_000)
"""Numbers of lines that the slider offers."""
Wish = tuple[str, str, PairFiles | None, tuple[Path, Path] | None]


class MatchesTab(PictureTab):
    """Two photos and what they share."""

    def __init__(self, state: AppState) -> None:
        super().__init__(state)
        self.view = PairView("Matches of two photos")
        self.caption = caption()
        self.first, self.partner = _names("First photo"), _names("Second photo: partners and their verified matches")
        self.previous, self.next = (
            tool_button("caret-left", "Previous partner  (Page up)"),
            tool_button("caret-right", "Next partner  (Page down)"),
        )
        self.what = choice("What is drawn", SHOWN, 8)
        tip = "Colour of the lines: where they begin, where they lead, or whether they are verified"
        self.coloring = choice(tip, {**COLORINGS, "verdict": "By verdict"}, 8)
        self.count = QSlider(Qt.Orientation.Horizontal)
        self.count.setRange(0, len(MOST) - 1)
        self.count.setValue(MOST.index(200))
        self.count.setPageStep(1)
        self.count.setFixedWidth(72)
        self.count.setToolTip("How many lines are drawn")
        self.count.setAccessibleName("How many lines are drawn")
        self.below = tool_button("rows", "One photo below the other instead of side by side")
        self.below.setCheckable(True)
        self.controls = [self.what, self.coloring, self.count, self.below]
        self._partners: dict[str, str] = {}
        self._text = ""
        self._build()
        self._connect()

    def _build(self) -> None:
        bar = QWidget()
        bar.setObjectName("view-header")
        bar.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        line = row(0, 4)
        line.setContentsMargins(8, 2, 8, 4)
        for widget, stretch in ((self.first, 2), (self.previous, 0), (self.partner, 3), (self.next, 0)):
            line.addWidget(widget, stretch)
        bar.setLayout(line)
        layout = column(self, 0, 0)
        layout.addWidget(bar)
        layout.addWidget(self.view, 1)
        layout.addWidget(self.caption)
        self.setFocusProxy(self.view)

    def _connect(self) -> None:
        for box in (self.what, self.coloring):
            box.currentIndexChanged.connect(self._redraw)
        self.count.valueChanged.connect(self._redraw)
        self.below.toggled.connect(self.view.arrange)
        self.first.activated.connect(lambda _: self._state.select("photo", self.first.currentData()))
        self.partner.activated.connect(lambda _: self.open_pair(self.first.currentData(), self.partner.currentData()))
        self.previous.clicked.connect(lambda: self.step(-1))
        self.next.clicked.connect(lambda: self.step(1))
        self.view.stepped.connect(self.step)
        self.view.pointed.connect(self._point)

    def open_pair(self, one: str, other: str) -> None:
        """Shows two photos; the first becomes the selected one."""
        self._partners[one] = other
        if chosen_photo(self._state) == one:
            self.refresh()
        else:
            self._state.select("photo", one)

    def step(self, by: int) -> None:
        """Goes to the next or the previous partner."""
        count = self.partner.count()
        if count:
            self.open_pair(self.first.currentData(), self.partner.itemData((self.partner.currentIndex() + by) % count))

    def pair(self) -> Pair | None:
        """The pair that should be shown now."""
        table, name = self._state.pairs, chosen_photo(self._state)
        if table is None or name not in table.names:
            return None
        chosen = self._state.selection.names if self._state.selection.kind == "photo" else ()
        wanted = chosen[1] if len(chosen) == 2 else self._partners.get(name, "")
        if wanted in table.names and wanted != name:
            return table.between(name, wanted)
        partners = table.partners(name)
        return partners[0] if partners else None

    def _wish(self) -> Wish:
        name, pair, table = chosen_photo(self._state), self.pair(), self._state.pairs
        if pair is None or table is None:
            return name, "", None, None
        other = pair.other(name)
        photos = self._state.photo(name), self._state.photo(other)
        if not pair.compared or photos[0] is None or photos[1] is None:
            return name, other, None, None
        try:
            return name, other, table.files(name, other), (photos[0].file, photos[1].file)
        except PhotolithError:
            return name, other, None, None

    def _load(self, wish: Wish) -> None:
        name, other, files, photos = wish
        self._fill()
        if files is None or photos is None:
            self._nothing(self._why_not(name, other))
            return
        self._text = f"{name} and {other} …"
        self.caption.setText(self._text)

        def done(picture: PairPicture) -> None:
            if self._shown == wish:
                self.view.show_pair(picture)
                self._redraw()

        def failed(error: Exception) -> None:
            if self._shown == wish:
                self._nothing(told(error, f"The pair {name} and {other}"))

        self._threads.submit(lambda: read_pair(files, photos), done, failed)

    def _why_not(self, name: str, other: str) -> str:
        """Why there is no pair, and what to do."""
        table = self._state.pairs
        if not self._state.photos:
            return NONE
        if table is None:
            return "No photos are compared yet: run until 'Matches'."
        if name not in table.names:
            return f"{name} was not compared with others: it is left out or cannot be used. Select another photo."
        if not other:
            return "There is no second photo to compare with: add more photos."
        return f"{name} and {other} were not compared: choose another partner, or set 'pairs' of the stage Matches to exhaustive."

    def _nothing(self, why: str) -> None:
        self.view.clear()
        self.view.show_hint(why)
        self._text = ""
        self.caption.setText("")

    def _fill(self) -> None:
        """Lists photos and partners."""
        table, name, pair = self._state.pairs, chosen_photo(self._state), self.pair()
        names = table.names if table is not None else ()
        with QSignalBlocker(self.first), QSignalBlocker(self.partner):
            if [self.first.itemData(i) for i in range(self.first.count())] != list(names):
                self.first.clear()
                for photo in names:
                    self.first.addItem(photo, photo)
            self.first.setCurrentIndex(self.first.findData(name))
            self.partner.clear()
            partners = table.partners(name) if table is not None and name in names else []
            for number, each in enumerate(partners):
                self.partner.addItem(partner_text(each, name), each.other(name))
                if not each.verified:
                    self.partner.setItemData(number, self.palette().placeholderText(), Qt.ItemDataRole.ForegroundRole)
            self.partner.setCurrentIndex(self.partner.findData(pair.other(name)) if pair is not None else -1)
        for widget in (self.first, self.partner, self.previous, self.next):
            widget.setEnabled(bool(partners))

    def _redraw(self) -> None:
        """Draws what the controls say."""
        what = self.what.currentData()
        self.view.show_what(what, self.coloring.currentData(), MOST[self.count.value()])
        for control in (self.coloring, self.count):
            control.setEnabled(what != "keypoints")
        pair, points, drawn = self.pair(), self.view.points, len(self.view.lines.ends)
        if pair is None or points is None:
            return
        verdict = f"{pair.inliers:,} verified of {pair.raw:,} matches" + (f" ({pair.kind})" if pair.verified else "")
        shown = f"{drawn:,} drawn" if what != "keypoints" else f"{len(points.left):,} and {len(points.right):,} keypoints"
        self._text = f"{verdict} · {shown}"
        self.caption.setText(self._text)

    def _point(self, number: int) -> None:
        """Tells of the match under the pointer."""
        if number < 0:
            self.caption.setText(self._text)
            return
        (x0, y0), (x1, y1), verified = self.view.match(number)
        verdict = "verified" if verified else "not verified"
        self.caption.setText(f"({x0:.1f}, {y0:.1f}) → ({x1:.1f}, {y1:.1f}) px, {verdict}")

    def retint(self) -> None:
        """Takes the theme's colours."""
        self.view.retint()
        self._fill()


def partner_text(pair: Pair, name: str) -> str:
    """'b.jpg   812 of 1,203', 'c.jpg   none verified of 31', 'd.jpg   not compared'."""
    if not pair.compared:
        return f"{pair.other(name)}   not compared"
    if not pair.verified:
        return f"{pair.other(name)}   none verified of {pair.raw:,}"
    return f"{pair.other(name)}   {pair.inliers:,} of {pair.raw:,}"


def _names(tip: str) -> QComboBox:
    box = QComboBox()
    box.setToolTip(tip)
    box.setAccessibleName(tip)
    box.setMaxVisibleItems(24)
    box.setMinimumContentsLength(8)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.view().setTextElideMode(Qt.TextElideMode.ElideMiddle)
    return box
