"""Legends: what a colour stands for."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recon.inspection.colors import Colors


@dataclass(frozen=True, eq=False)
class Legend:
    """A bar of colours with values, and single colours with words.

    Args:
        title: What is shown, with its unit.
        bar: `[n, 3]` colours from the left end of the bar to the right one; none when there is no bar.
        ticks: Place on the bar in [0, 1] and the value there.
        swatches: Colour and what it stands for.
    """

    title: str
    bar: Colors
    ticks: tuple[tuple[float, str], ...] = ()
    swatches: tuple[tuple[tuple[int, int, int], str], ...] = ()

    @staticmethod
    def of_colors(title: str, *swatches: tuple[tuple[int, int, int], str]) -> Legend:
        """A legend without a bar."""
        return Legend(title, np.zeros((0, 3), np.uint8), (), swatches)


def round_values(low: float, high: float, most: int = 6) -> list[float]:
    """Round numbers between `low` and `high`, in steps of 1, 2 or 5 times a power of ten, at most about `most`."""
    if not (math.isfinite(low) and math.isfinite(high)) or high <= low:
        return [low]
    rough = (high - low) / max(most - 1, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * k for k in (1, 2, 5, 10) if power * k >= rough * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [float(f"{number * step:.12g}") for number in range(first, last + 1)]


def apart(ticks: list[tuple[float, str]], distance: float) -> tuple[tuple[float, str], ...]:
    """The ticks in their order along the bar without those that come too close to the one before."""
    kept: list[tuple[float, str]] = []
    for place, text in sorted(ticks):
        if not kept or place - kept[-1][0] >= distance:
            kept.append((place, text))
    return tuple(kept)


def bar_picture(bar: Colors, width: int, height: int) -> NDArray[np.uint8]:
    """The bar as a picture `[height, width, 3]`."""
    index = np.minimum(np.arange(width) * len(bar) // width, len(bar) - 1)
    return np.repeat(bar[index][None], height, axis=0)
