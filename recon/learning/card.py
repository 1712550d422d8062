"""Model cards: what a file of weights is, where it comes from, and what it was measured to do. JSON beside the weights."""

from __future__ import annotations

import json
import math
import re
from dataclasses import MISSING, asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from recon.errors import WeightsError
from recon.io.atomic import replacing

FORMAT = 1
MAX_BYTES = 1 << 20
NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")
_SHA256 = re.compile(r"[0-9a-f]{64}|")
_REMEDY = "Copy the weights again, with the card beside them."


@dataclass(frozen=True)
class ModelCard:
    """What is known of a file of weights; all values are plain JSON.

    Args:
        name: Short name: small letters, digits, '.', '_', '-'.
        task: What the network is for: 'features', 'mvs', ...
        architecture: Enough to build the network again.
        config: The settings of its training.
        data: What it was trained on, with the terms of the data.
        steps: Steps of training behind these weights.
        hardware: What it was trained on.
        seed: Seed of the training.
        command: The command of the last call of its training.
        history: All calls of the training, the first one first (`recon.learning.history`): from step, to step, steps asked for, command.
        measured: Figures; the first number is the score.
        note: What else has to be known.
        sha256: Of the weights file, in hex; '' while there is no file.
        licence: Terms of the weights (SPDX).
        version: Version of Photolith that wrote them.
    """

    name: str
    task: str
    architecture: dict[str, Any]
    config: dict[str, Any] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    steps: int = 0
    hardware: dict[str, Any] = field(default_factory=dict)
    seed: int = 0
    command: str = ""
    history: list[dict[str, Any]] = field(default_factory=list)
    measured: dict[str, Any] = field(default_factory=dict)
    note: str = ""
    sha256: str = ""
    licence: str = "Apache-2.0"
    version: str = ""

    def __post_init__(self) -> None:
        for part in fields(self):
            value, kind = getattr(self, part.name), str(part.type).partition("[")[0]
            if type(value).__name__ != kind:
                raise ValueError(f"'{part.name}' is not a {kind}")
        if not all(isinstance(call, dict) for call in self.history):
            raise ValueError("'history' is not a list of dict")
        if not NAME.fullmatch(self.name):
            raise ValueError("'name' has other than small letters, digits, '.', '_', '-'")
        if not _SHA256.fullmatch(self.sha256):
            raise ValueError("'sha256' is not a SHA-256 digest")

    @property
    def score(self) -> tuple[str, float] | None:
        """Name and value of the first number in `measured`, also inside of groups; None when nothing was measured."""
        return _first_number(self.measured, "")

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {"format": FORMAT, **asdict(self)}


def card_path(weights: Path) -> Path:
    """Where the card of a weights file lies: beside it, '.json'."""
    return weights.with_suffix(".json")


def write_card(card: ModelCard, path: Path) -> None:
    """Writes a card.

    Raises:
        ValueError: It holds what JSON cannot say (NaN, arrays).
        ResourceError: The file cannot be written.
    """
    text = json.dumps(card.to_json(), indent=2, ensure_ascii=False, allow_nan=False)
    with replacing(path) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")


def read_card(path: Path) -> ModelCard:
    """Reads a card; anything may be in the file.

    Raises:
        WeightsError: It is missing, or not a card of this version.
    """
    what = f"The model card '{path}' cannot be used."
    try:
        if path.stat().st_size > MAX_BYTES:
            raise WeightsError(what, f"It is larger than {MAX_BYTES >> 20} MB.", _REMEDY)
        values = json.loads(path.read_bytes().decode(), parse_constant=_no_constant, parse_float=_finite)
        return _build(values)
    except FileNotFoundError as error:
        raise WeightsError(what, "There is no such file.", _REMEDY) from error
    except OSError as error:
        raise WeightsError(what, f"The system says: {error.strerror}.", "Check the file's permissions.") from error
    except RecursionError as error:
        raise WeightsError(what, "It is nested too deep.", _REMEDY) from error
    except ValueError as error:
        raise WeightsError(what, f"It is not a model card: {error}.", _REMEDY) from error


def _build(values: Any) -> ModelCard:
    """The card in parsed JSON, or a ValueError that says what is wrong with it."""
    if not isinstance(values, dict):
        raise ValueError("no object")
    version = values.pop("format", None)
    if version != FORMAT:
        raise ValueError(f"its format is {version!r:.20}, this version reads {FORMAT}")
    known = {part.name: part for part in fields(ModelCard)}
    if unknown := sorted(set(values) - set(known)):
        raise ValueError(f"unknown field {unknown[0]!r:.40}")
    needed = (name for name, part in known.items() if part.default is MISSING and part.default_factory is MISSING)
    if missing := sorted(set(needed) - set(values)):
        raise ValueError(f"'{missing[0]}' is missing")
    return ModelCard(**values)


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON number")


def _finite(text: str) -> float:
    if not math.isfinite(number := float(text)):
        raise ValueError(f"{text:.40} is too large a number")
    return number


def _first_number(value: Any, name: str) -> tuple[str, float] | None:
    """Depth-first search for a number."""
    if isinstance(value, int | float) and not isinstance(value, bool) and -1e300 < value < 1e300:
        return name, float(value)
    if isinstance(value, dict):
        for key, part in value.items():
            if (found := _first_number(part, f"{name} {key}".strip())) is not None:
                return found
    return None
