"""What the colours of the 3D view stand for. No Qt."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from desktop.viewport.colors import color_map
from desktop.viewport.layers import ViewStyle
from recon.inspection.legend import Legend, apart, round_values

_NEAR = 0.09
"""Closest ticks on a bar."""


def last_color(mode: str, layers: Iterable[Mapping[str, float]]) -> float:
    """Value of the last colour over all layers that have one (their 'last_colors'); 0 when none has."""
    return max((float(layer[mode]) for layer in layers if mode in layer), default=0.0)


def legend_of(style: ViewStyle, last: float, unit: str) -> Legend | None:
    """The bar of a colour mode; None when its colours need no explanation or nothing on the screen has values.

    Args:
        style: Colour mode.
        last: Value of the last colour.
        unit: Of the scene.
    """
    if style.color_mode == "confidence":
        return _bar("Confidence", 0.0, 1.0, last_open=False)
    if style.color_mode == "views" and last > 1:
        return _bar("Photos that agree on the point", 1.0, last)
    if style.color_mode == "distance" and last > 0:
        return _bar(f"Distance to the true surface, {unit}", 0.0, last)
    return None


def _bar(title: str, low: float, high: float, *, last_open: bool = True) -> Legend:
    """Ticks at round values; the last colour holds everything beyond when `last_open`."""
    ticks = [((value - low) / (high - low), f"{value:g}") for value in round_values(low, high, 7)]
    kept = [tick for tick in apart(ticks, _NEAR) if tick[0] <= 1 - _NEAR]
    return Legend(title, color_map(np.linspace(0, 1, 256)), (*kept, (1.0, f"{high:.3g}" + (" and more" if last_open else ""))))
