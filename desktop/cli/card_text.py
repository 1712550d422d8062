"""A model card for people."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from recon.learning.card import ModelCard

WIDTH, DEEPEST = 110, 16
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def card_text(card: ModelCard) -> str:
    """The card in lines of at most 110 characters; nothing in it can steer the terminal."""
    trained: dict[str, Any] = {"steps": card.steps, "seed": card.seed, **card.hardware}
    trained |= {"calls": [call_text(call) for call in card.history]} if card.history else {"command": card.command}
    parts = {
        card.name: {"task": card.task, "licence": card.licence, "written by": f"Photolith {card.version}".strip(), "SHA-256": card.sha256},
        "note": card.note,
        "measured": card.measured,
        "training": trained,
        "data": card.data,
        "settings of the last call": card.config,
        "architecture": card.architecture,
    }
    return "\n".join(line for name, part in parts.items() for line in _lines(name, part, ""))


def call_text(call: Mapping[str, Any]) -> str:
    """'0 to 228 of 2500, batch 4, rate 0.002, x86_64 processor, 1 threads, from mvs (1150 steps, 0123abcd4567): photolith train ..'."""
    start, hardware = call.get("start"), call.get("hardware")
    words = [f"{call.get('from')} to {call.get('to')} of {call.get('steps')}"]
    words += [f"{name} {call[name]}" for name in ("batch", "rate") if name in call]
    words += [str(hardware.get("device", ""))] if isinstance(hardware, dict) else []
    if isinstance(start, dict):
        words.append(f"from {start.get('name')} ({start.get('steps')} steps, {str(start.get('sha256'))[:12]})")
    return ", ".join(filter(None, words)) + (f": {call['command']}" if call.get("command") else "")


def _lines(name: str, value: Any, indent: str) -> Iterator[str]:
    """'name: value', or the name above its parts; nothing where there is nothing to say."""
    if value in ("", [], {}):
        return
    parts: list[tuple[str, Any]] = [("", part) for part in value] if isinstance(value, list) else []
    if isinstance(value, Mapping):
        parts = list(value.items())
    if not parts or len(indent) > DEEPEST or all(isinstance(part, bool | int | float) for _, part in parts):
        yield from _wrapped(": ".join(filter(None, (name, _plain(value)))), indent)
        return
    yield from _wrapped(f"{name}:", indent)
    for key, part in parts:
        yield from _lines(key, part, indent + "  ")


def _plain(value: Any) -> str:
    """A value on one line."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_plain(part)}" for key, part in value.items())
    return value if isinstance(value, str) else f"{value:.4g}" if isinstance(value, float) else json.dumps(value)


def _wrapped(text: str, indent: str) -> list[str]:
    clean = _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text).encode("utf-8", "replace").decode()
    return textwrap.wrap(clean, WIDTH, initial_indent=indent, subsequent_indent=indent + "    ", break_on_hyphens=False)
