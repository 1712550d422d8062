"""Charts that take the colours of the page: markup, not pictures."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recon.inspection.html import Html, el
from recon.inspection.legend import round_values

_WIDTH, _HEIGHT, _FOOT, _BINS = 620, 160, 22, 40


def histogram(values: NDArray[np.floating], label: str) -> Html:
    """How often each value from 0 on occurs; the last bar holds everything beyond the 99th percentile.

    Args:
        values: `[N]` finite numbers, not negative, at least one.
        label: What they are, with the unit.
    """
    top = max(float(np.percentile(values, 99)), 1e-6)
    counts, _ = np.histogram(np.minimum(values, top), bins=_BINS, range=(0, top))
    step, tallest = _WIDTH / _BINS, max(int(counts.max()), 1)
    bars = []
    for number, count in enumerate(counts.tolist()):
        height = _HEIGHT * count / tallest
        place = {"x": f"{number * step + 0.5:.1f}", "y": f"{_HEIGHT - height:.1f}", "width": f"{step - 1:.1f}", "height": f"{height:.1f}"}
        bars.append(el("rect", **place, cls="bar-mark"))
    ticks = [
        el("text", f"{value:g}", x=f"{_WIDTH * value / top:.1f}", y=_HEIGHT + 16, text_anchor="start" if value == 0 else "middle")
        for value in round_values(0.0, top, 8)
        if value <= 0.97 * top
    ]
    base = el("line", x1=0, y1=_HEIGHT + 0.5, x2=_WIDTH, y2=_HEIGHT + 0.5, cls="axis")
    box = f"0 0 {_WIDTH} {_HEIGHT + _FOOT}"
    drawing = el("svg", *bars, base, *ticks, viewBox=box, width=_WIDTH, height=_HEIGHT + _FOOT, role="img", aria_label=label, cls="chart")
    return el("figure", drawing, el("figcaption", label))


def share_bar(share: float) -> Html:
    """A thin bar whose length is `share` in [0, 1] of its cell's width."""
    return el("div", el("div", style=f"width: {100 * min(max(share, 0.0), 1.0):.1f}%"), cls="share")
