"""The sections of the report's page about the model."""

from __future__ import annotations

import numpy as np

from recon.inspection.charts import histogram
from recon.inspection.html import Html, el, name_of
from recon.inspection.model_part import ModelPart
from recon.inspection.page_parts import figure

_USED = """These photos were used to colour the model, so the figures say how well it keeps what they show, not how it looks from new
places. With the setting 'held_out' of the step 'Texture' some are kept out, and compared here instead."""
_HELD_OUT = "These photos were kept out of the texture: the model is compared with photos whose colours it has not seen."


def model_sections(part: ModelPart) -> list[Html | None]:
    """Pictures, how well the parts are known, reprojection errors, and the model beside photos; None for what is not there."""
    return [_model(part), _knowledge(part), _likeness(part), _errors(part)]


def _model(part: ModelPart) -> Html | None:
    return el("section", el("h2", "Model"), el("div", *map(figure, part.pictures), cls="wide")) if part.pictures else None


def _knowledge(part: ModelPart) -> Html | None:
    if not part.knowledge:
        return None
    pictures = el("div", *map(figure, part.knowledge), cls="wide")
    return el("section", el("h2", "How well the surface is known"), el("p", part.summary), pictures)


def _likeness(part: ModelPart) -> Html | None:
    if not part.likeness:
        return None
    parts = [el("h2", "Model beside photos"), el("p", _HELD_OUT if part.held_out else _USED)]
    for row in part.likeness:
        parts += [el("h3", name_of(row.name)), el("p", row.text), el("div", *map(figure, row.figures), cls="wide")]
    return el("section", *parts)


def _errors(part: ModelPart) -> Html | None:
    if not len(part.errors):
        return None
    middle, high = np.percentile(part.errors, (50, 95))
    text = f"Of {len(part.errors):,} sparse points half miss their photos by less than {middle:.2f} pixels, 95 % by less than {high:.2f}."
    chart = histogram(part.errors, "Sparse points by their mean reprojection error, pixels; the last bar holds all larger ones")
    return el("section", el("h2", "Reprojection error"), el("p", text), chart)
