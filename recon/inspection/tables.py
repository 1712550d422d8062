"""The tables of the report's page: a row a photo, a row a stage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from recon.inspection.charts import share_bar
from recon.inspection.gather import Gathered
from recon.inspection.html import Html, el, name_of
from recon.inspection.words import value_text

_VERDICTS = {
    "ok": ("good", "ok"),
    "blurred": ("blurred", "warn"),
    "dark": ("too dark", "warn"),
    "bright": ("too bright", "warn"),
    "duplicate": ("near-duplicate", "warn"),
    "small": ("too small", "error"),
    "unreadable": ("cannot be read", "error"),
}


def photo_table(report: Mapping[str, Any], found: Gathered) -> Html:
    """Number, thumbnail, verdict, keypoints, partners and whether the photo was placed, or why not."""
    keypoints = report.get("stages", {}).get("features", {}).get("notes", {}).get("keypoints") or {}
    numbers = {name: i + 1 for i, name in enumerate(found.pairs.names)} if found.pairs is not None else {}
    rows, extra = [], len(numbers)
    for name, photo in report["photos"].items():
        if name not in numbers:
            extra += 1
        rows.append(_photo(numbers.get(name, extra), name, photo, keypoints.get(name), found))
    heads = [("#", "n"), ("", ""), ("Photo", ""), ("Verdict", ""), ("Keypoints", "n"), ("Verified pairs", "n"), ("Best partner", "")]
    heads += [("Placed", ""), ("Points", "n"), ("Error", "n")]
    return _table(heads, rows)


def _photo(number: int, name: str, photo: Mapping[str, Any], keypoints: int | None, found: Gathered) -> Html:
    placed = photo.get("registration") or {}
    thumbnail = found.thumbnails.get(name)
    picture = el("img", src=thumbnail.uri, width=thumbnail.width, height=thumbnail.height, alt="") if thumbnail is not None else None
    size = f"{photo['width']} × {photo['height']} px" if photo.get("width") else None
    word, color = _VERDICTS.get(photo.get("verdict") or "", ("left out" if not photo.get("enabled", True) else "not looked at", "small"))
    pairs, best = "", None
    compared = found.pairs.compared(name) if found.pairs is not None else []
    if compared:
        pairs, top = f"{sum(pair.verified for pair in compared):,}", compared[0]
        best = el("td", name_of(top.other(name)), el("div", f"{top.inliers:,} of {top.raw:,}", cls="small"))
    error = placed.get("error_px")
    return el(
        "tr",
        el("td", number, cls="n"),
        el("td", picture, cls="t"),
        el("td", name_of(name), el("div", size, cls="small") if size else None),
        el("td", el("span", word, cls=color), _reason(photo.get("reason"))),
        el("td", _count(keypoints), cls="n"),
        el("td", pairs, cls="n"),
        best or el("td"),
        _placed(placed),
        el("td", _count(placed.get("points")) if placed.get("registered") else "", cls="n"),
        el("td", f"{error:.2f} px" if error is not None else "", cls="n"),
        cls=None if photo.get("enabled", True) else "off",
    )


def _reason(text: str | None) -> Html | None:
    return el("div", text, cls="small") if text else None


def _placed(placed: Mapping[str, Any]) -> Html:
    if not placed:
        return el("td")
    if placed.get("registered"):
        return el("td", el("span", "yes", cls="ok"), _reason(placed.get("reason")))
    return el("td", el("span", "no", cls="error"), _reason(placed.get("reason")))


def stage_table(report: Mapping[str, Any]) -> Html:
    """Time, memory, device and figures of every stage."""
    rows = []
    longest = max((stage.get("seconds") or 0 for stage in report["stages"].values()), default=0) or 1
    largest = max((stage.get("peak_memory") or 0 for stage in report["stages"].values()), default=0) or 1
    for name, stage in report["stages"].items():
        notes = "; ".join(
            f"{key.replace('_', ' ')}: {value_text(value)}" for key, value in (stage.get("notes") or {}).items() if _short(value)
        )
        memory = stage.get("peak_memory")
        seconds = stage.get("seconds")
        rows.append(
            el(
                "tr",
                el("td", stage.get("title", name)),
                el("td", "taken over" if stage.get("reused") else "computed", _items(stage.get("items_computed"))),
                el("td", f"{seconds:,.1f} s", share_bar(seconds / longest), cls="n") if seconds is not None else el("td"),
                el("td", f"{memory / 1e6:,.0f} MB", share_bar(memory / largest), cls="n") if memory else el("td"),
                el("td", stage.get("device") or ""),
                el("td", notes, cls="small"),
            )
        )
    return _table([("Stage", ""), ("This run", ""), ("Time", "n"), ("Peak memory", "n"), ("Device", ""), ("Figures", "")], rows)


def _items(count: int | None) -> Html | None:
    return el("div", f"{count:,} items", cls="small") if count else None


def _table(heads: list[tuple[str, str]], rows: list[Html]) -> Html:
    head = el("thead", el("tr", *(el("th", text, cls=cls or None) for text, cls in heads)))
    return el("div", el("table", head, el("tbody", *rows)), cls="scroll")


def _short(value: Any) -> bool:
    return isinstance(value, (int, float, str)) and value != "" and len(str(value)) < 200


def _count(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else ""
