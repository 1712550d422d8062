"""Pieces that sections of the report's page share: a picture with its words and legend."""

from __future__ import annotations

from typing import Any

from recon.inspection.figures import Figure
from recon.inspection.html import Html, el
from recon.inspection.legend import Legend

_STOPS = 12


def figure(picture: Figure, titled: bool = True) -> Html:
    """A picture with title, sentence and legend."""
    title = el("b", picture.title) if titled else None
    between = " " if titled and picture.text else None
    return el(
        "figure",
        el("img", src=picture.uri, width=picture.width, height=picture.height, alt=f"{picture.title}. {picture.text}"),
        el("figcaption", title, between, picture.text),
        legend_of(picture.legend) if picture.legend is not None else None,
    )


def legend_of(legend: Legend) -> Html:
    """The bar with its values, and the single colours."""
    parts: list[Any] = [el("div", legend.title)]
    if len(legend.bar):
        parts += [el("div", cls="bar", style=f"background: {_gradient(legend)}")]
        parts += [el("div", *(el("span", text, style=f"left: {100 * place:.1f}%") for place, text in legend.ticks), cls="ticks")]
    swatches = [el("span", el("span", cls="swatch", style=f"background: rgb{color}"), text, cls="s") for color, text in legend.swatches]
    return el("div", *parts, *swatches, cls="legend")


def _gradient(legend: Legend) -> str:
    """The bar as a CSS gradient: smooth, or in steps when it has few colours."""
    bar, count = legend.bar, len(legend.bar)
    if count > 2 * _STOPS:
        chosen = [round(i * (count - 1) / _STOPS) for i in range(_STOPS + 1)]
        stops = [f"rgb{tuple(bar[i].tolist())} {100 * i / (count - 1):.0f}%" for i in chosen]
    else:
        stops = [f"rgb{tuple(c.tolist())} {100 * i / count:.1f}% {100 * (i + 1) / count:.1f}%" for i, c in enumerate(bar)]
    return f"linear-gradient(to right, {', '.join(stops)})"
