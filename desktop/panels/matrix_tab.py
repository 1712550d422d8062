"""The tab [Matrix]: how well every photo is matched with every other."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Signal

from desktop.panels.legend_bar import LegendBar
from desktop.panels.matrix_view import MatrixView, matrix_style
from desktop.panels.parts import caption, column
from desktop.panels.picture_tabs import NONE, PictureTab
from desktop.state import AppState
from recon.inspection.matrix import Counts, matrix_legend
from recon.inspection.pairs import PairTable


class MatrixTab(PictureTab):
    """A clickable heat map of all pairs. Signals: `opened(one, other)`, two photos whose cell was clicked."""

    opened = Signal(str, str)

    def __init__(self, state: AppState) -> None:
        super().__init__(state)
        self.view = MatrixView("Match matrix")
        self.legend = LegendBar()
        self.caption = caption()
        self._table: PairTable | None = None
        self._counts: Counts | None = None
        self._text = ""
        layout = column(self, 0, 0)
        layout.addWidget(self.view, 1)
        layout.addWidget(self.legend)
        layout.addWidget(self.caption)
        self.view.pointed.connect(self._point)
        self.view.opened.connect(self._open)
        self.setFocusProxy(self.view)

    def _wish(self) -> tuple[PairTable | None, bool]:
        return self._state.pairs, bool(self._state.photos)

    def _load(self, wish: tuple[PairTable | None, bool]) -> None:
        table, _ = wish
        if table is None or len(table.names) < 2:
            self._show(None, None)
            self.view.show_hint("No photos are compared yet: run until 'Matches'." if wish[1] else NONE)
            return

        def done(counts: Counts) -> None:
            if self._shown == wish:
                self._show(table, counts)

        self._threads.submit(table.counts, done)

    def _show(self, table: PairTable | None, counts: Counts | None) -> None:
        self._table, self._counts = table, counts
        empty = np.zeros((0, 0), np.int32)
        self.view.show_counts(table.names if table is not None else (), empty if counts is None else counts)
        self.legend.show_legend(None if counts is None else matrix_legend(counts, matrix_style()))
        if table is None:
            self._text = ""
        else:
            verified = sum(pair.verified for pair in table.pairs)
            pairs = f"{verified:,} of {len(table.pairs):,} compared pairs verified"
            self._text = f"{len(table.names)} photos · {pairs} · click a cell to see its matches"
        self.caption.setText(self._text)

    def _point(self, row: int, column: int) -> None:
        """Names and counts of the cell under the pointer."""
        text = self._text if self._table is None or row < 0 else cell_text(self._table, row, column)
        self.caption.setText(text)
        self.view.setAccessibleDescription(text)

    def _open(self, row: int, column: int) -> None:
        if self._table is not None:
            self.opened.emit(self._table.names[row], self._table.names[column])

    def retint(self) -> None:
        """Takes the theme's colours."""
        self.view.retint()
        self.legend.show_legend(None if self._counts is None else matrix_legend(self._counts, matrix_style()))


def cell_text(table: PairTable, row: int, column: int) -> str:
    """Names and counts of a pair."""
    one, other = table.names[row], table.names[column]
    if row == column:
        return one
    pair = table.between(one, other)
    if not pair.compared:
        return f"{one} and {other} were not compared"
    if not pair.verified:
        return f"{one} and {other}: none verified of {pair.raw:,} matches"
    return f"{one} and {other}: {pair.inliers:,} verified of {pair.raw:,} matches ({pair.kind})"
