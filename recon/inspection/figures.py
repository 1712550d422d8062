"""Pictures as they stand in the page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recon.inspection.html import Html, jpeg_uri
from recon.inspection.legend import Legend

Picture = NDArray[np.uint8]


@dataclass(frozen=True)
class Figure:
    """A picture in the page: data URI, size in pixels, what it shows, what its colours stand for."""

    uri: Html
    width: int
    height: int
    title: str
    text: str = ""
    legend: Legend | None = None


@dataclass(frozen=True)
class ViewRow:
    """The pictures of one view, side by side."""

    name: str
    figures: tuple[Figure, ...]
    text: str = ""


def figure_of(
    image: Picture, title: str, text: str = "", legend: Legend | None = None, encode: Callable[[Picture], Html] = jpeg_uri
) -> Figure:
    """The picture `[H, W, 3]`, encoded."""
    return Figure(encode(image), image.shape[1], image.shape[0], title, text, legend)
