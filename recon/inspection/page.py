"""`report.html`: one page that needs nothing besides itself."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

from recon.inspection.advice import advise_on_photos
from recon.inspection.gather import Gathered
from recon.inspection.html import Html, el, name_of
from recon.inspection.page_model import model_sections
from recon.inspection.page_parts import figure
from recon.inspection.tables import photo_table, stage_table

_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def make_page(report: Mapping[str, Any], found: Gathered) -> str:
    """The page.

    Args:
        report: As in `report.json`.
        found: The pictures.
    """
    import resources

    name = report.get("project", "")
    head = el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("title", f"{name} · Photolith"),
        el("style", Html(resources.path("style/report.css").read_text(encoding="utf-8"))),
    )
    sections = [_top(report), _advice(report, found), *model_sections(found.model), _photos(report, found), _pairs(found), _views(found)]
    sections += [_stages(report), _recipe(report), _problems(found)]
    made = time.strftime("%Y-%m-%d %H:%M")
    footer = el(
        "footer", f"Made by Photolith {report.get('versions', {}).get('photolith', '')} on {made}. The same figures are in report.json."
    )
    return f"<!DOCTYPE html>\n{el('html', head, el('body', el('main', *sections, footer)), lang='en')}\n"


def _top(report: Mapping[str, Any]) -> Html:
    """Name, how it ended, the figures that matter."""
    parts: list[Any] = [el("h1", name_of(report.get("project", ""))), el("p", report.get("note") or "", cls="muted")]
    outcome = report.get("outcome") or {}
    if outcome.get("state") in ("failed", "cancelled"):
        error, stage = outcome.get("error") or {}, outcome.get("title") or "the run"
        begun = f"Stopped during '{stage}'." if outcome["state"] == "cancelled" else f"Failed at '{stage}'."
        words = " ".join(error.get(key) or "" for key in ("what", "why", "remedy")) if outcome["state"] == "failed" else ""
        text = f"{begun} What was finished before is shown here."
        parts.append(el("div", el("b", text), el("p", words) if words.strip() else None, cls=f"banner {outcome['state']}"))
    chips = [el("div", el("b", value), el("span", label), cls="chip") for label, value in figures(report)]
    return el("header", *parts, el("div", *chips, cls="chips"))


def figures(report: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The figures of a run as label and text, those that are known."""
    photos, stages = report.get("photos", {}), report.get("stages", {})
    placed = [photo["registration"] for photo in photos.values() if photo.get("registration")]
    result = []
    if placed:
        result.append(("photos placed", f"{sum(bool(one.get('registered')) for one in placed)} of {len(placed)}"))
    else:
        result.append(("photos", f"{len(photos):,}"))
    cameras = stages.get("sfm", {}).get("notes", {})
    if cameras.get("reprojection_error_px") is not None:
        result.append(("reprojection error", f"{cameras['reprojection_error_px']:.2f} px"))
    for label, stage, note in (("sparse points", "sfm", "points"), ("dense points", "cloud", "points"), ("faces", "mesh", "faces")):
        value = stages.get(stage, {}).get("notes", {}).get(note)
        if value is not None:
            result.append((label, f"{value:,}"))
    spent = sum(stage.get("seconds") or 0 for stage in stages.values())
    if stages:
        result.append(("time of all stages", f"{spent:.0f} s" if spent < 100 else f"{spent // 60:.0f} min {spent % 60:02.0f} s"))
        result.append(("peak memory", f"{max(stage.get('peak_memory') or 0 for stage in stages.values()) / 1e9:.1f} GB"))
    return result


def _advice(report: Mapping[str, Any], found: Gathered) -> Html | None:
    """What is weak, and which photos to add."""
    sentences = [*advise_on_photos(report), *found.model.advice]
    if sentences:
        return el(
            "section", el("h2", "What is weak, and which photos would help"), el("ul", *(el("li", one) for one in sentences), cls="advice")
        )
    if not found.model.knowledge:
        return None
    return el(
        "section", el("h2", "What is weak"), el("p", "Nothing stands out: all photos are placed, and every part is in enough of them.")
    )


def _photos(report: Mapping[str, Any], found: Gathered) -> Html | None:
    photos = report.get("photos")
    return el("section", el("h2", "Photos"), photo_table(report, found)) if photos else None


def _pairs(found: Gathered) -> Html | None:
    """The matrix, the best and the weakest pair."""
    if found.pairs is None:
        return None
    verified = sum(pair.verified for pair in found.pairs.pairs)
    text = f"{len(found.pairs.pairs):,} pairs of photos were compared, {verified:,} have verified matches."
    parts = [el("h2", "Matches"), el("p", text)]
    for picture, ground in zip(found.matrix, ("light", "dark"), strict=False):
        parts.append(el("div", figure(picture), cls=f"matrix {ground}"))
    parts += [el("div", el("h3", picture.title), figure(picture, titled=False)) for picture in found.matches]
    return el("section", *parts)


def _views(found: Gathered) -> Html | None:
    if not found.views:
        return None
    parts = [el("h2", "Depth"), el("p", "Some of the views; dark pixels are those of which nothing is known.", cls="muted")]
    for row in found.views:
        parts += [el("h3", name_of(row.name)), el("div", *(figure(picture) for picture in row.figures), cls="row")]
    return el("section", *parts)


def _stages(report: Mapping[str, Any]) -> Html | None:
    return el("section", el("h2", "Stages"), stage_table(report)) if report.get("stages") else None


def _recipe(report: Mapping[str, Any]) -> Html:
    """What the model was made with, so that it can be made again."""
    lines = {"Preset": report.get("preset"), "Seed": report.get("seed"), "Deterministic": "yes" if report.get("deterministic") else "no"}
    rows = [el("tr", el("td", label), el("td", value)) for label, value in lines.items()]
    rows += [el("tr", el("td", label), el("td", value)) for label, value in report.get("versions", {}).items()]
    stages = [_stage_recipe(name, stage) for name, stage in report.get("stages", {}).items()]
    digests = [
        el("tr", el("td", name_of(name)), el("td", el("code", photo.get("digest") or "")))
        for name, photo in report.get("photos", {}).items()
    ]
    return el(
        "section",
        el("h2", "Recipe"),
        el("table", *rows, cls="narrow"),
        el("details", el("summary", "Digests and settings of the stages"), *stages),
        el("details", el("summary", "Digests of the photos"), el("table", *digests, cls="narrow")),
    )


def _stage_recipe(name: str, stage: Mapping[str, Any]) -> Html:
    changed = stage.get("changed_settings") or {}
    settings = json.dumps(stage.get("settings", {}), ensure_ascii=False)
    return el(
        "div",
        el("h3", f"{stage.get('title', name)}, version {stage.get('version')}"),
        el("p", el("code", stage.get("digest") or "")),
        el("p", el("code", settings)),
        el("p", f"Changed by hand: {json.dumps(changed, ensure_ascii=False)}", cls="warn") if changed else None,
    )


def _problems(found: Gathered) -> Html | None:
    if not found.problems:
        return None
    return el("section", el("h2", "Not shown"), *(el("p", problem) for problem in found.problems))
